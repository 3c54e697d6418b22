#!/usr/bin/env bash
# Makes build/dermascope-arm64.img, the card: set-up partition, systems A and B, and data; compressed, with its lists.
# Run among the tools, as root, after image/system.sh.
set -euo pipefail
. image/layout.sh
out=build/image parts=build/image/parts/root
version=$(ls $parts/usr/lib/modules)
fat=$out/fat
rm -rf $fat
mkdir -p $fat/overlays
cp $parts/usr/lib/raspi-firmware/{bootcode.bin,start.elf,start4.elf,fixup.dat,fixup4.dat} $fat
cp $parts/usr/lib/u-boot/rpi_arm64/u-boot.bin $fat
cp $parts/usr/lib/linux-image-"$version"/broadcom/bcm{2837-rpi-3-a-plus,2837-rpi-3-b,2837-rpi-3-b-plus,2837-rpi-zero-2-w,2711-rpi-4-b,2711-rpi-400}.dtb $fat
for source in image/overlays/*.dts; do
    dtc -q -@ -I dts -O dtb -o "$fat/overlays/$(basename "$source" .dts).dtbo" "$source"
done
# Ribbon cameras, each for every board, and the lines that switch them on.
lines=
while read -r board bus pins power line; do
    lines+="[$board]"$'\n'
    while read -r camera compatible address clock link; do
        setting=
        [ "$pins" = - ] || setting="pinctrl-names = \"default\"; pinctrl-0 = <\&$pins>;"
        sed -e "s|@CLOCK@|$clock|; s|@POWER@|\\$power $line|; s|@BUS@|$bus|; s|@PINS@|$setting|" \
            -e "s|@ADDRESS@|$address|; s|@COMPATIBLE@|$compatible|; s|@LINK@|$link|" image/overlays/camera.dts.in |
            dtc -q -@ -I dts -O dtb -o "$fat/overlays/dermascope-$camera-$board.dtbo" -
        lines+="#dtoverlay=dermascope-$camera-$board"$'\n'
    done < <(sed '/^#/d' image/cameras.list)
done < <(sed '/^#/d' image/boards.list)
lines+="[all]"
sed -e "s|@TURN_BLOCK@|$(printf %x $((TURN_OFFSET / 512)))|; s|@ARGUMENTS@|$ARGUMENTS|" image/fat/boot.cmd >$out/boot.cmd
mkimage -A arm64 -O linux -T script -n dermascope -d $out/boot.cmd $fat/boot.scr >/dev/null
mkenvimage -s 0x4000 -p 0 -o $fat/uboot.env image/fat/uboot.env.txt
cp image/fat/extra.env $fat
# What people edit has lines that Windows' editor shows as lines.
sed 's/$/\r/' image/fat/README.txt >$fat/README.txt
awk -v cameras="$lines" '$0 == "@CAMERAS@" { print cameras; next } { print }' image/fat/config.txt | sed 's/$/\r/' >$fat/config.txt
cat image/fat/dermascope.toml >$fat/dermascope.toml
find $fat -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
rm -f $out/fat.img
truncate --size=${FAT_MIB}M $out/fat.img
mkfs.vfat --invariant -F 32 -n DERMASCOPE $out/fat.img >/dev/null
(cd $fat && find . -mindepth 1 | LC_ALL=C sort | while read -r file; do
    if [ -d "$file" ]; then mmd -i ../fat.img "::${file#./}"; else mcopy -m -i ../fat.img "$file" "::${file#./}"; fi
done)

rm -rf $out/data $out/data.img
mkdir -p $out/data/lib
find $out/data -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
truncate --size=${DATA_MIB}M $out/data.img
# Blocks, inodes and room for the table of groups are for the card that it grows to, not for what is written of it.
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -d $out/data -L data -b 4096 -i 65536 -J size=16 -m 1 -O ^metadata_csum_seed,^orphan_file \
    -E hash_seed=6465726d-6173-636f-7065-000000000003,root_owner=0:0,lazy_itable_init=0,resize=33554432 -U 6465726d-6173-636f-7065-000000000002 $out/data.img

# A table of the old kind, which a Pi 3 starts from: A and B in an extended partition, and data behind it, so that it can
# grow by one entry of one sector. Each logical partition has a sector of its own a MiB before it.
at=1
card=$out/card.img
rm -f $card
table="label: dos\nlabel-id: $SIGNATURE\nunit: sectors\n"
line() { table+="$1 : start=$(($2 * 2048)), size=$(($3 * 2048)), type=$4\n"; }
write() { dd if="$1" of=$card bs=1M seek="$2" conv=notrunc,sparse status=none; }
inside=$((at + FAT_MIB))
data=$((inside + 2 * (SYSTEM_MIB + ROOT_MIB) + 4))
truncate --size=$(((data + DATA_MIB) << 20)) $card
line 1 $at $FAT_MIB "c, bootable"
line 2 $inside $((data - inside)) f
line 3 $data $DATA_MIB 83
number=5 next=$inside
for size in $SYSTEM_MIB $ROOT_MIB $SYSTEM_MIB $ROOT_MIB; do
    line $number $((next + 1)) "$size" 83
    starts[number]=$((next + 1))
    next=$((next + 1 + size)) number=$((number + 1))
done
printf '%b' "$table" | sfdisk --quiet --no-reread --no-tell-kernel $card
dd if=$out/turn of=$card bs=512 seek=$((TURN_OFFSET / 512)) conv=notrunc status=none
write $out/fat.img $at
write $out/system.img "${starts[5]}"
write $out/root.img "${starts[6]}"
write $out/data.img $data
