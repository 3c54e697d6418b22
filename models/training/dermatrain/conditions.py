"""Stored pictures as other lamps, cameras and hands would take them, always in the same dose: how
far what was measured on the pictures as they are holds elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from .augment import hair
from .geometry import View, render


def lit(*gains: float) -> Callable[[np.ndarray, int], np.ndarray]:
    """Red, green and blue times a gain each."""
    return lambda pixels, _: np.clip(pixels * np.array(gains), 0, 255).astype(np.uint8)


def blurred(pixels: np.ndarray, _) -> np.ndarray:
    return cv2.GaussianBlur(pixels, (0, 0), 2.0)


def hairy(pixels: np.ndarray, place: int) -> np.ndarray:
    return hair(pixels, np.random.default_rng(place))


def seen(share: float) -> Callable[[np.ndarray, int], np.ndarray]:
    """That share of the frame's sides fills the picture; what is missing is mirrored."""
    view = View(width=share, height=share)
    return lambda pixels, _: render(pixels, view, 1.0, pixels.shape[0])


CONDITIONS = {
    "0.6 of the light": lit(0.6, 0.6, 0.6),
    "warm light (red x 1.15, blue x 0.8)": lit(1.15, 1.0, 0.8),
    "cold light (red x 0.85, blue x 1.15)": lit(0.85, 1.0, 1.15),
    "out of focus (Gaussian, 2 px of 224)": blurred,
    "drawn hair": hairy,
    "nearer (0.75 of the sides)": seen(0.75),
    "farther (1.25 times the sides)": seen(1.25),
}


@dataclass(frozen=True)
class Altered:
    """Packed pictures under a condition, each altered when it is asked for by its place."""

    condition: Callable[[np.ndarray, int], np.ndarray]
    pixels: np.ndarray

    def __getitem__(self, place: int) -> np.ndarray:
        return self.condition(self.pixels[place], place)
