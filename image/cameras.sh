#!/usr/bin/env bash
# Builds the drivers of ribbon cameras that Debian's kernel leaves out, of Debian's own source for that very kernel, into
# build/image/cameras. Run among the tools, as root, after image/fetch.sh. Once for each kernel.
set -euo pipefail
out=build/image parts=build/image/parts
version=$(ls $parts/root/usr/lib/modules)
[ "$(cat $out/cameras/version 2>/dev/null)" = "$version" ] && exit 0
rm -rf $out/cameras $out/kernel
mkdir -p $out/cameras $out/kernel/debs $out/kernel/root $out/kernel/modules
upstream=${version%+*} common=${version%-arm64}
cd $out/kernel/debs
apt-get -qq update
apt-get -qq -o APT::Sandbox::User=root download "linux-headers-$version:arm64" "linux-headers-$common-common" \
    "linux-kbuild-$common" "linux-source-${upstream%.*}"
# The source must be the kernel's own.
kernel=$(dpkg-deb --field ../../parts/debs/linux-image-*.deb Version)
source=$(dpkg-deb --field linux-source-*.deb Version)
[ "$kernel" = "$source" ] || { echo "linux-source is $source, the kernel is $kernel: make image-update" >&2; exit 1; }
for package in *.deb; do dpkg-deb --extract "$package" ../root; done
cd ..
ln -s usr/lib root/lib
tar -C modules --strip-components=1 --wildcards -xf root/usr/src/linux-source-*.tar.xz \
    '*/drivers/media/platform/broadcom/bcm2835-unicam*' '*/drivers/media/v4l2-core/v4l2-cci.c' \
    '*/drivers/media/i2c/imx219.c' '*/drivers/media/i2c/ov5647.c'
find modules/drivers -type f -exec mv {} modules/ \;
# Debian's kernel lacks the helper of newer sensors, too.
cat >modules/Makefile <<'END'
obj-m := bcm2835-unicam.o v4l2-cci.o imx219.o ov5647.o
ccflags-y := -DCONFIG_V4L2_CCI=1 -DCONFIG_V4L2_CCI_I2C=1
END
# Paths that the headers' own makefile has are of an installed system.
headers=/src/$out/kernel/root/usr/src/linux-headers-$version
ln -sfn "/src/$out/kernel/root/usr/src/linux-headers-$common-common" "/usr/src/linux-headers-$common-common"
ln -sfn "/src/$out/kernel/root/usr/lib/linux-kbuild-$common" "/usr/lib/linux-kbuild-$common"
make -C "$headers" M="$PWD/modules" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CONFIG_DEBUG_INFO_BTF_MODULES= KBUILD_BUILD_TIMESTAMP="@$SOURCE_DATE_EPOCH" modules
aarch64-linux-gnu-strip --strip-debug modules/*.ko
cp modules/*.ko ../cameras/
echo "$version" >../cameras/version
