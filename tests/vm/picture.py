"""The picture that the camera is shown: as the bytes that vivid takes, and as the pixels that the device makes of them."""

import os
from pathlib import Path

import numpy
from PIL import Image

WIDTH, HEIGHT = 640, 480
SHARED = Path(os.environ.get("DERMASCOPE_SHARED") or Path(__file__).parents[3] / "shared")


def choose() -> Image.Image:
    """A real dermatoscopic picture where there are some, or else a drawn mole."""
    images = sorted(SHARED.glob("data/ham10000/images/*.jpg"))
    if images:
        picture = Image.open(images[0]).convert("RGB")
        return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    print(f"no pictures in {SHARED}: the camera is shown a drawn mole")
    return drawn()


def drawn() -> Image.Image:
    down, across = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    away = numpy.hypot((across - WIDTH / 2) / 110, (down - HEIGHT / 2) / 90)
    edge = 1 / (1 + numpy.exp((away - 1) * 12))
    grain = numpy.random.default_rng(1).normal(0, 6, (HEIGHT, WIDTH, 1))
    skin, mole = numpy.array([214.0, 168.0, 150.0]), numpy.array([104.0, 62.0, 48.0])
    pixels = skin + (mole - skin) * edge[..., None] + grain
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def to_yuyv(picture: Image.Image) -> bytes:
    """BT.601 with its narrow range, the colour of each pair of pixels shared."""
    red, green, blue = (numpy.asarray(picture, float)[..., channel] for channel in range(3))
    luma = 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256
    first = 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256
    second = 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256
    packed = numpy.empty((HEIGHT, WIDTH, 2))
    packed[..., 0] = luma
    packed[:, 0::2, 1] = (first[:, 0::2] + first[:, 1::2]) / 2
    packed[:, 1::2, 1] = (second[:, 0::2] + second[:, 1::2]) / 2
    return packed.round().clip(0, 255).astype(numpy.uint8).tobytes()


def from_yuyv(data: bytes) -> numpy.ndarray:
    """The same in whole numbers back to RGB, as nokhwa does it."""
    packed = numpy.frombuffer(data, numpy.uint8).reshape(HEIGHT, WIDTH, 2).astype(int)
    luma = (packed[..., 0] - 16) * 298
    first = numpy.repeat(packed[:, 0::2, 1], 2, axis=1) - 128
    second = numpy.repeat(packed[:, 1::2, 1], 2, axis=1) - 128
    channels = [luma + 409 * second, luma - 100 * first - 208 * second, luma + 516 * first]
    return numpy.stack([(channel + 128 >> 8).clip(0, 255) for channel in channels], axis=-1).astype(numpy.uint8)


def field_of_view(pixels: numpy.ndarray) -> numpy.ndarray:
    """The central square."""
    left = (WIDTH - HEIGHT) // 2
    return pixels[:, left : left + HEIGHT]
