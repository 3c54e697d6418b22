#!/usr/bin/env bash
# Makes build/release/ from the package: version and changelog checked, checksums, a list of all dependencies with their
# licences, notes, and a signature where RELEASE_KEY names a key of gpg. Run by `make release`.
#   cross/release.sh CARGO-CYCLONEDX
set -euo pipefail
cd "$(dirname "$0")/.."
cyclonedx=$1
fail() { echo "release: $1" >&2; exit 1; }

version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
[ -n "$version" ] || fail "Cargo.toml: no version in [package]"
[ -z "$(git status --porcelain)" ] || fail "the tree has changes that are not committed: commit or stash them"
tagged=$(git rev-parse --verify --quiet "refs/tags/v$version^{commit}" || true)
[ -z "$tagged" ] || [ "$tagged" = "$(git rev-parse HEAD)" ] ||
    fail "v$version is a tag of another commit: raise the version in Cargo.toml"

# The newest section must be this version's, with its day.
heading=$(grep -m1 '^## ' CHANGELOG.md || true)
[[ "$heading" =~ ^"## $version, "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
    fail "CHANGELOG.md begins with \"$heading\": write \"## $version, $(date -u +%F)\" there"

"${MAKE:-make}" deb
package=build/dermascope_arm64.deb
packaged=$(dpkg-deb --field "$package" Version)
[ "${packaged%-*}" = "$version" ] || fail "$package has version $packaged, not $version"

out=build/release
rm -rf "$out"
mkdir -p "$out"
cp "$package" "$out/dermascope_${version}_arm64.deb"
awk '/^## / { if (seen++) exit; next } seen' CHANGELOG.md >"$out/NOTES.md"

# One list for what is in the package: what is only built or tested with is not in it.
"$cyclonedx" cyclonedx --manifest-path Cargo.toml --format json --target aarch64-unknown-linux-gnu --no-build-deps --all \
    --override-filename "dermascope_$version.cdx"
mv "dermascope_$version.cdx.json" "$out/"
# It writes one beside every member of the workspace.
find crates -name "dermascope_$version.cdx.json" -delete

(cd "$out" && sha256sum -- * >SHA256SUMS)
if [ -n "${RELEASE_KEY:-}" ]; then
    gpg --batch --yes --local-user "$RELEASE_KEY" --armor --detach-sign "$out/SHA256SUMS"
else
    echo "release: not signed: RELEASE_KEY names no key" >&2
fi
ls -l "$out"
[ -n "$tagged" ] || echo "release: now \`git tag v$version\` and push the tag"
