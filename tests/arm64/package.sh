#!/usr/bin/env bash
# The package's life in an arm64 Debian, under qemu: install, upgrade over a changed configuration, remove, purge.
#   package.sh PACKAGE.deb
set -euo pipefail
package=$(realpath "$1")
cd "$(dirname "$0")/../.."
bash tests/arm64/binfmt.sh
root=build/arm64/installed
rm -rf $root
cp -a --reflink=auto build/arm64/root $root
trap 'rm -rf build/arm64/installed build/arm64/newer' EXIT

fail() { echo "package: $*" >&2; exit 1; }
in_root() { chroot $root env DEBIAN_FRONTEND=noninteractive "$@"; }
# A link of the root leads nowhere from outside; that it is there is enough.
has() { for path in "$@"; do [ -e "$root/$path" ] || [ -L "$root/$path" ] || fail "$path is not there"; done; }
has_not() { for path in "$@"; do [ ! -e "$root/$path" ] || fail "$path is still there"; done; }
install() { cp "$1" $root/tmp/package.deb; in_root dpkg --force-confold --install /tmp/package.deb; }
changed='# changed by a person'

echo "install"
install "$package"
has usr/bin/dermascope usr/share/dermascope/models/lesion.onnx usr/share/dermascope/boards/waveshare-1.3.toml \
    etc/dermascope/dermascope.toml usr/share/man/man1/dermascope.1.gz \
    etc/systemd/system/multi-user.target.wants/dermascope.service usr/lib/systemd/system/dermascope-{poweroff,clock}.path \
    usr/lib/systemd/system/dermascope-usb.service
# Installing must never switch a computer off.
grep -l "start.*poweroff" $root/var/lib/dpkg/info/dermascope.* && fail "the package's scripts start the unit that switches off"
in_root dermascope --version
in_root dermascope config check /etc/dermascope/dermascope.toml
groups=$(in_root id -nG dermascope)
for group in video gpio spi dialout; do
    [[ " $groups " == *" $group "* ]] || fail "dermascope is not in $group, only in $groups"
done
in_root systemd-analyze --man=no verify /usr/lib/systemd/system/dermascope.service

echo "upgrade, the configuration changed"
echo "$changed" >>$root/etc/dermascope/dermascope.toml
mkdir -p $root/var/lib/dermascope && touch $root/var/lib/dermascope/records.sqlite
dpkg-deb --raw-extract "$package" build/arm64/newer
sed -i 's/^Version: .*/&+1/' build/arm64/newer/DEBIAN/control
echo '# of the newer version' >>build/arm64/newer/etc/dermascope/dermascope.toml
dpkg-deb --root-owner-group -Zgzip --build build/arm64/newer build/arm64/newer.deb >/dev/null
install build/arm64/newer.deb
rm build/arm64/newer.deb
grep -q "$changed" $root/etc/dermascope/dermascope.toml || fail "the upgrade lost the changed configuration"
has etc/dermascope/dermascope.toml.dpkg-dist

echo "remove"
in_root dpkg --remove dermascope
has_not usr/bin/dermascope usr/share/dermascope
grep -q "$changed" $root/etc/dermascope/dermascope.toml || fail "removing lost the changed configuration"

echo "purge"
in_root dpkg --purge dermascope
has_not etc/dermascope/dermascope.toml
has var/lib/dermascope/records.sqlite

echo "package: installed, upgraded, removed and purged"
