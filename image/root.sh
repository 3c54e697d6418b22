#!/usr/bin/env bash
# Makes build/image/root.img: the read-only root with its hash tree behind it, of base.tar, our package and image/root;
# and build/image/verity, the table that the initramfs opens it by. Run among the tools (image/in-tools.sh), as root.
#   image/root.sh PACKAGE KEYRING
set -euo pipefail
. image/layout.sh
package=$1 keyring=$2
out=build/image root=build/image/root
rm -rf $root
mkdir -p $root
tar -C $root --numeric-owner -xf $out/base.tar

# Whose the data is must be the same number in every version: records outlive the root.
mount -t proc proc $root/proc
cat >$root/tmp/numbers.conf <<END
g gpio 990
g spi 989
u dermascope 988 "dermascope" /var/lib/dermascope
END
chroot $root env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" systemd-sysusers /tmp/numbers.conf

# Our package, set up by Debian's own programs.
cp "$package" $root/tmp/package.deb
chroot $root env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" dpkg --install /tmp/package.deb
rm $root/tmp/package.deb

cp -r image/root/. $root
install -m 644 "$keyring" $root/etc/rauc/keyring.pem
# What a laptop can change is on the set-up partition.
mkdir -p $root/boot/firmware $root/usr/share/dermascope/default
mv $root/etc/dermascope/dermascope.toml $root/usr/share/dermascope/default/
# Below the set-up partition's mount point, for a card whose set-up partition cannot be read.
cp image/fat/dermascope.toml $root/boot/firmware/
ln -s /boot/firmware/dermascope.toml $root/etc/dermascope/dermascope.toml
echo dermascope >$root/etc/hostname
printf '127.0.0.1 localhost dermascope\n::1 localhost\n' >$root/etc/hosts
: >$root/etc/machine-id
ln -sf /run/systemd/resolve/stub-resolv.conf $root/etc/resolv.conf
rm -f $root/etc/fstab

# The kernel's modules.
version=$(ls $out/parts/root/usr/lib/modules)
target=$root/usr/lib/modules/$version
mkdir -p "$target"
sed 's/ *#.*//; s/ early//; /^$/d' image/modules | while read -r module; do
    modprobe -d $out/parts/root -S "$version" --show-depends --ignore-install "$module" 2>/dev/null ||
        echo "this kernel has no module $module" >&2
done | sed -n 's/^insmod //p' | sort -u | while read -r file; do
    inside=$target/${file#*/"$version"/}
    mkdir -p "$(dirname "$inside")"
    cp "$file" "$inside"
done
cp $out/parts/root/usr/lib/modules/"$version"/modules.{builtin,builtin.modinfo,order} "$target"
if [ -d $out/cameras ]; then mkdir -p "$target/updates" && cp $out/cameras/*.ko* "$target/updates/"; fi
depmod -b $root "$version"

# Services: ours and what they need. Nobody logs in; nothing is written to the root that would have to be remembered.
systemctl() { chroot $root systemctl "$@"; }
systemctl preset-all
systemctl set-default multi-user.target
sed 's/ *#.*//; /^$/d' image/masked | while read -r unit; do systemctl --quiet mask "$unit"; done

# What is on the card, for the list beside it and for who looks into a running one.
mkdir -p $root/usr/share/dermascope
chroot $root dpkg-query --show --showformat '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n' >$out/versions.root
for deb in $out/parts/debs/*.deb; do
    dpkg-deb --show --showformat '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n' "$deb"
done >$out/versions.parts
cp $out/versions.root $root/usr/share/dermascope/packages

# /var is the data partition; what packages left there is remade or not needed.
rm -rf $root/var
sed 's/ *#.*//; /^$/d' image/left-out | while read -r path; do rm -rf $root/$path; done
for plugin in $root/usr/lib/aarch64-linux-gnu/gstreamer-1.0/libgst*.so; do
    name=$(basename "$plugin" .so)
    grep -qx "${name#libgst}" image/gstreamer-plugins || rm "$plugin"
done
mkdir -p $root/var
umount $root/proc
find $root/tmp $root/run $root/dev -mindepth 1 -delete

# Every file's time, so that the same packages give the same bytes; the newest is what the clock starts from.
find $root -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
image=$out/root.img
rm -f $image
mkfs.erofs --quiet -zlz4hc,9 -C65536 -T"$SOURCE_DATE_EPOCH" \
    -U 6465726d-6173-636f-7065-000000000001 $image $root
truncate --size=%$BLOCK $image
data=$(stat -c %s $image)
salt=$(printf '%s' "dermascope $SOURCE_DATE_EPOCH" | sha256sum | cut -d' ' -f1)
hash=$(veritysetup format --no-superblock --data-block-size=$BLOCK --hash-block-size=$BLOCK --salt="$salt" \
    --data-blocks=$((data / BLOCK)) --hash-offset="$data" $image $image | sed -n 's/^Root hash:[[:space:]]*//p')
[ "$(stat -c %s $image)" -le $((ROOT_MIB << 20)) ] || { echo "root.img is larger than ROOT_MIB in image/layout.sh" >&2; exit 1; }
echo "0 $((data / 512)) verity 1 DEVICE DEVICE $BLOCK $BLOCK $((data / BLOCK)) $((data / BLOCK)) sha256 $hash $salt" >$out/verity
