"""Does the attention map mean something? Two measurements on labelled outlines."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def heat(maps: np.ndarray, top: int) -> np.ndarray:
    """The top class's map, its negative evidence cut off, summing to one."""
    positive = np.maximum(maps[top], 0)
    total = positive.sum()
    return positive / total if total > 0 else np.full(positive.shape, 1 / positive.size)


def enlarged(heat_map: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(heat_map.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)


def read_mask(data: Path, image_id: str, size: int) -> np.ndarray | None:
    """The lesion's outline, squashed as its picture is; None where it is empty."""
    with Image.open(data / "ham10000" / "masks" / f"{image_id}.png") as opened:
        mask = np.asarray(opened.convert("L").resize((size, size), Image.Resampling.NEAREST)) > 127
    return mask if mask.any() else None


def mass_inside(heat_map: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """The share of the map within the outline, and the outline's share of the picture."""
    large = enlarged(heat_map, mask.shape[0])
    return float(large[mask].sum() / large.sum()), float(mask.mean())


def hottest_tenth(heat_map: np.ndarray, size: int) -> np.ndarray:
    """Exactly a tenth of the pixels, however many share the threshold's value."""
    large = enlarged(heat_map, size).ravel()
    where = np.zeros(large.size, bool)
    where[np.argsort(-large, kind="stable")[: large.size // 10]] = True
    return where.reshape(size, size)


def blur_hottest(pixels: np.ndarray, heat_map: np.ndarray) -> np.ndarray:
    return blurred(pixels, hottest_tenth(heat_map, pixels.shape[0]))


def blur_random(pixels: np.ndarray, heat_map: np.ndarray, rng) -> np.ndarray:
    """The same patch, moved elsewhere: same size and shape, another place."""
    size = pixels.shape[0]
    shift = rng.integers(size // 4, 3 * size // 4, 2)
    return blurred(pixels, np.roll(hottest_tenth(heat_map, size), shift, (0, 1)))


def blurred(pixels: np.ndarray, where: np.ndarray) -> np.ndarray:
    soft = cv2.GaussianBlur(pixels, (0, 0), pixels.shape[0] / 14)
    edge = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 3)[..., None]
    return np.round(pixels * (1 - edge) + soft * edge).astype(np.uint8)
