"""Updates of the very card on an emulated Raspberry Pi 3: the good one stays, every other one goes back by itself."""

import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from bundles import Bundles
from pi import BUILT, EMULATED, HERE, Card, Pi
from writes import Writes

FOLDER = BUILT / "test"
# The device itself is not wanted here, but on the one try of a new system, where the doctor looks at its parts.
ARGUMENTS = f"{EMULATED} systemd.show_status=1 systemd.mask=dermascope.service systemd.mask=dermascope-usb.service systemd.mask=dermascope-update.service"
STARTED = r"Reached target .*multi-user"
TRIAL = {"BOOT_ORDER": "B A", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "1"}
KEPT = {"BOOT_ORDER": "B A", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}


@pytest.fixture(scope="module")
def bundles() -> Bundles:
    return Bundles(FOLDER / "bundles")


def new_card(name: str) -> Card:
    card = Card(FOLDER / f"{name}.img")
    card.arguments(ARGUMENTS)
    card.write("dermascope.toml", (HERE / "device.toml").read_text())
    return card


def installed(card: Card, bundle: Path, name: str, *more: str) -> str:
    """Has the running system install an update, and gives what it said."""
    card.put(bundle, "update.raucb")
    with Pi(card, FOLDER / name, *more) as pi:
        pi.wait_for(STARTED)
        return pi.run("/usr/lib/dermascope/update /boot/firmware/update.raucb; echo status $?", 3600)


@pytest.mark.parametrize("kind, why", [("wrongly_signed", "self-signed certificate"), ("damaged", "rror")])
def test_an_update_that_is_not_ours_is_refused_and_changes_nothing(bundles: Bundles, kind: str, why: str):
    card = new_card(kind)
    said = installed(card, getattr(bundles, kind)(), kind)
    assert "status 0" not in said and why in said and "not yet valid" not in said, said
    print(said)
    turn = card.turn()
    assert turn["BOOT_ORDER"].startswith("A") and turn["BOOT_A_LEFT"] == "3" and turn["BOOT_B_LEFT"] == "0", turn


def put_by_hand(card: Card, parts: Path) -> None:
    """What RAUC leaves: the other system written, and one try for it."""
    with card.path.open("r+b") as file:
        for number, image in ((7, "system.img"), (8, "root.img")):
            file.seek(card.start(number))
            file.write((parts / image).read_bytes())
    card.set_turn(TRIAL)


@pytest.mark.parametrize("kind", ["without_a_kernel", "of_another_root"])
def test_a_system_that_does_not_start_gives_way_to_the_old_one(bundles: Bundles, kind: str):
    getattr(bundles, kind)()
    card = new_card(kind)
    put_by_hand(card, bundles.folder / kind.replace("_", "-"))
    with Pi(card, FOLDER / f"{kind}-try") as pi:
        # Either u-boot refuses it and goes on, or it starts and gives up.
        if kind == "of_another_root":
            pi.wait_for("starting system B dermascope.trial")
            pi.wait_for("system B: no root")
        else:
            pi.wait_for("system B cannot be read")
            pi.wait_for("system A is mounted")
    with Pi(card, FOLDER / f"{kind}-back") as pi:
        pi.wait_for("system A is mounted")
    turn = card.turn()
    assert turn["BOOT_B_LEFT"] == "0" and turn["BOOT_A_LEFT"] == "3", turn


def test_a_system_that_fails_its_self_test_gives_way_to_the_old_one():
    card = new_card("no-camera")
    put_by_hand(card, BUILT)
    # The new system finds no camera: no driver draws one.
    card.arguments(ARGUMENTS.replace("modules_load=vivid ", ""))
    with Pi(card, FOLDER / "no-camera-try") as pi:
        pi.wait_for("starting system B dermascope.trial")
        pi.wait_for("system B is mounted")
        pi.wait_for_end(3600)
    with Pi(card, FOLDER / "no-camera-back") as pi:
        pi.wait_for("system A is mounted")
    assert card.turn()["BOOT_B_LEFT"] == "0"


def test_a_system_that_passes_its_self_test_is_kept():
    card = new_card("good")
    put_by_hand(card, BUILT)
    with Pi(card, FOLDER / "good-try") as pi:
        pi.wait_for("starting system B dermascope.trial")
        pi.wait_for("system B is mounted")
        pi.run("until systemctl show -p Result -p SubState dermascope-keep | grep -q SubState=dead && fw_printenv BOOT_B_LEFT | grep -q 3; do sleep 5; done", 3600)
    assert card.turn() == KEPT, card.turn()
    with Pi(card, FOLDER / "good-after") as pi:
        pi.wait_for("starting system B \n")
        pi.wait_for("system B is mounted")


def starts(card: Card) -> str:
    """Which system u-boot starts from a card, by the rule of boot.cmd and what lies on it; empty where none can."""
    turn = card.turn() or {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    for slot in turn["BOOT_ORDER"].split():
        system, root = (5, 6) if slot == "A" else (7, 8)
        if turn[f"BOOT_{slot}_LEFT"] != "0" and is_whole(card, system, root):
            return slot
    return ""


def is_whole(card: Card, system: int, root: int) -> bool:
    """Whether kernel, initramfs and root are the ones that were made."""
    return all(
        zlib.crc32(card.area(number)[: (BUILT / image).stat().st_size]) == zlib.crc32((BUILT / image).read_bytes())
        for number, image in ((system, "system.img"), (root, "root.img"))
    )


def test_an_update_that_is_cut_off_anywhere_leaves_a_system_that_starts(bundles: Bundles):
    card = new_card("cuts")
    before = FOLDER / "cuts-before.img"
    card.put(bundles.good(), "update.raucb")
    shutil.copyfile(card.path, before)
    recording = FOLDER / "cuts.writes"
    recording.write_bytes(b"")
    card.log_writes_to(recording)
    with Pi(card, FOLDER / "cuts") as pi:
        pi.wait_for(STARTED)
        pi.run("/usr/lib/dermascope/update /boot/firmware/update.raucb", 7200)
    assert card.turn() == TRIAL
    writes = Writes(before, recording)
    total = len(writes)
    # Spread over all of it, and close to its end, where the turn is given.
    points = sorted({total * step // 40 for step in range(41)} | {total - step for step in range(0, 400, 20)})
    assert len(points) >= 50
    scratch = Card(FOLDER / "cut.img")
    found = []
    for point in points:
        writes.cut(point, scratch.path)
        found.append((point, starts(scratch)))
    print(found)
    assert all(slot for _, slot in found), found
    # The other system is started only once all of it is there.
    assert found[0][1] == "A" and found[-1][1] == "B", found
