"""Views must map the pixels that they say they map, and preprocessing is the contract."""

import math

import cv2
import numpy as np
import pytest
from PIL import Image

from dermatrain.geometry import View, normalise, preprocess, random_view, render, view_matrix

ASPECT = 4 / 3


def speckled(size=96):
    rng = np.random.default_rng(0)
    return cv2.GaussianBlur(rng.integers(0, 256, (size, size, 3), dtype=np.uint8), (0, 0), 2)


def disc(size=120):
    """A disc in the scene, squashed as it would be stored."""
    y, x = np.mgrid[:size, :size]
    sx = ((x + 0.5) / size - 0.5) * ASPECT
    sy = (y + 0.5) / size - 0.5
    return np.where(np.hypot(sx, sy) < 0.3, 255, 0).astype(np.uint8)[..., None].repeat(3, 2)


def extent(pixels):
    rows, columns = np.nonzero(pixels[..., 0] > 127)
    return np.ptp(columns) + 1, np.ptp(rows) + 1


def test_the_whole_scene_is_the_stored_picture():
    pixels = speckled()
    assert np.array_equal(render(pixels, View(ASPECT, 1.0), ASPECT, 96), pixels)


def test_a_mirrored_view_is_the_mirrored_picture():
    pixels = speckled()
    made = render(pixels, View(ASPECT, 1.0, mirror=True), ASPECT, 96)
    assert np.abs(made.astype(int) - pixels[:, ::-1]).max() <= 1


def test_half_a_turn_is_both_flips():
    pixels = speckled()
    made = render(pixels, View(ASPECT, 1.0, turn=math.pi), ASPECT, 96)
    assert np.abs(made.astype(int) - pixels[::-1, ::-1]).max() <= 1


def test_a_square_view_makes_a_squashed_lesion_round():
    wide, high = extent(disc())
    assert wide < 0.8 * high
    wide, high = extent(render(disc(), View(1.0, 1.0), ASPECT, 120))
    assert abs(wide - high) <= 2


@pytest.mark.parametrize("turn", [0.3, 1.2, 2.9])
def test_a_round_lesion_stays_round_however_the_view_turns(turn):
    wide, high = extent(render(disc(), View(1.0, 1.0, turn=turn), ASPECT, 120))
    assert abs(wide - high) <= 2


def test_a_view_of_half_the_height_doubles_the_lesion():
    small = extent(render(disc(), View(1.0, 1.0), ASPECT, 120))[1]
    large = extent(render(disc(), View(0.7, 0.7), ASPECT, 120))[1]
    assert large / small == pytest.approx(1 / 0.7, rel=0.04)


def test_the_centre_of_a_view_is_where_its_shift_points():
    matrix = view_matrix(View(1.0, 1.0, shift=(0.1, -0.2)), ASPECT, (200, 200), 100)
    x, y = matrix @ [49.5, 49.5, 1]
    assert (x, y) == pytest.approx(((0.5 + 0.1 / ASPECT) * 200 - 0.5, 0.3 * 200 - 0.5))


def test_a_picture_stored_in_true_proportions_is_seen_as_the_squashed_one_is():
    squashed = speckled(120)
    true = cv2.resize(squashed, (160, 120), interpolation=cv2.INTER_LINEAR)
    view = View(0.8, 0.8, turn=0.7, shift=(0.1, 0.05))
    made = [render(p, view, ASPECT, 80).astype(int) for p in (squashed, true)]
    assert np.abs(made[0] - made[1]).mean() < 1


@pytest.mark.parametrize("aspect", [0.75, 1.0, 1.5])
def test_views_of_upright_and_wide_scenes_stay_between_square_and_true(aspect):
    rng = np.random.default_rng(2)
    shapes = [(v := random_view(rng, aspect, (0.6, 1.1))).width / v.height for _ in range(200)]
    assert all(0.9 * min(1, aspect) <= s <= 1.1 * max(1, aspect) for s in shapes)


def test_random_views_cover_stored_and_true_proportions():
    rng = np.random.default_rng(1)
    views = [random_view(rng, ASPECT, (0.6, 1.1)) for _ in range(400)]
    shapes = np.array([v.width / v.height for v in views])
    assert np.isclose(shapes, ASPECT).mean() > 0.3
    assert np.isclose(shapes, 1.0).mean() > 0.15
    assert all(0.6 <= v.height <= 1.1 for v in views)


def test_normalise_follows_the_contract():
    made = normalise(np.array([[[0, 127, 255]]], np.uint8))
    assert made.shape == (3, 1, 1) and made.dtype == np.float32
    assert made.ravel().tolist() == [-127 / 128, 0.0, 1.0]


def test_preprocess_takes_the_central_square():
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, 10:50] = 200
    made = preprocess(Image.fromarray(pixels), 20)
    assert made.shape == (3, 20, 20)
    assert np.all(made == np.float32((200 - 127) / 128))


def test_preprocess_turns_a_picture_as_its_camera_says():
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:5] = 255
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = 3  # upside down
    made = preprocess(image, 20)
    assert made[0, -1, 0] == 1.0 and made[0, 0, 0] < 0


def test_preprocess_stretches_back_to_true_geometry():
    made = preprocess(Image.fromarray(disc()), 120, stretch=ASPECT)
    mask = made[0] > 0
    assert abs(np.ptp(np.nonzero(mask.any(0))) - np.ptp(np.nonzero(mask.any(1)))) <= 2
