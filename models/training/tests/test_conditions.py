"""Conditions alter a picture in one known way and the same way each time."""

import numpy as np
import pytest

from dermatrain.conditions import CONDITIONS, Altered, lit, seen


def lesion(size=64):
    pixels = np.full((size, size, 3), (210, 160, 140), np.uint8)
    pixels[24:40, 24:40] = (80, 50, 40)
    return pixels


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_alters_the_picture_alike_each_time_and_not_its_input(name):
    pixels = lesion()
    first, again = (CONDITIONS[name](pixels, 3) for _ in range(2))
    assert first.shape == pixels.shape and first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.array_equal(pixels, lesion())
    assert not np.array_equal(first, pixels)


def test_light_scales_each_colour_and_saturates():
    assert lit(0.5, 1.0, 2.0)(lesion(), 0)[0, 0].tolist() == [105, 160, 255]


def test_nearer_shows_the_lesion_larger_and_farther_smaller():
    dark = [int((seen(share)(lesion(), 0)[..., 0] < 145).sum()) for share in (0.5, 1.0, 1.25)]
    assert abs(dark[0] - 4 * dark[1]) < 0.1 * dark[0]
    assert abs(dark[2] - dark[1] / 1.25**2) < 0.2 * dark[1]


def packed():
    return np.stack([lesion(), 255 - lesion()])


def test_pictures_are_altered_by_their_place():
    altered = Altered(lit(0.5, 0.5, 0.5), packed())
    assert altered[0][0, 0].tolist() == [105, 80, 70] and altered[1][0, 0].tolist() == [22, 47, 57]
    assert np.array_equal(
        Altered(CONDITIONS["drawn hair"], packed())[1], CONDITIONS["drawn hair"](255 - lesion(), 1)
    )


def test_pictures_under_a_condition_come_in_order_as_network_inputs():
    pytest.importorskip("onnxruntime", reason="not among the light test requirements")
    from dermatrain.runtime import Stored

    under = Stored(Altered(lit(1.0, 1.0, 1.0), packed()), [1, 0], 32)
    inputs = list(under)
    assert len(under) == 2 and inputs[0].shape == (3, 32, 32)
    assert inputs[0][0, 0, 0] < inputs[1][0, 0, 0]
