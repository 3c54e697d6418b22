"""The card in an emulated Raspberry Pi 3, started by u-boot as a real one is by its firmware.

Nothing on the card is changed but files of its set-up partition, which any laptop can change. systemd's own debug
shell, asked for there, is what the tests speak to."""

import re
import shutil
import socket
import subprocess
import time
import zlib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILT = ROOT / "build" / "image"
TOOLS = BUILT / "tools"
CARD = BUILT / "card.img"
# Of a card that is larger than what was written to it, and of a size that qemu takes.
CARD_BYTES = 1 << 30
FAT_OFFSET = "1M"
SHELL = "console=ttyS1,115200 systemd.debug_shell=ttyS1"
# A camera that is drawn; a panel's bus without DMA, which qemu's has not; no name service, which takes an emulated
# processor a minute; time for the slow.
EMULATED = f"{SHELL} modules_load=vivid spi_bcm2835.polling_limit_us=9000000 systemd.mask=systemd-resolved.service systemd.default_timeout_start_sec=900"
# The shell's, which the lines of services that start may follow.
PROMPT = r"root@\S+:\S*# "
ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]|\x1b\][^\x1b\x07]*(\x1b\\|\x07)")


class Failed(Exception):
    """Something on the emulated Pi did not come about; says what, and the console's last lines."""


def among_tools(*command: str) -> str:
    """Runs one of the card's tools here, its paths below the repository."""
    words = [ROOT / "image/in-tools.sh", *command]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def qemu() -> list[str]:
    """Debian 13's qemu, with its own libraries."""
    libraries = TOOLS / "usr/lib/x86_64-linux-gnu"
    loader = TOOLS / "lib64/ld-linux-x86-64.so.2"
    if not loader.exists():
        libraries, loader = TOOLS / "usr/lib/aarch64-linux-gnu", TOOLS / "lib/ld-linux-aarch64.so.1"
    program = [loader, "--library-path", libraries, TOOLS / "usr/bin/qemu-system-aarch64", "-L", TOOLS / "usr/share/qemu"]
    return [str(word) for word in program] + ["-display", "none", "-nodefaults", "-no-reboot"]


class Card:
    """A copy of the card that was made, to be started from, changed and cut off."""

    def __init__(self, path: Path, size: int = CARD_BYTES):
        self.path = path
        self.drive = f"file={path},format=raw,cache=writethrough"
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "--sparse=always", CARD, path], check=True)
        with path.open("r+b") as file:
            file.truncate(size)
        self.arguments(SHELL)

    def put(self, source: Path, name: str) -> None:
        """Copies a file to the set-up partition, as a laptop does."""
        inside = self.path.relative_to(ROOT)
        among_tools("mcopy", "-o", "-i", f"{inside}@@{FAT_OFFSET}", str(source.relative_to(ROOT)), f"::{name}")

    def write(self, name: str, text: str) -> None:
        file = self.path.with_suffix(".txt")
        file.write_text(text)
        self.put(file, name)
        file.unlink()

    def arguments(self, words: str) -> None:
        """More arguments for the kernel, by the file that is there for it."""
        self.write("extra.env", f"extra={words}\n")

    def turn(self) -> dict[str, str]:
        """Whose turn it is to start, as it lies on the card; empty where the checksum does not match."""
        with self.path.open("rb") as file:
            file.seek(0x8000)
            sector = file.read(0x200)
        if zlib.crc32(sector[4:]) != int.from_bytes(sector[:4], "little"):
            return {}
        pairs = (pair.split("=", 1) for pair in sector[4:].decode().split("\0") if pair)
        return dict(pairs)

    def set_turn(self, turn: dict[str, str]) -> None:
        """Gives the turn, as RAUC does."""
        pairs = "\0".join(f"{name}={value}" for name, value in turn.items()).encode() + b"\0\0"
        data = pairs.ljust(0x200 - 4, b"\0")
        with self.path.open("r+b") as file:
            file.seek(0x8000)
            file.write(zlib.crc32(data).to_bytes(4, "little") + data)

    def start(self, number: int) -> int:
        """Where a partition begins, in bytes."""
        return self.span(number)[0]

    def span(self, number: int) -> tuple[int, int]:
        table = among_tools("sfdisk", "--dump", str(self.path.relative_to(ROOT)))
        found = re.search(rf"\S*{number} : start= *(\d+), size= *(\d+)", table)
        return int(found[1]) * 512, int(found[2]) * 512

    def area(self, number: int) -> bytes:
        """What lies in a partition."""
        start, size = self.span(number)
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size)

    def log_writes_to(self, recording: Path) -> None:
        """Has qemu record every write; see writes.py."""
        self.drive = f"driver=blklogwrites,file.driver=file,file.filename={self.path},log.driver=file,log.filename={recording}"


def device_tree(folder: Path) -> Path:
    """Debian's tree of the Pi 3 with the card's own overlay, as the firmware makes it of config.txt."""
    tree = folder / "pi3.dtb"
    fat = BUILT / "fat"
    overlay = fat / "overlays/dermascope-spi.dtbo"
    subprocess.run(["fdtoverlay", "-i", fat / "bcm2837-rpi-3-b.dtb", "-o", tree, overlay], check=True)
    return tree


class Pi:
    """A running Pi 3. As a context manager its plug is pulled with the block."""

    def __init__(self, card: Card, folder: Path, *more: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.card, self.log = card, folder / "console.log"
        here, there = socket.socketpair()
        words = qemu() + ["-M", "raspi3b", "-kernel", str(BUILT / "fat/u-boot.bin"), "-dtb", str(device_tree(folder))]
        words += ["-drive", f"{card.drive},if=sd", "-serial", "null"]
        words += ["-chardev", f"socket,id=console,fd={there.fileno()},logfile={self.log}", "-serial", "chardev:console"]
        # The guest's time is counted in instructions, two nanoseconds each, so that a busy computer changes nothing.
        words += ["-icount", "shift=1", "-monitor", "none", *more]
        with (folder / "qemu.log").open("wb") as log:
            self.qemu = subprocess.Popen(words, pass_fds=(there.fileno(),), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        there.close()
        here.setblocking(False)
        self.serial, self.text, self.began = here, "", time.monotonic()
        self.asked = 0

    def __enter__(self) -> "Pi":
        return self

    def __exit__(self, *_) -> None:
        self.pull_the_plug()

    def pull_the_plug(self) -> None:
        """The power goes, whatever is being done."""
        self.qemu.kill()
        self.qemu.wait()
        self.listen()

    def listen(self) -> None:
        try:
            while data := self.serial.recv(65536):
                self.text += ESCAPES.sub("", data.decode(errors="replace").replace("\r", ""))
        except (BlockingIOError, ConnectionResetError):
            pass

    def has_ended(self) -> bool:
        return self.qemu.poll() is not None

    def wait_for(self, pattern: str, seconds: float = 600, since: int = 0) -> re.Match:
        """Waits for a pattern on the console."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended = self.has_ended()
            self.listen()
            if found := re.compile(pattern).search(self.text, since):
                return found
            if ended:
                break
            time.sleep(0.2)
        raise Failed(f"not on the console within {seconds} s: {pattern}\n{self.text[-3000:]}")

    def wait_for_end(self, seconds: float) -> None:
        """Waits until the Pi starts itself anew, which ends qemu here."""
        end = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > end:
                raise Failed(f"no restart within {seconds} s\n{self.text[-3000:]}")
            self.listen()
            time.sleep(0.5)

    def run(self, command: str, seconds: float = 300, check: bool = True) -> str:
        """Runs a command in systemd's debug shell and gives what it printed."""
        if not self.asked:
            self.wait_for(PROMPT, 900)
        self.asked += 1
        mark = f"{self.asked:04}"
        since = len(self.text)
        # In two halves, so that the line as typed does not have the mark.
        line = f"{{ {command}\n}} </dev/null 2>&1; echo \"=$?=\"'{mark}'\n"
        self.type(line)
        found = self.wait_for(rf"=(\d+)={mark}", seconds, since)
        said = self.text[since : found.start()]
        said = said.split(f"'{mark}'\n", 1)[-1]
        if check and found[1] != "0":
            raise Failed(f"ended with {found[1]}: {command}\n{said}")
        return said

    def type(self, line: str) -> None:
        # The emulated port has a short queue and no flow control.
        for start in range(0, len(line), 8):
            self.serial.setblocking(True)
            self.serial.sendall(line[start : start + 8].encode())
            self.serial.setblocking(False)
            time.sleep(0.05)
