"""Where pixels come from: the device's own preprocessing, and the random view for training.

A scene is the camera's frame in true proportions, height 1 and width `aspect`. A
stored picture is that scene, in most data sets squashed to a square. A view looks at a rectangle of
the scene, turned and mirrored, and renders it to a square again: a rectangle as
wide as the scene gives the squashed picture, a square gives round lesions.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageOps

MEAN, STD = 127.0, 128.0


def centre_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def preprocess(image: Image.Image, size: int, stretch: float = 1.0) -> np.ndarray:
    """What the device does to a picture: float32 [3, size, size].

    `stretch` first widens a squashed picture, which restores its true geometry.
    """
    image = ImageOps.exif_transpose(image).convert("RGB")
    if stretch != 1.0:
        wide = round(image.width * stretch)
        image = image.resize((wide, image.height), Image.Resampling.BILINEAR)
    image = centre_square(image)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    return normalise(np.asarray(image))


def normalise(pixels: np.ndarray) -> np.ndarray:
    """uint8 [..., h, w, 3] to float32 [..., 3, h, w]."""
    return np.ascontiguousarray(np.moveaxis((pixels.astype(np.float32) - MEAN) / STD, -1, -3))


@dataclass(frozen=True)
class View:
    """A rectangle of the scene. Lengths are in scene heights."""

    width: float
    height: float
    turn: float = 0.0
    mirror: bool = False
    shift: tuple[float, float] = (0.0, 0.0)


def random_view(rng: np.random.Generator, aspect: float, zoom: tuple[float, float]) -> View:
    """Any turn, either hand, a zoom, and any squash between as stored and true."""
    height = math.exp(rng.uniform(math.log(zoom[0]), math.log(zoom[1])))
    kind = rng.random()
    if kind < 0.45:
        squash = aspect
    elif kind < 0.7:
        squash = 1.0
    else:
        least, most = sorted((1.0, aspect))
        squash = math.exp(rng.uniform(math.log(0.9 * least), math.log(1.1 * most)))
    room = 0.3 * max(0.0, 1.0 - height) + 0.03
    shift = rng.uniform(-room, room, 2)
    return View(
        width=height * squash,
        height=height,
        turn=rng.uniform(0.0, 2 * math.pi) if rng.random() < 0.7 else math.pi * rng.integers(2),
        mirror=bool(rng.random() < 0.5),
        shift=(float(shift[0] * aspect), float(shift[1])),
    )


def view_matrix(view: View, aspect: float, stored: tuple[int, int], size: int) -> np.ndarray:
    """The affine map (2x3) from output pixel centres to those of the stored width and height."""
    wide, high = stored
    centre = (size - 1) / 2
    sx = (-1 if view.mirror else 1) * view.width / size
    sy = view.height / size
    c, s = math.cos(view.turn), math.sin(view.turn)
    scene = np.array([[c * sx, -s * sy], [s * sx, c * sy]])
    linear = np.diag([wide / aspect, high]) @ scene
    middle = np.array(
        [(0.5 + view.shift[0] / aspect) * wide - 0.5, (0.5 + view.shift[1]) * high - 0.5]
    )
    return np.hstack([linear, (middle - linear @ [centre, centre])[:, None]])


def render(pixels: np.ndarray, view: View, aspect: float, size: int) -> np.ndarray:
    """One warp does turn, mirror, zoom, shift and squash; edges are mirrored."""
    matrix = view_matrix(view, aspect, pixels.shape[1::-1], size)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(pixels, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT)
