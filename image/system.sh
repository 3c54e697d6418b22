#!/usr/bin/env bash
# Makes build/image/system.img: a small file system with the kernel and its initramfs, whose checksums u-boot checks. Run among the tools, as root, after image/root.sh.
set -euo pipefail
. image/layout.sh
out=build/image parts=build/image/parts/root
early=$out/initramfs
version=$(ls $parts/usr/lib/modules)
rm -rf $early
mkdir -p $early/{bin,lib/modules}
cp image/initramfs/init $early/init
chmod 755 $early/init
cp $parts/usr/bin/busybox $early/bin/busybox
cp $parts/usr/sbin/dmsetup $early/bin/dmsetup
for library in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdevmapper.so.1.02.1 libudev.so.1 libcap.so.2 libselinux.so.1 libpcre2-8.so.0; do
    cp -L $parts/usr/lib/aarch64-linux-gnu/$library $early/lib/
done
sed -n 's/ early$//p' image/modules | while read -r module; do
    modprobe -d $parts -S "$version" --show-depends --ignore-install "$module"
done | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' | while read -r file; do
    name=$(basename "$file" .xz)
    xz -dc "$file" >"$early/lib/modules/$name"
    echo "/lib/modules/$name"
done >$early/modules
cp $out/verity $early/verity
echo $((TURN_OFFSET / 512)) >$early/turn-block
# The disk's signature, in the order in which its bytes lie on the disk.
printf '%08x' $SIGNATURE | sed -E 's/(..)(..)(..)(..)/\4\3\2\1/' >$early/signature
turn() { printf 'BOOT_ORDER=%s\nBOOT_A_LEFT=%s\nBOOT_B_LEFT=%s\n' "$1" "$2" "$3" | mkenvimage -s 512 -p 0 -o "$4" -; }
turn "B A" 0 3 $early/gave-up-A
turn "A B" 3 0 $early/gave-up-B
turn "A B" 3 0 $out/turn

find $early -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
(cd $early && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --reproducible --owner=0:0 --create --format=newc) |
    zstd -q -15 >$out/initramfs.zst
# The kernel is compressed once for each version; gzip is what Debian's u-boot unpacks.
linux=$out/linux-$version.gz
[ -e "$linux" ] || { gzip -9n <$parts/boot/vmlinuz-"$version" >"$linux.part" && mv "$linux.part" "$linux"; }
rm -rf $out/system
mkdir $out/system
wrap() { mkimage -A arm64 -O linux -T "$1" -C "$2" -a 0x200000 -e 0x200000 -n "dermascope $version" -d "$3" "$out/system/$4" >/dev/null; }
wrap kernel gzip "$linux" linux.img
wrap ramdisk none $out/initramfs.zst initramfs.img
touch --date="@$SOURCE_DATE_EPOCH" $out/system/*
rm -f $out/system.img
truncate --size=${SYSTEM_MIB}M $out/system.img
mkfs.vfat --invariant -n SYSTEM $out/system.img >/dev/null
mcopy -m -i $out/system.img $out/system/linux.img $out/system/initramfs.img ::
