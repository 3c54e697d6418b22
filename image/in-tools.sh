#!/usr/bin/env bash
# Runs a command among the card's tools (build/image/tools), with this repository at /src, its working folder.
#   image/in-tools.sh COMMAND...
# Needs root. What it mounts is seen by the command alone, and goes with it.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
tools=$here/build/image/tools
mkdir -p "$tools/src"
exec unshare --mount --propagation private bash -c '
    here=$1 tools=$2; shift 2
    mount --rbind "$here" "$tools/src"
    mount --rbind /dev "$tools/dev"
    mount -t proc proc "$tools/proc"
    mount -t tmpfs tmp "$tools/tmp"
    exec chroot "$tools" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/tmp \
        SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}" bash -c "cd /src && exec \"\$@\"" - "$@"
' - "$here" "$tools" "$@"
