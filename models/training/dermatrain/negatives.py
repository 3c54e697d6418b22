"""Pictures that are not skin lesions, to measure that they are refused.

Photographs come from scikit-image, scikit-learn and matplotlib; the rest is drawn.
Each has a group, and a group is either fitted on or judged on, never both.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from .geometry import centre_square

SHIPPED = (
    ("skimage", "data", ("*.png", "*.jpg")),
    ("sklearn", "datasets/images", ("*.jpg",)),
    ("matplotlib", "mpl-data/sample_data", ("*.jpg", "*.png")),
)
DRAWN_PER_KIND = 48


@dataclass(frozen=True)
class Negative:
    group: str
    kind: str  # "photograph", "crop" or the name of what is drawn
    pixels: np.ndarray  # uint8 [size, size, 3]


def photographs() -> list[Path]:
    found = []
    for package, folder, patterns in SHIPPED:
        root = Path(find_spec(package).origin).parent / folder
        for pattern in patterns:
            found += [p for p in sorted(root.glob(pattern)) if "_orig" not in p.name]
    return found


def square(image: Image.Image, size: int) -> np.ndarray:
    return np.asarray(centre_square(image).resize((size, size), Image.Resampling.BILINEAR))


def photograph_views(path: Path, size: int, rng, crops: int) -> list[Negative]:
    """The whole picture as the device would see it, and random closer looks."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    group = path.stem.split("_")[0]  # the left and right motorcycle are one scene
    made = [Negative(group, "photograph", square(image, size))]
    for _ in range(crops):
        side = int(min(image.size) * rng.uniform(0.4, 0.9))
        left, top = (int(rng.integers(0, n - side + 1)) for n in image.size)
        part = image.crop((left, top, left + side, top + side))
        made.append(Negative(group, "crop", square(part, size)))
    return made


def tone(rng) -> np.ndarray:
    return rng.uniform(0, 255, 3)


def skin_tone(rng) -> np.ndarray:
    return np.array([205, 155, 130]) * rng.uniform(0.35, 1.2) + rng.normal(0, 10, 3)


def blank(size, rng) -> np.ndarray:
    start, end = tone(rng), tone(rng) if rng.random() < 0.5 else None
    ramp = np.linspace(0, 1, size)[:, None, None] * np.ones((1, size, 1))
    return start + (0 if end is None else ramp * (end - start))


def blank_skin(size, rng) -> np.ndarray:
    """Bare skin and nothing on it: a smooth tone with faint texture and uneven light."""
    light = 1 + 0.15 * clouds(size, rng, 2.5)[..., None]
    return skin_tone(rng) * light + rng.normal(0, rng.uniform(0.5, 4), (size, size, 1))


def clouds(size, rng, power) -> np.ndarray:
    """Noise whose spectrum falls as frequency ** -power, within [-1, 1]."""
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    f[0, 0] = np.inf
    phase = np.exp(2j * np.pi * rng.random(f.shape))
    field = np.fft.irfft2(phase * f**-power, (size, size))
    return field / np.abs(field).max()


def white_noise(size, rng) -> np.ndarray:
    return 127 + rng.uniform(20, 80) * rng.normal(size=(size, size, rng.choice([1, 3])))


def cloudy(size, rng) -> np.ndarray:
    field = clouds(size, rng, rng.uniform(0.6, 2.0))[..., None]
    return (tone(rng) + tone(rng)) / 2 + field * tone(rng)


def stripes(size, rng) -> np.ndarray:
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(4, 40)
    y, x = np.mgrid[:size, :size]
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / pitch)
    wave = np.sign(wave) if rng.random() < 0.5 else wave
    return tone(rng) + (wave[..., None] + 1) / 2 * (tone(rng) - 127)


def checks(size, rng) -> np.ndarray:
    pitch = int(rng.integers(6, 60))
    y, x = np.mgrid[:size, :size] // pitch
    return np.where(((x + y) % 2)[..., None] == 0, tone(rng), tone(rng))


def writing(size, rng) -> np.ndarray:
    out = np.full((size, size, 3), rng.integers(180, 255), np.uint8)
    for y in range(12, size, int(rng.integers(14, 30))):
        line = "".join(chr(c) for c in rng.integers(97, 123, 30))
        scale, ink = rng.uniform(0.4, 0.8), float(rng.uniform(0, 90))
        cv2.putText(out, line, (4, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (ink,) * 3, 1, cv2.LINE_AA)
    return out


def shapes(size, rng) -> np.ndarray:
    out = np.full((size, size, 3), tone(rng), np.uint8)
    for _ in range(rng.integers(4, 16)):
        points = np.int32(rng.uniform(0, size, (rng.integers(3, 6), 2)))
        cv2.fillPoly(out, [points], tone(rng).tolist(), cv2.LINE_AA)
    return out


DRAWINGS = (blank, blank_skin, white_noise, cloudy, stripes, checks, writing, shapes)


def drawings(size: int, seed: int) -> list[Negative]:
    """Half of each kind for fitting, half for judging."""
    rng, made = np.random.default_rng(seed), []
    for draw in DRAWINGS:
        for i in range(DRAWN_PER_KIND):
            pixels = np.clip(np.broadcast_to(draw(size, rng), (size, size, 3)), 0, 255)
            made.append(Negative(f"{draw.__name__}-{i}", draw.__name__, pixels.astype(np.uint8)))
    return made


def negatives(size: int, seed: int = 7, crops: int = 16) -> list[Negative]:
    rng, made = np.random.default_rng(seed), []
    for path in photographs():
        made += photograph_views(path, size, rng, crops)
    return made + drawings(size, seed)


def halves(items: list[Negative], seed: int = 7) -> tuple[list[Negative], list[Negative]]:
    """To fit on and to judge on, without a picture in both."""
    groups = sorted({n.group for n in items})
    chosen = set(np.random.default_rng(seed).permutation(groups)[: len(groups) // 2])
    fit = [n for n in items if n.group in chosen]
    return fit, [n for n in items if n.group not in chosen]
