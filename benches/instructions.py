"""Counts the instructions of one inference on aarch64, in dermascope and in onnxruntime's own wheel.

    make arm64-root cross
    python benches/instructions.py --dermascope target/aarch64-unknown-linux-gnu/release/dermascope
                                   [--model models/lesion.toml] [--cpu cortex-a72 cortex-a76]

Boots the virtual machine of tests/vm with a clock that moves one nanosecond an instruction (qemu's -icount), so that a
millisecond there is a million instructions, the kernel's few included. Needs pip and what `make arm64-root` needs.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "vm"))
import image  # noqa: E402

# The guest's Python is Debian bookworm's.
WHEELS = ("onnxruntime==1.32.0", "numpy==2.4.6", "flatbuffers", "protobuf", "packaging")
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")

INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHONPATH=/bench/site
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /run /tmp
sleep 30 # of the guest's time, which passes at once: the kernel has work of its own for a while after its start
/bench/dermascope bench --runs 5 --model /bench/models/lesion.toml
python3 /bench/guest.py
poweroff -f
"""

GUEST = """
import time
import numpy, onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession("/bench/models/lesion.onnx", options)
entry = session.get_inputs()[0]
picture = numpy.random.default_rng(1).uniform(-1, 1, entry.shape).astype("f4")
for _ in range(5):
    start = time.monotonic_ns()
    session.run(None, {entry.name: picture})
    last = time.monotonic_ns() - start
print(f"onnxruntime {onnxruntime.__version__}: {last / 1e6:.1f} million instructions an inference")
"""


def wheels(folder: Path) -> Path:
    """onnxruntime for the guest, unpacked."""
    if not folder.exists():
        part = folder.with_suffix(".part")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", part]
        pip += ["--python-version", "3.11", "--implementation", "cp"]
        for platform in PLATFORMS:
            pip += ["--platform", platform]
        subprocess.run([*pip, *WHEELS], check=True)
        part.rename(folder)
    return folder


def boot(guest: Path, cpu: str) -> str:
    qemu = ["qemu-system-aarch64", "-M", "virt", "-cpu", cpu, "-smp", "1", "-m", "2048", "-icount", "shift=0,sleep=off"]
    qemu += ["-nic", "none", "-display", "none", "-no-reboot", "-kernel", image.kernel(), "-initrd", guest]
    qemu += ["-append", "console=ttyAMA0 quiet panic=-1 rdinit=/bench/init", "-serial", "stdio"]
    return subprocess.run(qemu, check=True, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dermascope", type=Path, required=True, help="built for aarch64")
    parser.add_argument("--model", type=Path, default=HERE.parent / "models" / "lesion.toml")
    parser.add_argument("--cpu", nargs="+", default=["cortex-a72", "cortex-a76"])
    options = parser.parse_args()
    work = image.BUILT / "instructions"
    work.mkdir(parents=True, exist_ok=True)
    for name, text in (("init", INIT), ("guest.py", GUEST)):
        (work / name).write_text(text)
        (work / name).chmod(0o755)
    inside = {"init": work / "init", "guest.py": work / "guest.py", "dermascope": options.dermascope}
    inside |= {"site": wheels(work / "site"), "models/lesion.toml": options.model}
    inside["models/lesion.onnx"] = options.model.with_suffix(".onnx")
    guest = work / "guest.cpio"
    image.pack(guest, image.BUILT / "root", {f"/bench/{name}": source for name, source in inside.items()})
    for cpu in options.cpu:
        print(f"{cpu} (1 ms is a million instructions)\n{boot(guest, cpu)}", flush=True)


if __name__ == "__main__":
    main()
