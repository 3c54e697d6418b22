#!/usr/bin/env bash
# Fuzzes every parser of bytes from outside with libFuzzer, guided by coverage, for SECONDS in all.
#   tests/fuzz.sh SECONDS [TARGET...]
# The instruments are LLVM's own, which stable Rust passes on; the corpus in fuzz/corpus is kept, and what is found new
# goes to build/fuzz. A crash fails, and names the input that does it again.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | grep -v '^dermascope-fuzz$')
fi

instruments="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
triple=$(rustc -vV | sed -n 's/^host: //p')
# With --target, so that what builds the build runs without instruments.
RUSTFLAGS="--cfg fuzzing $(echo $instruments)" \
    cargo build --manifest-path fuzz/Cargo.toml --target-dir build/fuzz/target --target "$triple" --bins

each=$((seconds / ${#targets[@]}))
failed=0
for target in "${targets[@]}"; do
    mkdir -p "build/fuzz/corpus/$target" "build/fuzz/crashes" "fuzz/corpus/$target"
    echo "fuzzing $target for $each s"
    if "build/fuzz/target/$triple/debug/$target" -max_total_time="$each" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$target-" \
        "build/fuzz/corpus/$target" "fuzz/corpus/$target" >"build/fuzz/$target.log" 2>&1; then
        grep -E '^#[0-9]+.*DONE' "build/fuzz/$target.log" || tail -3 "build/fuzz/$target.log"
    else
        tail -30 "build/fuzz/$target.log"
        failed=1
    fi
done
exit $failed
