"""Draws the wiring of each board in config/boards: the 40-pin header with what is on each pin, and the rings' switches.

    python3 hardware/wiring.py           # writes hardware/wiring/BOARD.svg for each

The pins are read from the board's file; only what a board has that the file does not use is listed here.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from optics import PLAIN, POLARISED, Ring

HERE = Path(__file__).parent
BOARDS = HERE.parent / "config" / "boards"
DRAWINGS = HERE / "wiring"

# The header by its pins, odd ones left: a BCM number, or what the pin is (Raspberry Pi documentation, "GPIO and the 40-pin
# header"). Lines 0 and 1 are for a HAT's EEPROM.
HEADER: list[int | str] = [
    "3.3 V", "5 V", 2, "5 V", 3, "ground", 4, 14, "ground", 15, 17, 18, 27, "ground", 22, 23, "3.3 V", 24, 10, "ground",
    9, 25, 11, 8, "ground", 7, 0, 1, 5, "ground", 6, 12, 13, "ground", 19, 16, 26, 20, "ground", 21,
]
# MOSI, SCLK and chip select of the SPI devices, as in src/config/pins.rs.
SPI = {
    "/dev/spidev0.0": (10, 11, 8),
    "/dev/spidev0.1": (10, 11, 7),
    "/dev/spidev1.0": (20, 21, 18),
    "/dev/spidev1.1": (20, 21, 17),
    "/dev/spidev1.2": (20, 21, 16),
}
# What else a board has on the header, which the device does not use. Not tried: compare with the maker's pinout.
JOYSTICK = {6: "joystick up", 19: "joystick down", 13: "joystick press", 20: "KEY2"}
ALSO: dict[str, dict[int, str]] = {
    "waveshare-1.3": JOYSTICK,
    "waveshare-1.44": JOYSTICK,
    "pimoroni-display-hat-mini": {17: "LED red", 27: "LED green", 22: "LED blue"},
    "pimoroni-pirate-audio": {18: "audio BCLK", 19: "audio LRCLK", 21: "audio DATA", 25: "amplifier on", 20: "Y, old boards"},
    "adafruit-bonnet-1.3": {17: "joystick up", 22: "joystick down", 4: "joystick press"},
}
# The fuel gauge's.
I2C = {2: "gauge SDA", 3: "gauge SCL"}
# Where the rings go: 12 has a PWM channel; the plain one to the first that the board leaves free. All are in the right column.
POLARISED_LINE, PLAIN_LINES = 12, (23, 18)

PANEL, BUTTON, RING, GAUGE, SPARE = "#0b5cad", "#1b7a3d", "#b34700", "#6a3fa0", "#777777"


@dataclass(frozen=True)
class Use:
    """What a line is used for, and the colour that says by whom."""

    what: str
    colour: str


def uses(name: str, board: dict) -> dict[int, Use]:
    """Every line that is taken with this board, the rings' and the gauge's among them. A line that is taken twice is
    an error."""
    taken: dict[int, Use] = {}

    def take(line: int, what: str, colour: str) -> None:
        if line in taken:
            raise ValueError(f"{name}: line {line} is both {taken[line].what} and {what}")
        taken[line] = Use(what, colour)

    panel = board["panel"]
    for line, what in zip(SPI[panel["spi"]], ("MOSI", "SCLK", "CS"), strict=True):
        take(line, f"panel {what}", PANEL)
    for key in ("dc", "reset", "backlight"):
        if key in panel:
            take(panel[key], f"panel {key.upper() if key == 'dc' else key}", PANEL)
    for button in ("main", "next", "previous", "back"):
        if button in board["buttons"]:
            take(board["buttons"][button], f"button {button}", BUTTON)
    for line, what in ALSO.get(name, {}).items():
        take(line, what, SPARE)
    for line, what in I2C.items():
        take(line, what, GAUGE)
    take(POLARISED_LINE, "ring polarised", RING)
    take(next(line for line in PLAIN_LINES if line not in taken), "ring plain", RING)
    return taken


def boards() -> dict[str, dict]:
    return {file.stem: tomllib.loads(file.read_text()) for file in sorted(BOARDS.glob("*.toml"))}


# The drawing, in pixels.
WIDTH, TOP, ROW = 1080, 96, 30
HEIGHT = TOP + 20 * ROW + 60
LEFT_PIN, RIGHT_PIN = 290, 322
SWITCH_X = 740


def text(x: float, y: float, words: str, colour="#111111", anchor="start", weight="normal", size=14) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
        f"{escape(words)}</text>"
    )


def wire(points: list[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def place(pin: int) -> tuple[int, int]:
    """The middle of a pin, 1 to 40, in the drawing."""
    return (LEFT_PIN if pin % 2 else RIGHT_PIN, TOP + (pin - 1) // 2 * ROW + ROW // 2)


def draw_pin(pin: int, taken: dict[int, Use]) -> str:
    x, y = place(pin)
    has = HEADER[pin - 1]
    use = taken.get(has) if isinstance(has, int) else None
    fill = use.colour if use else {"5 V": "#c62828", "3.3 V": "#e08a00", "ground": "#222222"}.get(str(has), "#ffffff")
    name = f"GPIO {has}" if isinstance(has, int) else has
    words = f"{name}: {use.what}" if use else name
    left = pin % 2 == 1
    number = "#ffffff" if fill != "#ffffff" else "#111111"
    # Pin 1 is square on the board.
    corner = 0 if pin == 1 else 12
    return (
        f'<g id="pin-{pin}"><rect x="{x - 12}" y="{y - 12}" width="24" height="24" rx="{corner}" fill="{fill}" '
        f'stroke="#555555"/>'
        + text(x, y + 4, str(pin), number, "middle", size=11)
        + text(
            x - 22 if left else x + 22,
            y + 5,
            words,
            use.colour if use else "#555555",
            "end" if left else "start",
            "bold" if use else "normal",
        )
        + "</g>"
    )


def draw_switch(y: float, ring: Ring, line: int, resistor: str, lane: int) -> str:
    """One ring with its MOSFET: from the line's pin to the ring. `lane` keeps its wire apart from the other's."""
    pin = HEADER.index(line) + 1
    _, from_y = place(pin)
    x, turn = SWITCH_X, SWITCH_X - 130 + 16 * lane
    return "".join([
        f'<g id="ring-{ring.name}">',
        text(x, y - 62, f"{ring.name} ring", RING, weight="bold"),
        text(x, y - 44, f"{ring.leds} white LEDs, {ring.current_ma:g} mA each", "#333333", size=13),
        wire([(RIGHT_PIN + 212, from_y), (turn, from_y), (turn, y), (x - 52, y)], RING),
        f'<rect x="{x - 52}" y="{y - 8}" width="44" height="16" fill="#ffffff" stroke="{RING}"/>',
        text(x - 30, y + 4, "100 R", RING, "middle", size=11),
        wire([(x - 8, y), (x + 40, y)], RING),
        wire([(x + 14, y), (x + 14, y + 18)], "#222222"),
        f'<rect x="{x + 3}" y="{y + 18}" width="22" height="36" fill="#ffffff" stroke="#222222"/>',
        text(x - 2, y + 41, "100 k", "#222222", "end", size=11),
        wire([(x + 14, y + 54), (x + 14, y + 70), (x + 78, y + 70), (x + 78, y + 18)], "#222222"),
        wire([(x + 78, y + 70), (x + 110, y + 70)], "#222222"),
        text(x + 116, y + 75, "ground", "#222222"),
        f'<rect x="{x + 40}" y="{y - 18}" width="76" height="36" rx="6" fill="#fff4ea" stroke="{RING}"/>',
        text(x + 78, y - 2, "N-MOSFET", RING, "middle", size=11),
        text(x + 78, y + 12, "G  S  D", RING, "middle", size=10),
        wire([(x + 116, y), (x + 150, y)], RING),
        f'<rect x="{x + 150}" y="{y - 22}" width="118" height="44" rx="6" fill="#ffffff" stroke="{RING}"/>',
        text(x + 209, y - 4, "LEDs", RING, "middle", size=12),
        text(x + 209, y + 12, f"{resistor} in each", RING, "middle", size=11),
        wire([(x + 209, y - 22), (x + 209, y - 40)], "#c62828"),
        text(x + 216, y - 32, "5 V", "#c62828", size=13),
        "</g>",
    ])


def draw(name: str, board: dict) -> str:
    taken = uses(name, board)
    plain = next(line for line, use in taken.items() if use.what == "ring plain")
    panel = board["panel"]
    legend = [("panel", PANEL), ("buttons", BUTTON), ("rings", RING), ("fuel gauge", GAUGE), ("on the board, not used", SPARE)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="DejaVu Sans, Arial, sans-serif">',
        f"<title>{escape(name)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(24, 34, name, weight="bold", size=20),
        text(24, 60, f"{panel['model']}, {panel['width']}x{panel['height']}, {panel['spi']} at {panel['spi_hz'] // 1_000_000} MHz", "#333333"),
        f'<rect x="{LEFT_PIN - 18}" y="{TOP - 4}" width="{RIGHT_PIN - LEFT_PIN + 36}" height="{20 * ROW + 8}" rx="6" '
        'fill="#eeeeee" stroke="#999999"/>',
        *(draw_pin(pin, taken) for pin in range(1, 41)),
        draw_switch(220, PLAIN, plain, "240 R", 0),
        draw_switch(430, POLARISED, POLARISED_LINE, "100 R", 1),
        text(SWITCH_X - 60, 560, "5 V from pin 2 or 4, ground from any ground pin.", "#333333", size=13),
        text(SWITCH_X - 60, 580, "The lines feed the gates only. Not tried on the board.", "#333333", size=13),
    ]
    x = 24
    for what, colour in legend:
        parts.append(f'<rect x="{x}" y="{HEIGHT - 34}" width="14" height="14" fill="{colour}"/>')
        parts.append(text(x + 20, HEIGHT - 22, what, colour, size=13))
        x += 40 + 8 * len(what)
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    DRAWINGS.mkdir(exist_ok=True)
    for name, board in boards().items():
        (DRAWINGS / f"{name}.svg").write_text(draw(name, board))


if __name__ == "__main__":
    main()
