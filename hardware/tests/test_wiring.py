"""The drawings are of the board files, and of the header as it is."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree

import pytest
import wiring
from conftest import HARDWARE

BOARDS = sorted((HARDWARE.parent / "config" / "boards").glob("*.toml"))
SVG = "{http://www.w3.org/2000/svg}"

# The pin that each BCM line is on, by another way than the drawing's list: the pairs that Raspberry Pi's tool `pinout` prints.
PIN_OF = {
    0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33,
    14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18, 25: 22, 26: 37, 27: 13,
}
POWER = {1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V", **dict.fromkeys((6, 9, 14, 20, 25, 30, 34, 39), "ground")}


def labels(name: str) -> dict[int, str]:
    """What the committed drawing says beside each pin, and that its number is on it."""
    root = ElementTree.parse(HARDWARE / "wiring" / f"{name}.svg").getroot()
    found = {}
    for group in root.iter(f"{SVG}g"):
        if match := re.fullmatch(r"pin-(\d+)", group.get("id", "")):
            number, label = (text.text for text in group.iter(f"{SVG}text"))
            assert number == match[1]
            found[int(match[1])] = label
    return found


def test_the_header_has_each_line_once_and_where_it_is():
    assert len(wiring.HEADER) == 40
    assert {has: pin for pin, has in enumerate(wiring.HEADER, 1) if isinstance(has, int)} == PIN_OF
    assert {pin: has for pin, has in enumerate(wiring.HEADER, 1) if isinstance(has, str)} == POWER


def test_every_board_has_a_drawing_and_no_drawing_is_left_over():
    drawn = sorted(file.stem for file in (HARDWARE / "wiring").glob("*.svg"))
    assert drawn == [file.stem for file in BOARDS] and drawn


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.stem)
def test_the_drawing_is_what_the_board_file_gives(file):
    board = tomllib.loads(file.read_text())
    committed = (HARDWARE / "wiring" / f"{file.stem}.svg").read_text()
    assert committed == wiring.draw(file.stem, board), "run `python3 hardware/wiring.py`"


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.stem)
def test_each_key_of_the_board_file_is_beside_its_pin(file):
    board = tomllib.loads(file.read_text())
    drawn = labels(file.stem)
    assert sorted(drawn) == list(range(1, 41))
    keys = {f"button {key}": board["buttons"][key] for key in board["buttons"] if key != "kind"}
    for key, word in (("dc", "DC"), ("reset", "reset"), ("backlight", "backlight")):
        if key in board["panel"]:
            keys[f"panel {word}"] = board["panel"][key]
    assert len(keys) >= 3
    for what, line in keys.items():
        assert drawn[PIN_OF[line]] == f"GPIO {line}: {what}"


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.stem)
def test_the_rings_are_on_lines_that_nothing_else_is_on(file):
    drawn = labels(file.stem)
    rings = [label for label in drawn.values() if "ring" in label]
    assert sorted(label.split(": ")[1] for label in rings) == ["ring plain", "ring polarised"]
    taken = [label for label in drawn.values() if label.startswith("GPIO") and ":" in label]
    assert len({label.split(":")[0] for label in taken}) == len(taken)


def test_a_line_that_is_taken_twice_is_an_error():
    board = tomllib.loads(BOARDS[0].read_text())
    board["buttons"]["main"] = board["panel"]["dc"]
    with pytest.raises(ValueError, match="is both"):
        wiring.uses("broken", board)


def test_a_board_with_other_pins_is_drawn_otherwise():
    board = tomllib.loads(BOARDS[0].read_text())
    moved = {**board, "panel": {**board["panel"], "dc": 14}}
    drawing = wiring.draw("moved", moved)
    assert "GPIO 14: panel DC" in drawing and f"GPIO {board['panel']['dc']}: panel DC" not in drawing


def test_the_spi_pins_are_those_that_the_program_knows():
    source = (HARDWARE.parent / "src" / "config" / "pins.rs").read_text()
    known = re.findall(r'\("(/dev/spidev\d\.\d)", \[(\d+), (\d+), (\d+)\]\)', source)
    assert {path: tuple(map(int, pins)) for path, *pins in known} == wiring.SPI
