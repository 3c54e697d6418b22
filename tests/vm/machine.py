"""The virtual machine: Debian's arm64 kernel with the device's real drivers, its console, wires and shared folder."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import device_tree
import image

SYSTEMD, AGENT_ALONE = "/lib/systemd/systemd", "/vm/init"


class Failed(Exception):
    """Something in the guest did not come about; says what, and the console's last lines."""


class Machine:
    """A running guest. As a context manager it is ended with the block."""

    def __init__(self, folder: Path, guest: Path, init: str = AGENT_ALONE, memory_mb: int = 1536, cpu: str = "cortex-a72"):
        """Boots the image `guest` (see `image.pack`); console, trace and shared folder lie in `folder`."""
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        self.share = folder / "share"
        self.share.mkdir(parents=True)
        self.console, self.trace = folder / "console.log", folder / "wires.trace"
        self.jobs = 0
        qemu = ["qemu-system-aarch64", "-M", "virt", "-cpu", cpu, "-smp", "2", "-m", str(memory_mb), "-nic", "none"]
        qemu += ["-display", "none"]
        tree = folder / "virt.dtb"
        device_tree.write(tree, qemu)
        # Sockets of a path that is short enough, wherever the folder lies.
        qtest, self.qtest_end = socket.socketpair()
        qmp, self.qmp_end = socket.socketpair()
        qemu += ["-no-reboot", "-kernel", image.kernel(), "-initrd", guest, "-dtb", tree]
        qemu += ["-append", f"console=ttyAMA0 quiet panic=-1 rdinit={init}"]
        qemu += ["-serial", f"file:{self.console}", "-trace", "pl061_set_output", "-D", self.trace]
        qemu += ["-chardev", f"socket,id=qmp,fd={qmp.fileno()}", "-mon", "chardev=qmp,mode=control"]
        qemu += ["-chardev", f"socket,id=qtest,fd={qtest.fileno()}", "-qtest", "chardev:qtest", "-qtest-log", "/dev/null"]
        qemu += ["-fsdev", f"local,id=share,path={self.share},security_model=none"]
        qemu += ["-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]
        files = (qmp.fileno(), qtest.fileno())
        with (folder / "qemu.log").open("wb") as log:
            self.qemu = subprocess.Popen(qemu, pass_fds=files, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        qmp.close()
        qtest.close()
        self.qtest = self.qtest_end.makefile("rw")
        self.chip = self.find_chip()
        # The buttons' own resistors: a line is high until its button is pressed.
        for line in (device_tree.BUTTON, device_tree.BACK):
            self.level(line, 1)

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Asks the guest to end, and ends it where it does not."""
        (self.share / "end").touch()
        if not self.ended(20):
            self.qemu.kill()
            self.qemu.wait()

    def ended(self, seconds: float) -> bool:
        """Whether the guest has switched itself off within the time."""
        try:
            self.qemu.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def wait_for(self, what: str, holds, seconds: float = 60):
        """Waits until `holds()` gives something, and gives that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := holds():
                return found
            if self.qemu.poll() is not None:
                break
            time.sleep(0.2)
        raise Failed(f"not within {seconds} s: {what}\n{self.last_words()}")

    def wait_for_console(self, text: str, seconds: float = 120) -> None:
        self.wait_for(f"`{text}` on the console", lambda: text in self.said(), seconds)

    def run(self, script: str, seconds: float = 60, check: bool = True) -> str:
        """Runs a shell script in the guest and gives what it printed."""
        job = self.start(script)
        status = self.wait_for(f"the end of: {script}", lambda: self.status(job), seconds)
        said = job.with_suffix(".sh.out").read_text(errors="replace")
        if check and status != "0":
            raise Failed(f"ended with {status}: {script}\n{said}\n{self.last_words()}")
        return said

    def start(self, script: str) -> Path:
        """Starts a shell script in the guest and does not wait for it."""
        self.jobs += 1
        job = self.share / f"{self.jobs:03}.sh"
        part = job.with_suffix(".part")
        part.write_text(script)
        part.rename(job)
        return job

    def status(self, job: Path) -> str | None:
        """How a started script has ended, once it has."""
        file = job.with_suffix(".sh.status")
        return file.read_text().strip() if file.exists() else None

    def said(self) -> str:
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def last_words(self) -> str:
        return "\n".join(self.said().splitlines()[-25:])

    def hold(self, seconds: float, button: int = device_tree.BUTTON) -> None:
        """Presses a button and lets it go after a time, as the guest's clock runs or nearly so."""
        self.level(button, 0)
        time.sleep(seconds)
        self.level(button, 1)

    def level(self, line: int, level: int) -> None:
        """Lays a level on a line of the GPIO chip from outside."""
        self.qtest.write(f"set_irq_in {self.chip} unnamed-gpio-in {line} {level}\n")
        self.qtest.flush()
        answer = self.qtest.readline()
        if not answer.startswith("OK"):
            raise Failed(f"qtest: {answer}")

    def find_chip(self) -> str:
        """What qemu calls the GPIO chip."""
        monitor = self.qmp_end.makefile("rw")

        def ask(command: str, **arguments):
            monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            monitor.flush()
            while "return" not in (answer := json.loads(monitor.readline())):
                if "error" in answer:
                    raise Failed(str(answer))
            return answer["return"]

        monitor.readline()
        ask("qmp_capabilities")
        parts = ask("qom-list", path="/machine/unattached")
        return next(f"/machine/unattached/{part['name']}" for part in parts if part["type"] == "child<pl061>")
