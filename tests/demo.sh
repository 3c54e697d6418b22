#!/usr/bin/env bash
# `make demo` as a new user runs it: it must print its address, show the live picture there, and end cleanly.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# There before it is read: what runs in the background opens it in its own time.
: >"$folder/out"
setsid make demo ARGS="--listen 127.0.0.1:0 --folder $folder/demo" >"$folder/out" 2>"$folder/err" &
demo=$!
stop() { kill -TERM -- "-$demo" 2>/dev/null || true; }
fail() { echo "make demo: $1" >&2; cat "$folder/out" "$folder/err" >&2; stop; exit 1; }

address=""
for _ in $(seq 1200); do
    address=$(sed -n 's/^listening on //p' "$folder/out")
    [ -n "$address" ] && break
    kill -0 "$demo" 2>/dev/null || fail "ended before it was listening"
    sleep 1
done
[ -n "$address" ] || fail "printed no address"

for _ in $(seq 60); do
    python3 - "$address" <<'PY' && { stop; wait "$demo" || true; echo "make demo: live at $address"; exit 0; }
import json, sys, urllib.request
status = json.load(urllib.request.urlopen(sys.argv[1] + "/api/v1/status"))
page = urllib.request.urlopen(sys.argv[1] + "/").read().decode()
sys.exit(0 if status["screen"] == "viewfinder" and "Research use only" in page else 1)
PY
    sleep 1
done
fail "never showed the live picture"
