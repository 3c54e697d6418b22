#!/usr/bin/env bash
# Makes build/dermascope-arm64.img.xz and what lies beside it: .versions (every package), .cdx.json (CycloneDX) and
# .raucb (the same system as an update). Run by `make image`, as root.
#   image/build.sh PACKAGE
set -euo pipefail
cd "$(dirname "$0")/.."
package=$1
# One time for every file: that of the commit, or what is asked for.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
name=build/dermascope-arm64
bash image/fetch.sh
bash image/keys.sh
image/in-tools.sh bash image/cameras.sh >build/image/cameras.log 2>&1 || { cat build/image/cameras.log >&2; exit 1; }
image/in-tools.sh bash image/root.sh "$package" "$(bash image/keys.sh certificate)"
image/in-tools.sh bash image/system.sh
image/in-tools.sh bash image/card.sh
python3 image/sbom.py build/image/versions.root build/image/versions.parts "$package" >$name.cdx.json
cut -f1-3 build/image/versions.root build/image/versions.parts | LC_ALL=C sort -u >$name.versions
image/in-tools.sh xz -1 -T2 --block-size=16MiB --keep --stdout build/image/card.img >$name.img.xz
bash image/bundle.sh $name.raucb
(cd build && sha256sum dermascope-arm64.{img.xz,raucb,versions,cdx.json} >dermascope-arm64.sha256)
ls -l $name.*
