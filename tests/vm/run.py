#!/usr/bin/env python3
"""Runs a shell script in the virtual machine and prints what it said: `run.py SCRIPT [--file /guest/path=FILE]...`.

The exit status is the script's. The daemon's binary and other files go in with --file; what the script writes to
/share lies in --folder afterwards, beside the console's log."""

import argparse
import sys
from pathlib import Path

import image
from machine import Machine


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("script", type=Path)
    arguments.add_argument("--file", action="append", default=[], metavar="/GUEST/PATH=FILE")
    arguments.add_argument("--folder", type=Path, default=image.BUILT / "run")
    arguments.add_argument("--seconds", type=float, default=300)
    args = arguments.parse_args()
    pairs = (pair.partition("=") for pair in args.file)
    args.folder.mkdir(parents=True, exist_ok=True)
    guest = args.folder / "guest.cpio"
    image.pack(guest, image.BUILT / "root", {inside: Path(file) for inside, _, file in pairs})
    with Machine(args.folder / "machine", guest) as machine:
        machine.wait_for_console("agent: ready")
        job = machine.start(args.script.read_text())
        status = machine.wait_for(f"the end of {args.script}", lambda: machine.status(job), args.seconds)
        print(job.with_suffix(".sh.out").read_text(errors="replace"), end="")
        return int(status)


if __name__ == "__main__":
    sys.exit(main())
