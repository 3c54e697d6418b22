# The card's layout, for the scripts that write it.
FAT_MIB=256      # firmware, u-boot, dermascope.toml, room for an update
SYSTEM_MIB=32    # kernel and initramfs, of A and B
ROOT_MIB=224     # root and its hash tree, of A and B
DATA_MIB=64      # grows at the first start
TURN_OFFSET=32768  # of the sector with u-boot's turn, between the partition table and the first partition
SIGNATURE=0xde23a70b  # the disk's
BLOCK=4096
ARGUMENTS="quiet loglevel=4 panic=5 spidev.bufsiz=131072 fsck.mode=skip"
