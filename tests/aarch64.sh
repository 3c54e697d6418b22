#!/usr/bin/env bash
# `make cross-test`: on each of the Raspberry Pi's processors, under qemu, the kernels' own tests, and then the whole
# program on pictures, against the program of this computer.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu

for processor in cortex-a53 cortex-a72 cortex-a76; do
    echo "kernels on $processor"
    QEMU_CPU=$processor cargo test --quiet --target $target --package tract-int8 --no-default-features --test kernels
done
DERMASCOPE_AARCH64=$(realpath "${CARGO_TARGET_DIR:-target}/$target/release/dermascope") \
    cargo test --quiet --test it -- aarch64 --nocapture
