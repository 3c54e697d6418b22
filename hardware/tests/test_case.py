"""The case, rendered: it can be printed, everything fits into it, and nothing stands in the light.

What needs a rendering is skipped where OpenSCAD is not installed; one is kept in build/case/ until the source or a design
changes.
"""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import case
import numpy
import pytest
import trimesh
from conftest import HARDWARE
from optics import DESIGNS
from PIL import Image

# An intersection that is empty has no centre of mass, and trimesh divides by its volume.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:trimesh")
RENDERED = pytest.mark.skipif(
    not case.is_available(), reason="SKIPPED, THE CASE IS NOT CHECKED: openscad is not installed (`sudo apt install openscad`)"
)

VIEWS = ["assembly", "exploded", "section"]
# The thinnest wall: four lines of a 0.4 mm nozzle.
WALL = 1.6
# Two parts that only touch share less than this; boolean operations on 32-bit coordinates leave slivers. mm3.
SLIVER = 0.5
# The cosine up to which two faces are the two sides of a wall.
PARALLEL = 0.8
EACH = pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)


@pytest.fixture(scope="session")
def parts() -> dict[tuple[str, str], trimesh.Trimesh]:
    """Every part of every design, where it sits in the device."""
    wanted = [(design, part) for design in DESIGNS for part in case.PRINTED + case.FITTED + case.CLEAR]
    wanted = [(design, part) for design, part in wanted if case.is_there(design, part)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        files = list(pool.map(lambda one: case.stl(*one), wanted))
    return {(design.name, part): trimesh.load_mesh(file) for (design, part), file in zip(wanted, files, strict=True)}


def of(parts: dict, design, kinds: list[str]) -> dict[str, trimesh.Trimesh]:
    return {part: parts[design.name, part] for part in kinds if (design.name, part) in parts}


def shared(one: trimesh.Trimesh, other: trimesh.Trimesh) -> float:
    """The volume that two parts share."""
    apart = (one.bounds[0] >= other.bounds[1]).any() or (other.bounds[0] >= one.bounds[1]).any()
    if apart:
        return 0.0
    common = trimesh.boolean.intersection([one, other], engine="manifold")
    return 0.0 if common.is_empty or len(common.faces) < 4 else abs(common.volume)


@RENDERED
@EACH
def test_every_printed_part_is_one_closed_body(parts, design):
    for part, mesh in of(parts, design, case.PRINTED).items():
        assert mesh.is_watertight and mesh.is_winding_consistent, part
        assert mesh.volume > 0 and mesh.body_count == 1, part


@RENDERED
@EACH
def test_no_two_parts_are_in_the_same_place(parts, design):
    every = of(parts, design, case.PRINTED + case.FITTED)
    found = {f"{a} and {b}": shared(every[a], every[b]) for a, b in itertools.combinations(every, 2)}
    assert {pair: volume for pair, volume in found.items() if volume > SLIVER} == {}


@RENDERED
@EACH
def test_nothing_stands_in_the_view_or_in_the_light(parts, design):
    for part, mesh in of(parts, design, case.PRINTED).items():
        for room in case.CLEAR:
            assert shared(mesh, parts[design.name, room]) <= SLIVER, f"{part} stands in the {room}"


@RENDERED
@EACH
def test_what_is_put_in_stays_within_the_case(parts, design):
    printed = trimesh.util.concatenate(list(of(parts, design, case.PRINTED).values()))
    for part, mesh in of(parts, design, case.FITTED).items():
        assert (mesh.bounds[0] >= printed.bounds[0] - 0.01).all(), part
        assert (mesh.bounds[1] <= printed.bounds[1] + 0.01).all(), part


def thin(mesh: trimesh.Trimesh) -> list[list[float]]:
    """Points of the surface behind which the material ends too soon, at a face that lies about parallel.

    Looked for from points all over it; a wedge gets thin at its edge, which is no wall.
    """
    points, faces = trimesh.sample.sample_surface_even(mesh, 4000, seed=1)
    inward = -mesh.face_normals[faces]
    behind, rays, ends = mesh.ray.intersects_id(points + 1e-4 * inward, inward, multiple_hits=False, return_locations=True)
    depth = numpy.linalg.norm(ends - points[rays], axis=1)
    parallel = (mesh.face_normals[behind] * inward[rays]).sum(axis=1) > PARALLEL
    return points[rays][(depth < WALL - 0.01) & parallel].round(1).tolist()


@RENDERED
@EACH
def test_no_wall_is_thinner_than_can_be_printed(parts, design):
    found = {part: thin(mesh) for part, mesh in of(parts, design, case.PRINTED).items()}
    assert {part: places for part, places in found.items() if places} == {}


def test_a_thin_wall_and_an_overlap_would_be_found():
    plate = trimesh.creation.box([20, 20, 1.2])
    assert len(thin(plate)) > 100
    assert thin(trimesh.creation.box([20, 20, 1.7])) == []
    other = plate.copy()
    other.apply_translation([0, 19, 0])
    assert shared(plate, other) == pytest.approx(20 * 1 * 1.2)


@RENDERED
@EACH
def test_the_case_can_be_held_and_printed(parts, design):
    printed = trimesh.util.concatenate(list(of(parts, design, case.PRINTED).values()))
    assert (printed.extents <= [122, 60, 100]).all(), printed.extents
    for part, mesh in of(parts, design, case.PRINTED).items():
        assert (mesh.extents[:2] <= 180).all(), f"{part} is larger than small printers print"


def test_the_parameter_sets_are_those_of_the_optics():
    assert case.SETS.read_text() == case.parameter_sets(), "run `python3 hardware/case.py --write`"


def test_the_pictures_are_of_this_case():
    pictures = sorted((HARDWARE / "pictures").glob("*.png"))
    assert [path.stem for path in pictures] == [f"{design.name}-{view}" for design in DESIGNS for view in VIEWS]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.text["made-of"] == case.digest(), f"{path.name}: run `python3 hardware/pictures.py`"


def test_the_case_is_drawn_for_the_parts_that_are_asked_for():
    """What parts.md says of the sizes is what the drawing leaves room for."""
    parts = (HARDWARE / "parts.md").read_text()
    for words in [
        f"{case.RING_OUTSIDE:g} mm outside, {case.RING_INSIDE:g} mm inside",
        f"glass, {case.WINDOW:g} mm across",
        f"{case.ACHROMAT:g} mm across",
        " x ".join(f"{side:g}" for side in case.CELL) + " mm (2000 mAh)",
        " x ".join(f"{side:g}" for side in case.CHARGER) + " mm at most",
    ]:
        assert words in parts, words
    opening = f"opening of {case.WINDOW_OPENING:g} mm"
    assert opening in (HARDWARE / "optics.md").read_text(), opening


def test_a_part_that_grows_makes_the_rendering_out_of_date(monkeypatch):
    before = case.digest()
    monkeypatch.setattr(case, "CELL", [62.0, 36.0, 9.0])
    assert case.digest() != before
