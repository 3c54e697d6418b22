"""The optics' reckoning, and that its page shows it."""

import math

import optics
import pytest
from optics import DESIGNS, PLAIN, POLARISED, A, B, Design, Hazard, Ring


def test_the_page_shows_what_is_reckoned():
    page = optics.PAGE.read_text()
    assert page == optics.filled(page), "run `python3 hardware/optics.py --write`"
    assert optics.optics_table() in page and optics.light_table() in page


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_both_see_the_field_that_is_aimed_at(design):
    assert design.seen >= optics.FIELD - 0.05
    assert design.seen * design.field_of_view == pytest.approx(optics.FIELD, abs=0.1)


@pytest.mark.parametrize("s, f", [(43.0, 6.0), (57.0, 8.0), (25.0, 3.04), (100.0, 50.0)])
def test_one_lens_is_as_the_lens_equation_says(s, f):
    """1/s + 1/s' = 1/f, m = s'/s, and the lens is turned out by s' - f."""
    image = 1 / (1 / f - 1 / s)
    lens = Design("lens", 1000, 3.0, f, 2.8, s, close_up=False)
    assert lens.magnification == pytest.approx(image / s)
    assert lens.turned_out == pytest.approx(image - f)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_at_the_ends_of_the_depth_of_field_the_blur_is_the_one_allowed(design):
    """Traced through similar triangles: half the depth away, the cone of the pupil is as wide as the blur."""
    blur = design.frame_pixel_um
    half = design.depth_of_field(blur) / 2
    pupil = 2 * design.pupil_radius
    assert 1000 * pupil * half / design.distance == pytest.approx(blur, rel=0.1)
    assert design.blur_um(half) == pytest.approx(blur)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_a_print_that_is_a_little_off_blurs_less_than_a_frame_pixel(design):
    assert design.blur_um(optics.PRINT_TOLERANCE) < design.frame_pixel_um < design.network_pixel_um
    assert design.airy_um < design.frame_pixel_um


@pytest.mark.parametrize("ring", [POLARISED, PLAIN], ids=lambda ring: ring.name)
@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_the_rings_mirror_image_is_outside_the_field(design, ring):
    assert ring.glare_radius(design) > optics.FIELD / math.sqrt(2)


def test_the_mirror_image_is_where_a_ray_traced_by_hand_meets_the_window():
    """A lens as high as the LEDs mirrors them half way; a lower ring is mirrored further out."""
    ring = Ring("level", 1.0, radius=20.0, half_width=0.0, height=A.lens_to_skin)
    pinhole = Design("pinhole", 1080, 3.0, 6.0, 1e9, 43.0, close_up=False)
    assert ring.glare_radius(pinhole) == pytest.approx(10.0, abs=0.01)
    assert Ring("low", 1.0, height=5.0).glare_radius(B) > Ring("high", 1.0, height=15.0).glare_radius(B)


def test_the_light_is_even_enough_and_alike_to_all_sides():
    assert 1 < POLARISED.unevenness() < 1.5
    assert POLARISED.irradiance(5, 0) == pytest.approx(POLARISED.irradiance(0, -5))


def test_of_a_disc_the_radiance_times_area_and_pi_is_its_power():
    assert optics.radiance(64.0, 2.2) * math.pi * math.pi * 1.1e-3**2 == pytest.approx(0.064)


@pytest.mark.parametrize("ring", [POLARISED, PLAIN], ids=lambda ring: ring.name)
def test_the_rings_are_exempt_and_cannot_leave_group_1(ring):
    hazard = Hazard(ring)
    assert hazard.group == "exempt"
    assert hazard.bound < optics.GROUP_1
    assert hazard.seconds > 600


@pytest.mark.parametrize("current, lit, group", [(40, 2.2, "1"), (60, 1.5, "1"), (60, 1.0, "2 or more"), (350, 1.0, "2 or more")])
def test_brighter_or_smaller_leds_are_not_called_exempt(current, lit, group):
    assert Hazard(Ring("other", current, lit_diameter=lit)).group == group
