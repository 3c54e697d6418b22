"""The glass of an SPI panel, from every level that the kernel laid on its wires."""

from pathlib import Path

import numpy

from device_tree import CS, DC, MOSI, SCK

COLUMNS, ROWS, WRITE, SLEEP_OUT, DISPLAY_ON, INVERT = 0x2A, 0x2B, 0x2C, 0x11, 0x29, 0x21


class Glass:
    """A controller (ST7735S, ST7789 and their kin, 16 bits a pixel) that is told what `trace` says."""

    def __init__(self, trace: Path, width: int, height: int, offset: tuple[int, int] = (0, 0)):
        self.trace, self.offset = trace, offset
        self.read = 0
        self.part = b""
        self.levels = [0] * 8
        self.value = self.bits = 0
        self.command, self.data = None, bytearray()
        self.columns, self.rows = (0, width - 1), (0, height - 1)
        self.at = 0
        self.memory = numpy.zeros((height, width), ">u2")
        self.seen: set[int] = set()

    def pixels(self) -> numpy.ndarray:
        """What the glass shows now, as RGB of 8 bits."""
        self.follow()
        value = self.memory.astype(numpy.uint32)
        red, green, blue = value >> 11, value >> 5 & 63, value & 31
        # Each channel's bits are repeated below, so that full is full.
        channels = [red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2]
        return numpy.stack(channels, axis=-1).astype(numpy.uint8)

    def follow(self) -> None:
        """Takes in what has been traced since the last time."""
        if not self.trace.exists():
            return
        with self.trace.open("rb") as trace:
            trace.seek(self.read)
            text = trace.read()
        self.read += len(text)
        *lines, self.part = (self.part + text).split(b"\n")
        for line in lines:
            if line.startswith(b"pl061_set_output"):
                words = line.split()
                self.level(int(words[-3]), int(words[-1]))

    def level(self, line: int, level: int) -> None:
        rises = level and not self.levels[line]
        self.levels[line] = level
        if line == CS:
            self.value = self.bits = 0
        elif line == SCK and rises and not self.levels[CS]:
            self.value = self.value << 1 | self.levels[MOSI]
            self.bits += 1
            if self.bits == 8:
                self.take(self.value)
                self.value = self.bits = 0

    def take(self, byte: int) -> None:
        if not self.levels[DC]:
            self.command = byte
            self.data.clear()
            self.seen.add(byte)
            self.at = 0
            return
        self.data.append(byte)
        if self.command == WRITE:
            if len(self.data) == 2:
                self.put(bytes(self.data))
                self.data.clear()
        elif self.command in (COLUMNS, ROWS) and len(self.data) == 4:
            first, last = int.from_bytes(self.data[:2]), int.from_bytes(self.data[2:])
            if self.command == COLUMNS:
                self.columns = first - self.offset[0], last - self.offset[0]
            else:
                self.rows = first - self.offset[1], last - self.offset[1]

    def put(self, pixel: bytes) -> None:
        across = self.columns[1] - self.columns[0] + 1
        row, column = self.rows[0] + self.at // across, self.columns[0] + self.at % across
        self.at += 1
        self.memory[row, column] = int.from_bytes(pixel)
