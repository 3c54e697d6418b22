"""Attention figures on maps whose answer is known; drawings that repeat and never leak."""

import numpy as np
import pytest

from dermatrain import explain
from dermatrain.negatives import DRAWINGS, DRAWN_PER_KIND, drawings, halves


def corner_map(row=1, column=1):
    maps = np.zeros((7, 7, 7), np.float32)
    maps[4] = np.linspace(0.2, 0, 7)[:, None]  # a slope, so that the tenth is well defined
    maps[4, row, column] = 5.0
    maps[4, 6, 6] = -9.0
    return maps


def test_heat_is_the_top_classes_positive_share():
    heat = explain.heat(corner_map(), 4)
    assert heat.sum() == pytest.approx(1) and heat[1, 1] > 0.4 and heat[6, 6] == 0


def test_a_map_without_evidence_is_spread_evenly():
    assert np.allclose(explain.heat(-np.ones((7, 7, 7)), 0), 1 / 49)


def test_mass_inside_knows_where_the_heat_is():
    heat = explain.heat(corner_map(), 4)
    mask = np.zeros((70, 70), bool)
    mask[:35, :35] = True
    inside, area = explain.mass_inside(heat, mask)
    assert inside > 0.6 and area == 0.25
    assert explain.mass_inside(heat, ~mask)[0] < 0.4


def test_blurring_the_hottest_leaves_the_rest_alone():
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    changed = explain.blur_hottest(pixels, explain.heat(corner_map(), 4)) != pixels
    assert changed[16:32, 16:32].mean() > 0.7
    assert not changed[70:].any()


def test_the_random_patch_is_elsewhere():
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    heat = explain.heat(corner_map(), 4)
    changed = explain.blur_random(pixels, heat, np.random.default_rng(1)) != pixels
    assert not changed[20:26, 20:26].any() and changed.any()


def test_drawings_repeat_under_a_seed():
    first, again = drawings(32, 3), drawings(32, 3)
    assert len(first) == len(DRAWINGS) * DRAWN_PER_KIND
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, again, strict=True))


def test_no_group_is_fitted_on_and_judged_on():
    fit, judge = halves(drawings(16, 3))
    assert not {n.group for n in fit} & {n.group for n in judge}
    assert abs(len(fit) - len(judge)) <= 1
