"""Every write that the emulated Pi made to its card, in order, and the card as a cut after any of them leaves it.

qemu's blklogwrites records them in the format of Linux's dm-log-writes: a header sector, then for each write a sector
with (first sector, count, flags, length of data) and what was written."""

import shutil
import struct
from pathlib import Path

SECTOR = 512
DISCARD = 4


class Writes:
    """A recording; `card` is the card before the first write."""

    def __init__(self, card: Path, recording: Path):
        self.card, self.recording = card, recording
        self.entries = []
        with recording.open("rb") as file:
            magic, _, _, size = struct.unpack("<QQQI", file.read(28))
            assert magic == 0x6A736677736872, "not a recording"
            at = size
            # To the file's end: how many there are is written now and then only, and qemu was ended like the Pi.
            while at + size <= recording.stat().st_size:
                file.seek(at)
                sector, sectors, flags, _ = struct.unpack("<QQQQ", file.read(32))
                at += size
                data = 0 if flags & DISCARD else sectors * SECTOR
                if data:
                    self.entries.append((sector * SECTOR, at, data))
                at += (data + size - 1) // size * size

    def __len__(self) -> int:
        """How many sectors were written: a cut may come before and after each."""
        return sum(data for _, _, data in self.entries) // SECTOR

    def cut(self, after: int, target: Path) -> None:
        """Writes to `target` the card with the first `after` written sectors on it."""
        shutil.copyfile(self.card, target)
        left = after * SECTOR
        with self.recording.open("rb") as recording, target.open("r+b") as card:
            for offset, at, length in self.entries:
                part = min(length, left)
                recording.seek(at)
                card.seek(offset)
                card.write(recording.read(part))
                left -= part
                if not left:
                    return
