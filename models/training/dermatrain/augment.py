"""What other cameras, lamps and skins do to a picture, cheaply, in random doses.

Every function takes and returns uint8 RGB and draws from the given generator only,
so a seed fixes a whole epoch.
"""

import cv2
import numpy as np

from .geometry import random_view, render

COARSEST = 84  # pixels a side of the smallest pictures of any data set


def augment(pixels, rng, aspect: float, size: int, zoom=(0.55, 1.1)) -> np.ndarray:
    if rng.random() < 0.3:
        pixels = coarse(pixels, rng)
    out = render(pixels, random_view(rng, aspect, zoom), aspect, size)
    if rng.random() < 0.15:
        out = hair(out, rng)
    if rng.random() < 0.05:
        out = ruler(out, rng)
    if rng.random() < 0.12:
        out = vignette(out, rng)
    out = colour(out, rng)
    if rng.random() < 0.3:
        out = lamp(out, rng)
    if rng.random() < 0.2:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.6))
    if rng.random() < 0.15:
        out = noise(out, rng)
    if rng.random() < 0.15:
        out = jpeg(out, rng)
    return out


def coarse(pixels, rng) -> np.ndarray:
    """As few pixels as in the smallest data set, or some more, and stored as JPEG as they are: so
    that how coarse a picture is says nothing about what it shows."""
    least = min(pixels.shape[:2])
    scale = min(1.0, COARSEST * np.exp(rng.uniform(0.0, 0.8)) / least)
    size = tuple(max(1, round(scale * n)) for n in pixels.shape[1::-1])
    return jpeg(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), rng)


def lamp(pixels, rng) -> np.ndarray:
    """Less light than the data sets', down to 0.45 of it, and a warmer or colder lamp."""
    warmth = rng.uniform(-0.2, 0.2)
    gains = rng.uniform(0.45, 1.05) * np.exp([warmth, 0.0, -1.2 * warmth])
    return cv2.transform(pixels, np.diag(gains))


def colour(pixels, rng) -> np.ndarray:
    """Illuminant, saturation, hue and gain in one matrix; gamma in one table."""
    gains = np.exp(rng.normal(0.0, 0.08, 3))
    grey = np.full((3, 3), 1 / 3)
    saturation = np.exp(rng.normal(0.0, 0.18))
    matrix = np.diag(gains) @ (
        grey + saturation * turn_hue(rng.normal(0.0, 0.06)) @ (np.eye(3) - grey)
    )
    contrast, bright = np.exp(rng.normal(0.0, 0.15)), rng.normal(0.0, 12.0)
    offset = np.full((3, 1), 127.0 * (1 - contrast) + bright)
    mixed = cv2.transform(pixels, np.hstack([contrast * matrix, offset]))
    return cv2.LUT(mixed, gamma_table(np.exp(rng.normal(0.0, 0.2))))


def turn_hue(angle: float) -> np.ndarray:
    """Rotation about the grey axis."""
    axis = np.full(3, 3**-0.5)
    rotation, _ = cv2.Rodrigues(axis * angle)
    return rotation


def gamma_table(gamma: float) -> np.ndarray:
    return np.round(255.0 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)


def hair(pixels, rng) -> np.ndarray:
    """A few thin dark (or light) curves across the picture."""
    out, size = pixels.copy(), pixels.shape[0]
    tone = rng.uniform(10, 70) if rng.random() < 0.8 else rng.uniform(170, 240)
    t = np.linspace(0.0, 1.0, 12)[:, None]
    for _ in range(rng.integers(1, 12)):
        a, c = rng.uniform(-0.1, 1.1, (2, 2)) * size
        b = (a + c) / 2 + rng.normal(0.0, 0.15, 2) * size
        curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
        shade = tuple(float(tone + d) for d in rng.normal(0, 8, 3))
        cv2.polylines(
            out, [np.int32(curve * 8)], False, shade, int(rng.integers(1, 3)), cv2.LINE_AA, 3
        )
    return out


def ruler(pixels, rng) -> np.ndarray:
    """Tick marks along one edge, as a scale bar in the field of view leaves."""
    out, size = pixels.copy(), pixels.shape[0]
    step, base = size * rng.uniform(0.03, 0.08), size * rng.uniform(0.02, 0.12)
    tone = tuple(float(v) for v in rng.uniform(0, 90, 3))
    for i, at in enumerate(np.arange(0.0, size, step)):
        length = size * (0.06 if i % 5 == 0 else 0.03)
        cv2.line(out, (int(at), int(base)), (int(at), int(base + length)), tone, 1, cv2.LINE_AA)
    return np.ascontiguousarray(np.rot90(out, rng.integers(4)))


def vignette(pixels, rng) -> np.ndarray:
    """The dark corners of a round eyepiece, sharp or soft."""
    size = pixels.shape[0]
    axis = (np.arange(size, dtype=np.float32) - size / 2) / (size / 2)
    dx, dy = rng.normal(0.0, 0.06, 2)
    radius = np.sqrt((axis[None, :] - dx) ** 2 + (axis[:, None] - dy) ** 2)
    edge, soft = rng.uniform(0.85, 1.2), rng.uniform(0.01, 0.3)
    light = np.clip((edge - radius) / soft + 1.0, rng.uniform(0.0, 0.5), 1.0)
    return (pixels * light[..., None]).astype(np.uint8)


def noise(pixels, rng) -> np.ndarray:
    grain = np.empty(pixels.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(grain, 0, float(rng.uniform(2.0, 9.0)))
    return cv2.add(pixels, grain, dtype=cv2.CV_8U)


def jpeg(pixels, rng) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))]
    return cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
