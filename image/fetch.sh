#!/usr/bin/env bash
# Fetches what the card is made of from Debian, once, into build/image: tools/ (a Debian of this computer's kind with the
# programs that make the card), base.tar (the root's packages, for arm64) and parts/ (packages that are only unpacked:
# kernel, firmware, u-boot, the initramfs's programs). Minutes, for the arm64 packages are set up by an emulator.
# A changed list is fetched again; `make image-update` fetches all anew for Debian's newest versions.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/image
mkdir -p $out
bash tests/arm64/binfmt.sh

listed() { sed 's/ *#.*//; /^$/d' "$1"; }
# Whether what a stamp stands for is of these very lists.
is_fresh() { [ "$(cat "$out/$1.stamp" 2>/dev/null)" = "$(stamp "$@")" ]; }
stamp() { shift; cat "$@" image/debian.sources | sha256sum | cut -d' ' -f1; }
done_with() { stamp "$@" >"$out/$1.stamp"; }

bootstrap() { # ARCHITECTURES LIST TARGET
    mmdebstrap --quiet --mode=root --variant=minbase --architectures="$1" --include="$(listed "$2" | paste -sd,)" \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --aptopt='Acquire::Languages "none"' --aptopt='APT::Sandbox::User "root"' \
        --aptopt='APT::Install-Recommends "false"' "${@:4}" trixie "$3" image/debian.sources
}

if ! is_fresh tools image/tools.packages; then
    rm -rf $out/tools
    # Both kinds of computer, so that its apt knows the arm64 packages too; the lists stay for that.
    bootstrap "$(dpkg --print-architecture),arm64" image/tools.packages $out/tools --skip=cleanup/apt/lists
    done_with tools image/tools.packages
fi

if ! is_fresh base image/root.packages; then
    bootstrap arm64 image/root.packages $out/base.tar
    done_with base image/root.packages
fi

if ! is_fresh parts image/parts.packages; then
    rm -rf $out/parts
    mkdir -p $out/parts/debs $out/parts/root
    listed image/parts.packages | sed 's/^linux-image-arm64$/\0:arm64/' >$out/parts/list
    image/in-tools.sh bash -c '
        apt-get -qq update
        kernel=$(apt-cache depends linux-image-arm64:arm64 | sed -n "s/.*Depends: \(linux-image-[^: ]*\).*/\1/p" | head -1)
        cd build/image/parts/debs
        for package in $(sed "s/^linux-image-arm64:arm64$/$kernel/" ../list); do
            apt-get -qq -o APT::Sandbox::User=root download "$package:arm64" 2>/dev/null ||
                apt-get -qq -o APT::Sandbox::User=root download "$package"
        done'
    for package in $out/parts/debs/*.deb; do dpkg-deb --extract "$package" $out/parts/root; done
    # Where modprobe and depmod look.
    ln -s usr/lib $out/parts/root/lib
    image/in-tools.sh depmod -b $out/parts/root "$(ls $out/parts/root/usr/lib/modules)"
    done_with parts image/parts.packages
fi
