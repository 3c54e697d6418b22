"""Augmentation keeps shape and type, repeats under a seed, and leaves a lesion visible."""

import cv2
import numpy as np
import pytest

from dermatrain import augment


def lesion(size=128):
    pixels = np.full((size, size, 3), (210, 160, 140), np.uint8)
    cv2.ellipse(pixels, (size // 2, size // 2), (size // 6, size // 5), 0, 0, 360, (80, 50, 40), -1)
    return pixels


STEPS = [augment.lamp, augment.colour, augment.hair, augment.ruler, augment.vignette, augment.noise, augment.jpeg]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_keeps_shape_and_type(step):
    made = step(lesion(), np.random.default_rng(0))
    assert made.shape == (128, 128, 3) and made.dtype == np.uint8


@pytest.mark.parametrize("step", STEPS)
def test_no_step_changes_its_input(step):
    pixels = lesion()
    step(pixels, np.random.default_rng(0))
    assert np.array_equal(pixels, lesion())


def test_a_seed_fixes_the_result():
    first, again, other = (
        augment.augment(lesion(), np.random.default_rng(s), 4 / 3, 64) for s in (5, 5, 6)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_result_has_the_size_asked_for():
    assert augment.augment(lesion(), np.random.default_rng(0), 4 / 3, 96).shape == (96, 96, 3)


def test_a_lesion_nearly_always_stays_in_view():
    rng, seen = np.random.default_rng(3), 0
    for _ in range(200):
        made = augment.augment(lesion(), rng, 4 / 3, 64).astype(float).mean(2)
        seen += np.ptp(cv2.GaussianBlur(made, (0, 0), 3)) > 20
    assert seen > 190


def test_grey_stays_grey_when_only_the_hue_turns():
    grey = np.full((1, 3), 100.0)
    assert np.allclose(grey @ augment.turn_hue(0.5).T, grey)


def test_gamma_one_changes_nothing():
    assert np.array_equal(augment.gamma_table(1.0), np.arange(256, dtype=np.uint8))


def test_coarse_pictures_have_few_pixels_and_never_more_than_before():
    rng = np.random.default_rng(0)
    sides = [augment.coarse(lesion(200), rng).shape for _ in range(40)]
    assert all(augment.COARSEST <= s[0] <= 200 for s in sides) and min(sides)[0] < 100
    assert augment.coarse(lesion(60), rng).shape == (60, 60, 3)


def test_lamps_darken_and_are_warm_or_cold():
    rng, grey = np.random.default_rng(0), np.full((4, 4, 3), 200, np.uint8)
    made = np.array([augment.lamp(grey, rng)[0, 0] for _ in range(200)]) / 200
    assert 0.4 < made[:, 1].min() < 0.6 and made[:, 1].max() > 0.95
    assert (made[:, 0] > 1.1 * made[:, 2]).any() and (made[:, 2] > 1.1 * made[:, 0]).any()
