"""The guest's file system, as the kernel unpacks it at its start: build/arm64/root, modules, and a test's own files."""

import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
BUILT = HERE.parent.parent / "build" / "arm64"

# Drivers of Debian's kernel: the camera, the panel's bus, both ends of a USB cable, and the shared folder.
MODULES = (
    "vivid spi-gpio spidev pwm-bcm2835 dummy_hcd libcomposite usb_f_acm usb_f_ncm usb_f_ecm usb_f_mass_storage cdc-acm cdc_ncm "
    "cdc_ether usb-storage sd_mod vfat nls_ascii nls_cp437 virtio_pci 9pnet_virtio 9p loop"
).split()


def kernel() -> Path:
    """Debian's kernel for arm64."""
    return next(BUILT.glob("kernel/boot/vmlinuz-*"))


def pack(image: Path, root: Path, extra: dict[str, Path]) -> None:
    """Writes `root` and, over it, the kernel's modules and `extra` (path in the guest: file or folder here).

    A service among these is started with the machine."""
    with tempfile.TemporaryDirectory() as folder:
        above = Path(folder)
        add_modules(above)
        own = {"vm/init": HERE / "init", "vm/agent": HERE / "agent"}
        own["etc/systemd/system/vm-agent.service"] = HERE / "vm-agent.service"
        for inside, source in (own | extra).items():
            target = above / inside.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)
            if target.suffix == ".service":
                wants = target.parent / "multi-user.target.wants"
                wants.mkdir(exist_ok=True)
                (wants / target.name).symlink_to(f"../{target.name}")
        # The kernel unpacks one archive after the other, the later over the earlier.
        with image.open("wb") as out:
            for folder in (root, above):
                archive(folder, out)


def archive(folder: Path, out) -> None:
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))]
    cpio = ["cpio", "--quiet", "--null", "--create", "--format=newc"]
    subprocess.run(cpio, check=True, cwd=folder, input="\0".join(names).encode(), stdout=out)


def add_modules(above: Path) -> None:
    """Copies the modules and what they need, unpacked, with the lists that modprobe reads."""
    source = next(BUILT.glob("kernel/lib/modules/*"))
    version = source.name
    subprocess.run(["depmod", "-b", BUILT / "kernel", version], check=True)
    target = above / "usr/lib/modules" / version
    for module in MODULES:
        modprobe = ["modprobe", "-d", BUILT / "kernel", "-S", version, "--show-depends", module]
        needed = subprocess.run(modprobe, check=True, capture_output=True, text=True).stdout
        for line in needed.splitlines():
            kind, _, path = line.partition(" ")
            if kind == "insmod":
                file = Path(path.strip())
                inside = target / file.relative_to(source)
                inside.parent.mkdir(parents=True, exist_ok=True)
                unpack(file, inside)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy2(source / name, target / name)
    # modprobe and depmod look in /lib, which is a link to /usr/lib in the root.
    (above / "lib").symlink_to("usr/lib")
    subprocess.run(["depmod", "-b", above, version], check=True)
    (above / "lib").unlink()


def unpack(file: Path, inside: Path) -> None:
    if file.suffix == ".xz":
        with inside.with_suffix("").open("wb") as out:
            subprocess.run(["xz", "-dc", file], check=True, stdout=out)
    else:
        shutil.copy2(file, inside)
