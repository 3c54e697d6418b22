# What u-boot does on this card: of the two systems, A and B, it starts the one that is first in turn and has a try left.
# The turn is in one sector of the card (image/layout.sh), in the form of u-boot's environment, where RAUC changes it:
# BOOT_ORDER, and the tries BOOT_A_LEFT and BOOT_B_LEFT. Three tries left is a system that has proved itself: nothing is
# written then. Fewer is one on trial: a try is taken away before it is started, and the system gives them back after
# its self-test. One sector is written in one piece, and what does not match its checksum is as if it had never been.
setenv turn_addr 0x02000000
setenv system_addr 0x0a000000
setenv initramfs_addr 0x0d000000
setenv BOOT_ORDER
mmc dev 0
mmc read ${turn_addr} @TURN_BLOCK@ 1
env import -c ${turn_addr} 0x200 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3

# More arguments for the kernel, from the file that a laptop can change.
setenv extra
load mmc 0:1 ${turn_addr} extra.env && env import -t ${turn_addr} ${filesize} extra

setenv save_turn 'env export -c -s 0x200 ${turn_addr} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT; mmc write ${turn_addr} @TURN_BLOCK@ 1'
setenv start_system 'load mmc 0:${part} ${system_addr} linux.img && load mmc 0:${part} ${initramfs_addr} initramfs.img && bootm ${system_addr} ${initramfs_addr} ${fdt_addr}'

for slot in ${BOOT_ORDER}; do
    if test "${slot}" = A; then setenv part 5; setenv left ${BOOT_A_LEFT}; else setenv part 7; setenv left ${BOOT_B_LEFT}; fi
    if test "${left}" != 0; then
        setenv trial
        if test "${left}" != 3; then
            setexpr left ${left} - 1
            setenv BOOT_${slot}_LEFT ${left}
            setenv trial dermascope.trial
            run save_turn
        fi
        echo "dermascope: starting system ${slot} ${trial}"
        setenv bootargs "rauc.slot=${slot} ${trial} @ARGUMENTS@ ${extra}"
        run start_system
        echo "dermascope: system ${slot} cannot be read"
        setenv BOOT_${slot}_LEFT 0
        run save_turn
    fi
done

# Neither is left: both are tried anew rather than none.
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
run save_turn
reset
