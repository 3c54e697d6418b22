#!/usr/bin/env bash
# Makes an update: the system and the root of build/image, or those of another folder, signed.
#   image/bundle.sh OUT [FOLDER [KEY CERTIFICATE]]
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1 folder=${2:-build/image} key=${3:-$(bash image/keys.sh key)} certificate=${4:-$(bash image/keys.sh certificate)}
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
content=build/image/bundle
rm -rf $content "$out"
mkdir -p $content
ln "$folder/system.img" "$folder/root.img" $content/ 2>/dev/null || cp "$folder/system.img" "$folder/root.img" $content/
cat >$content/manifest.raucm <<END
[update]
compatible=dermascope-arm64
version=$version

[bundle]
format=verity

[image.system]
filename=system.img

[image.root]
filename=root.img
END
image/in-tools.sh rauc --cert="$certificate" --key="$key" bundle --mksquashfs-args="-comp zstd -Xcompression-level 3" $content "$out"
