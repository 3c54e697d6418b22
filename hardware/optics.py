"""The optics and the light of both designs, reckoned: prints the tables of optics.md.

    python3 hardware/optics.py           # the tables
    python3 hardware/optics.py --write   # put them into optics.md

Thin lenses throughout (E. Hecht, Optics, 5th ed., chapters 5 and 10); lengths in millimetres unless said otherwise.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent / "optics.md"
# Of the window: common crown glass, which is near enough for soda-lime.
GLASS_INDEX, GLASS_THICKNESS = 1.52, 1.5
# Where the eye is most sensitive.
WAVELENGTH = 550e-6
# What is looked at: a square of so much a side. The network sees it with so many pixels (models/lesion.toml).
FIELD, NETWORK_PIXELS = 20.0, 256
# What a good print and a careful hand are off by.
PRINT_TOLERANCE = 0.3


@dataclass(frozen=True)
class Design:
    """A camera and its lens. `close_up` is the focal length of a lens before one that is focused at infinity."""

    name: str
    sensor_rows: int
    pixel_um: float
    focal: float
    f_number: float
    # Of the object before the lens in air; where there is a close-up lens, its focal length.
    distance: float
    close_up: bool
    frame_rows: int = 720

    @property
    def sensor_height(self) -> float:
        return self.sensor_rows * self.pixel_um / 1000

    @property
    def magnification(self) -> float:
        """Image over object: the ratio of focal lengths with a close-up lens, else f / (s - f)."""
        return self.focal / (self.distance if self.close_up else self.distance - self.focal)

    @property
    def turned_out(self) -> float:
        """How far the lens is from its place for infinity: f m."""
        return 0.0 if self.close_up else self.focal * self.magnification

    @property
    def working_f_number(self) -> float:
        """N (1 + m); N itself where the lens is focused at infinity."""
        return self.f_number * (1 if self.close_up else 1 + self.magnification)

    @property
    def lens_to_skin(self) -> float:
        """A plate of glass moves the object away by t (1 - 1/n)."""
        return self.distance + GLASS_THICKNESS * (1 - 1 / GLASS_INDEX)

    @property
    def seen(self) -> float:
        """The picture's shorter side on the skin."""
        return self.sensor_height / self.magnification

    @property
    def field_of_view(self) -> float:
        """`camera.field_of_view`: the share of the shorter side that the field covers."""
        return min(1.0, round(FIELD / self.seen, 2))

    @property
    def frame_pixel_um(self) -> float:
        """A pixel of the camera's frame on the skin."""
        return 1000 * self.seen / self.frame_rows

    @property
    def network_pixel_um(self) -> float:
        return 1000 * self.seen * self.field_of_view / NETWORK_PIXELS

    @property
    def airy_um(self) -> float:
        """Radius of the Airy disc on the skin: 1.22 lambda N / m."""
        return 1000 * 1.22 * WAVELENGTH * self.working_f_number / self.magnification

    def depth_of_field(self, blur_um: float) -> float:
        """Total depth in which a point is blurred over at most `blur_um` on the skin: 2 N c / m^2 with c = m blur."""
        return 2 * self.working_f_number * blur_um / 1000 / self.magnification

    def blur_um(self, off: float) -> float:
        """What a point that is `off` out of focus is blurred over on the skin."""
        return 1000 * abs(off) * self.magnification / self.working_f_number

    @property
    def pupil_radius(self) -> float:
        return self.focal / self.f_number / 2


A = Design("A", 1080, 3.0, 6.0, 2.8, 43.0, close_up=False)
# IMX708: 4608 x 2592 pixels of 1.4 um, f = 4.74 mm, F1.8 (Raspberry Pi, Camera Module 3's page).
B = Design("B", 2592, 1.4, 4.74, 1.8, 30.0, close_up=True)
DESIGNS = (A, B)


@dataclass(frozen=True)
class Ring:
    """One circuit of the ring of LEDs: eight, evenly on a circle above the skin, facing down, as Lambert radiates."""

    name: str
    current_ma: float
    leds: int = 8
    radius: float = 24.0
    height: float = 17.0
    # Half of a 2835's width, and across its phosphor.
    half_width: float = 1.4
    lit_diameter: float = 2.2
    # The most that a white LED takes at these currents.
    volts: float = 3.2

    @property
    def electrical_mw(self) -> float:
        """Of one LED."""
        return self.current_ma * self.volts

    def irradiance(self, x: float, y: float = 0.0) -> float:
        """At a point of the skin, in units of one LED's axial intensity: the sum of h^2 / d^4."""
        turns = (2 * math.pi * k / self.leds for k in range(self.leds))
        squares = (
            (x - self.radius * math.cos(a)) ** 2 + (y - self.radius * math.sin(a)) ** 2 + self.height**2
            for a in turns
        )
        return sum(self.height**2 / square**2 for square in squares)

    def unevenness(self) -> float:
        """Brightest over darkest of the field, on a grid of 41 x 41."""
        steps = [FIELD * (k / 40 - 0.5) for k in range(41)]
        values = [self.irradiance(x, y) for x in steps for y in steps]
        return max(values) / min(values)

    def glare_radius(self, design: Design) -> float:
        """How near to the middle the window mirrors the ring into the lens, at worst: its upper face, the LED's inner
        edge and the far edge of the pupil."""
        lens, led = design.lens_to_skin - GLASS_THICKNESS, self.height - GLASS_THICKNESS
        return ((self.radius - self.half_width) * lens - design.pupil_radius * led) / (lens + led)


POLARISED, PLAIN = Ring("polarised", 20.0), Ring("plain", 8.0)

# IEC 62471:2006, 4.3.3, 4.3.4 and 6.1: blue-light weighted radiance in W/m^2/sr of the exempt group (10,000 s) and of risk
# group 1 (100 s); the dose in J/m^2/sr; the distance in mm of lamps that do not light rooms; and the fields of view in
# radians that the radiance is averaged over.
EXEMPT, GROUP_1, DOSE, DISTANCE = 100.0, 10_000.0, 1e6, 200.0
WIDE_ANGLE, NARROW_ANGLE = 0.1, 0.011
# Assumed of a white LED of 5000 K: so much of its power becomes light, and so much of the light counts as blue,
# weighted by B(lambda). Both are on the high side.
EFFICIENCY, BLUE_SHARE = 0.5, 0.35


def radiance(milliwatts: float, diameter: float) -> float:
    """Of a Lambertian disc, in W/m^2/sr: P / (pi A)."""
    return milliwatts / 1000 / (math.pi * math.pi / 4 * (diameter / 1000) ** 2)


@dataclass(frozen=True)
class Hazard:
    """Blue-light radiances of one ring, bare: no film, no window before it."""

    ring: Ring

    @property
    def bound(self) -> float:
        """If all the electrical power were blue light of weight 1: more than can be."""
        return radiance(self.ring.electrical_mw, self.ring.lit_diameter)

    @property
    def expected(self) -> float:
        return self.bound * EFFICIENCY * BLUE_SHARE

    @property
    def seconds(self) -> float:
        """How long one LED may be stared at from as near as the eye can be: dose over radiance."""
        return DOSE / self.expected

    @property
    def averaged(self) -> float:
        """Over 0.1 rad at 200 mm, with all the LEDs in it, which they are not."""
        field = WIDE_ANGLE * DISTANCE
        return self.ring.leds * self.expected * (self.ring.lit_diameter / field) ** 2

    @property
    def group(self) -> str:
        """At 200 mm, by the wide field for the exempt group and the narrow one, which one LED fills, for group 1."""
        if self.averaged <= EXEMPT:
            return "exempt"
        return "1" if self.expected <= GROUP_1 else "2 or more"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def side_by_side(names, things, rows) -> str:
    """A column for each thing; a row is what it says and how it is had of a thing."""
    return table(["", *names], [[what, *(value(thing) for thing in things)] for what, value in rows])


def optics_table() -> str:
    return side_by_side((design.name for design in DESIGNS), DESIGNS, [
        ("sensor's shorter side", lambda d: f"{d.sensor_height:.2f} mm ({d.sensor_rows} x {d.pixel_um:.1f} um)"),
        ("focal length, f-number", lambda d: f"{d.focal:g} mm, F{d.f_number:g}"),
        ("close-up lens", lambda d: f"{d.distance:g} mm" if d.close_up else "none"),
        ("magnification", lambda d: f"{d.magnification:.3f}"),
        ("working distance, lens to skin through the window", lambda d: f"{d.lens_to_skin:.1f} mm"),
        ("lens turned out from infinity", lambda d: f"{d.turned_out:.2f} mm"),
        ("picture's shorter side on the skin", lambda d: f"{d.seen:.1f} mm"),
        ("`camera.field_of_view`", lambda d: f"{d.field_of_view:.2f}"),
        ("field of view, a square", lambda d: f"{d.seen * d.field_of_view:.1f} mm"),
        ("pixel of a frame of 1280x720 on the skin", lambda d: f"{d.frame_pixel_um:.0f} um"),
        (f"pixel of the network ({NETWORK_PIXELS}) on the skin", lambda d: f"{d.network_pixel_um:.0f} um"),
        ("Airy disc's radius on the skin", lambda d: f"{d.airy_um:.0f} um"),
        ("depth of field, blur of one frame's pixel", lambda d: f"{d.depth_of_field(d.frame_pixel_um):.1f} mm"),
        ("depth of field, blur of one network's pixel", lambda d: f"{d.depth_of_field(d.network_pixel_um):.1f} mm"),
        (f"blur where the print is off by {PRINT_TOLERANCE} mm", lambda d: f"{d.blur_um(PRINT_TOLERANCE):.0f} um"),
        ("the window mirrors the ring beyond", lambda d: f"{POLARISED.glare_radius(d):.1f} mm from the middle"),
    ])


def light_table() -> str:
    hazards = [Hazard(ring) for ring in (POLARISED, PLAIN)]
    return side_by_side((hazard.ring.name for hazard in hazards), hazards, [
        ("LEDs, current of each", lambda h: f"{h.ring.leds}, {h.ring.current_ma:g} mA"),
        ("electrical power of one LED", lambda h: f"{h.ring.electrical_mw:.0f} mW"),
        ("brightest over darkest of the field", lambda h: f"{h.ring.unevenness():.2f}"),
        ("L_B if all power were blue (cannot be)", lambda h: f"{h.bound:.0f} W/m2/sr"),
        ("L_B expected of one bare LED", lambda h: f"{h.expected:.0f} W/m2/sr"),
        ("staring into one LED, at most", lambda h: f"{h.seconds / 60:.0f} min"),
        ("L_B at 200 mm over 0.1 rad", lambda h: f"{h.averaged:.0f} W/m2/sr"),
        ("risk group by this reckoning", lambda h: h.group),
    ])


TABLES = {"optics": optics_table, "light": light_table}


def filled(page: str) -> str:
    """The page with each table as it is reckoned, between its marks."""
    for name, make in TABLES.items():
        start, end = f"<!-- {name}: made by optics.py -->\n", f"<!-- /{name} -->"
        before, rest = page.split(start, 1)
        after = rest.split(end, 1)[1]
        page = before + start + make() + "\n" + end + after
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description="Reckon the optics and the light of both designs.")
    parser.add_argument("--write", action="store_true", help="put the tables into optics.md")
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text()))
    else:
        print("\n\n".join(make() for make in TABLES.values()))


if __name__ == "__main__":
    main()
