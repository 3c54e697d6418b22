#!/usr/bin/env bash
# Lets this computer run arm64 programs by their name alone, through qemu-user: what a foreign chroot needs.
# Needs root; does nothing where that is so already.
set -euo pipefail
table=/proc/sys/fs/binfmt_misc
[ -e $table/register ] || mount -t binfmt_misc binfmt_misc $table
[ -e $table/qemu-aarch64 ] && exit 0
# Debian's own line of the interpreter, which systemd-binfmt would have read at the start of a whole machine.
cat /usr/lib/binfmt.d/qemu-aarch64.conf >$table/register
