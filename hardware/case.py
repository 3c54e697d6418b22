"""The case: its parameters for OpenSCAD, from the optics and the parts, and its printed parts as STL.

    python3 hardware/case.py                      every part of both designs into build/case/DESIGN/PART.stl
    python3 hardware/case.py --design A --part tube
    python3 hardware/case.py --write              case/dermatoscope.json, which OpenSCAD's customizer reads
"""

import argparse
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from optics import DESIGNS, FIELD, GLASS_THICKNESS, PLAIN, Design

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "case" / "dermatoscope.scad"
# OpenSCAD's own file of parameter sets, which its customizer finds beside the source.
SETS = HERE / "case" / "dermatoscope.json"
BUILT = HERE.parent / "build" / "case"
# What is printed; what is put in, as the room that it needs; and what must stay empty: the view and the way of the light.
PRINTED = ["body", "shelf", "lid", "tube", "analyser", "foot"]
FITTED = ["camera", "lens", "cell", "charger", "pi", "panel", "cable", "plug", "ring", "film", "glass", "trigger", "switch"]
CLEAR = ["view", "rays"]

# Of parts.md, in millimetres: across, or length, width, height.
WINDOW, WINDOW_OPENING = 34.0, 30.0
RING_OUTSIDE, RING_INSIDE = 54.0, 42.0
ACHROMAT = 12.7
CELL, CHARGER = [60.0, 36.0, 9.0], [30.0, 22.0, 6.0]
# How far before the close-up lens's middle the module's entrance pupil is: half of the lens, a gap, and the module's glass.
PUPIL_BEHIND_LENS = 5.0

# What differs and is not of the optics. Allowances, to be compared with the parts that are bought: board and screws of the
# camera about the optical axis, how far its pupil is before its board, the panel's board and its face.
PARTS = {
    "A": {
        "camera_board": [38, 38, 1.6], "camera_board_offset": 0, "camera_holes": [34, 34], "camera_hole_offset": 0,
        "camera_posts": 4, "camera_behind": 6, "lens_block": [22, 14, 20], "pupil_before_board": 9, "floor_hole": 13.5,
        "panel_board": [65.5, 30.5], "face": [60, 27], "pi_y": -3, "usb_port": False,
    },
    "B": {
        "camera_board": [24, 25, 1], "camera_board_offset": -2.5, "camera_holes": [12.5, 21], "camera_hole_offset": 1.25,
        "camera_posts": 3, "camera_behind": 4, "lens_block": [12, 12, 9], "pupil_before_board": 7, "floor_hole": 9,
        "panel_board": [67, 37], "face": [61, 33], "pi_y": 3.5, "usb_port": True,
    },
}  # fmt: skip


def parameters(design: Design) -> dict[str, object]:
    """Values for the source's variables; the heights come from the optics."""
    plane = design.lens_to_skin
    return {
        "close_up": design.close_up,
        "plane": round(plane, 3),
        "pupil": round(plane + (PUPIL_BEHIND_LENS if design.close_up else 0), 3),
        "pupil_radius": round(design.pupil_radius, 3),
        "field": FIELD,
        "glass": GLASS_THICKNESS,
        "window": WINDOW,
        "opening": WINDOW_OPENING,
        "ring_radius": PLAIN.radius,
        "ring_height": PLAIN.height,
        "ring_board": [RING_OUTSIDE, RING_INSIDE],
        "achromat": ACHROMAT,
        "cell": CELL,
        "charger": CHARGER,
        **PARTS[design.name],
    }


def parameter_sets() -> str:
    """The JSON that OpenSCAD reads: every value is text there."""
    sets = {design.name: {key: json.dumps(value) for key, value in parameters(design).items()} for design in DESIGNS}
    return json.dumps({"parameterSets": sets, "fileFormatVersion": "1"}, indent=2) + "\n"


def is_available() -> bool:
    return shutil.which("openscad") is not None


def is_there(design: Design, part: str) -> bool:
    """Only B has a lens beside the camera's own, and only A a plug inside."""
    return design.close_up if part == "lens" else not design.close_up if part == "plug" else True


def digest() -> str:
    """Of all that a rendering depends on."""
    return hashlib.sha256(SOURCE.read_bytes() + parameter_sets().encode()).hexdigest()


def openscad(design: Design, part: str, out: Path, *options: str, before: tuple[str, ...] = ()) -> None:
    """Runs OpenSCAD on one part of one design. Raises with its own words where it warns or fails."""
    out.parent.mkdir(parents=True, exist_ok=True)
    values = [option for key, value in parameters(design).items() for option in ("-D", f"{key}={json.dumps(value)}")]
    command = [*before, "openscad", "-o", str(out), "-D", f'part="{part}"', *values, *options, str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode or "WARNING" in done.stderr or "ERROR" in done.stderr:
        raise RuntimeError(f"openscad, {part} of {design.name}: {done.stderr.strip()}")


def stl(design: Design, part: str) -> Path:
    """The part as STL, rendered again only where source or design changed."""
    out, stamp = BUILT / design.name / f"{part}.stl", BUILT / design.name / f"{part}.made-of"
    if not out.exists() or not stamp.exists() or stamp.read_text() != digest():
        openscad(design, part, out)
        stamp.write_text(digest())
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--design", choices=[design.name for design in DESIGNS], help="only this one")
    parser.add_argument("--part", choices=PRINTED, help="only this one")
    parser.add_argument("--write", action="store_true", help="write the parameter sets, render nothing")
    args = parser.parse_args()
    if args.write:
        SETS.write_text(parameter_sets())
        return
    if not is_available():
        raise SystemExit("openscad is not installed: `sudo apt install openscad`")
    for design in DESIGNS:
        for part in PRINTED:
            if args.design in (None, design.name) and args.part in (None, part):
                print(stl(design, part))


if __name__ == "__main__":
    main()
