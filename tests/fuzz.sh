#!/usr/bin/env bash
# Fuzzes every parser of bytes from outside with libFuzzer, guided by coverage.
#   tests/fuzz.sh SECONDS [TARGET...]   for so long in all, from another seed each time
#   tests/fuzz.sh RUNSx [TARGET...]     RUNS inputs for each from one seed: the same ones each time, as CI wants them
# The instruments are LLVM's own, which stable Rust passes on; the corpus in fuzz/corpus is kept, and what is found new
# goes to build/fuzz. A crash fails, and names the input that does it again.
set -euo pipefail
cd "$(dirname "$0")/.."
effort=$1
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

case $effort in
    *x) limits=(-seed=1 -runs="${effort%x}") ;;
    *) limits=(-max_total_time=$((effort / ${#targets[@]}))) ;;
esac
failed=0
for target in "${targets[@]}"; do
    mkdir -p "build/fuzz/corpus/$target" "build/fuzz/crashes" "fuzz/corpus/$target"
    echo "fuzzing $target (${limits[*]})"
    if "build/fuzz/target/$triple/debug/$target" "${limits[@]}" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$target-" \
        "build/fuzz/corpus/$target" "fuzz/corpus/$target" >"build/fuzz/$target.log" 2>&1; then
        grep -E '^#[0-9]+.*DONE' "build/fuzz/$target.log" || tail -3 "build/fuzz/$target.log"
    else
        # What the panic said stands before its backtrace; the input is told whole, so that it need not be fetched.
        grep -A 3 'panicked at' "build/fuzz/$target.log" || true
        tail -30 "build/fuzz/$target.log"
        for input in build/fuzz/crashes/"$target"-*; do
            echo "$input, in base64:"
            base64 "$input"
        done
        failed=1
    fi
done
exit $failed
