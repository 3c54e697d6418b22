#!/usr/bin/env bash
# Makes build/arm64/root, a small Debian for arm64 as a Raspberry Pi OS card has it, and build/arm64/kernel, Debian's
# kernel for it. The package is installed there, and the virtual machine boots it. Takes minutes, once.
set -euo pipefail
cd "$(dirname "$0")/../.."
suite=bookworm
folder=build/arm64
mkdir -p $folder
bash tests/arm64/binfmt.sh

# adduser to udev: what every Raspberry Pi OS has. The rest is for the tests inside.
packages=(adduser dbus kmod libpam-systemd systemd systemd-sysv udev
    busybox-static gpiod iproute2 libpython3-stdlib python3-minimal v4l-utils wget)
if [ ! -e $folder/root.done ]; then
    rm -rf $folder/root
    mmdebstrap --quiet --mode=root --architectures=arm64 --variant=minbase \
        --include="$(IFS=,; echo "${packages[*]}")" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --aptopt='Acquire::Languages "none"' --aptopt='APT::Sandbox::User "root"' \
        $suite $folder/root /etc/apt/sources.list.d/debian.sources
    touch $folder/root.done
fi

# The kernel is unpacked, not installed: it boots from outside and gives only the modules that are asked for.
# 6.12 is what Raspberry Pi OS runs.
if [ ! -e $folder/kernel.done ]; then
    rm -rf $folder/kernel
    mkdir $folder/kernel
    chroot $folder/root apt-get update -qq
    image=$(chroot $folder/root apt-cache depends linux-image-6.12-arm64 | sed -n 's/.*Depends: //p' | head -1)
    chroot $folder/root apt-get download -qq "$image"
    dpkg -x $folder/root/linux-image-*.deb $folder/kernel
    rm -rf $folder/root/linux-image-*.deb $folder/root/var/lib/apt/lists/*
    touch $folder/kernel.done
fi
