"""The pictures of the case in hardware/pictures/, by OpenSCAD.

    python3 hardware/pictures.py        make those that are out of date

Needs openscad, xvfb with xauth, and Pillow. Each picture carries a hash of what it was made
of, which the tests compare.
"""

import sys
from pathlib import Path

import case
from PIL import Image
from optics import DESIGNS
from PIL.PngImagePlugin import PngInfo

FOLDER = case.HERE / "pictures"
# The camera: where it looks, its turn in degrees, its distance in millimetres; and the picture's pixels.
VIEWS = {
    "assembly": ("25,0,42,68,0,35,330", "1000,800"),
    "exploded": ("25,0,48,74,0,28,640", "700,1200"),
    "section": ("25,0,42,90,0,0,290", "1000,800"),
}


def pictures() -> dict[Path, tuple]:
    return {FOLDER / f"{design.name}-{view}.png": (design, view) for design in DESIGNS for view in VIEWS}


def is_current(path: Path) -> bool:
    if not path.exists():
        return False
    with Image.open(path) as picture:
        return picture.text.get("made-of") == case.digest()


def draw(path: Path) -> None:
    design, view = pictures()[path]
    camera, size = VIEWS[view]
    look = (f"--camera={camera}", f"--imgsize={size}", "--colorscheme=Tomorrow")
    case.openscad(design, view, path, *look, before=("xvfb-run", "-a"))
    note = PngInfo()
    note.add_text("made-of", case.digest())
    with Image.open(path) as picture:
        picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(path, pnginfo=note, optimize=True)


def main() -> None:
    stale = [path for path in pictures() if not is_current(path)]
    for path in stale:
        draw(path)
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    if not stale:
        print("all are up to date", file=sys.stderr)


if __name__ == "__main__":
    main()
