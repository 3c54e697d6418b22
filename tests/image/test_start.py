"""The very card, started by u-boot on an emulated Raspberry Pi 3: live picture, a press, a record, power cuts.

`make image-test` runs this. What it found is kept in docs/card.md by hand."""

import json
import random
import time
from pathlib import Path

import pytest
from pi import BUILT, CARD_BYTES, EMULATED, HERE, Card, Pi

FOLDER = BUILT / "test"
ARGUMENTS = EMULATED
ASK = "exec 3<>/dev/tcp/127.0.0.1/8080; printf '{method} {path} HTTP/1.0\\r\\nHost: 127.0.0.1:8080\\r\\nOrigin: http://127.0.0.1:8080\\r\\n"


@pytest.fixture(scope="module")
def card() -> Card:
    card = Card(FOLDER / "start.img")
    card.arguments(ARGUMENTS)
    card.write("dermascope.toml", (HERE / "device.toml").read_text())
    return card


def get(pi: Pi, path: str) -> str:
    ask = ASK.format(method="GET", path=path) + "\\r\\n' >&3; cat <&3"
    return pi.run(f"({ask})", check=False)


def press(pi: Pi, pressed: bool) -> None:
    body = json.dumps({"pressed": pressed})
    head = f"Content-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
    ask = ASK.format(method="POST", path="/api/v1/buttons/main") + head + body + "' >&3; cat <&3"
    said = pi.run(f"({ask})")
    assert " 20" in said, said


def status(pi: Pi) -> dict:
    said = get(pi, "/api/v1/status")
    start = said.find("{")
    return json.loads(said[start:]) if start >= 0 else {"screen": "none"}


def wait_for_screen(pi: Pi, *screens: str, seconds: float = 900) -> dict:
    end = time.monotonic() + seconds
    while (now := status(pi))["screen"] not in screens:
        assert time.monotonic() < end, f"{now}\n{pi.run('journalctl --no-pager -u dermascope | tail -20')}"
    return now


def read_once(pi: Pi) -> dict:
    """From the live picture to a result that is saved."""
    wait_for_screen(pi, "viewfinder")
    press(pi, True)
    press(pi, False)
    if wait_for_screen(pi, "result", "retake")["screen"] == "retake":
        press(pi, True)
        wait_for_screen(pi, "result")
        press(pi, False)
    end = time.monotonic() + 600
    while "saved" not in json.dumps((now := status(pi))["result"]["saved"]):
        assert time.monotonic() < end, now
    return now


def test_the_live_picture_comes_and_a_press_is_kept_over_a_cut(card: Card):
    root = card.area(6)
    with Pi(card, FOLDER / "start") as pi:
        pi.wait_for("system A is mounted")
        read_once(pi)
        # Cut off at once: what the screen says is saved is on the card.
    with Pi(card, FOLDER / "again") as pi:
        wait_for_screen(pi, "viewfinder", "past", "result")
        listed = pi.run("runuser -u dermascope -- dermascope records list --json")
        assert len([line for line in listed.splitlines() if line.startswith("{")]) == 1, listed
        said = pi.run("runuser -u dermascope -- dermascope records verify")
        print(said, pi.run("systemd-analyze; free -m; systemctl --failed | cat", check=False))
        free = int(pi.run("awk '/MemAvailable/ { print $2 }' /proc/meminfo").strip())
        total = int(pi.run("awk '/MemTotal/ { print $2 }' /proc/meminfo").strip())
        # Of the 448 MiB that a Zero 2 W leaves to Linux.
        assert total - free < (448 - 150) * 1024, (total, free)
        size = int(pi.run("lsblk -bno SIZE /dev/mmcblk0p3").strip())
        assert size > CARD_BYTES - (800 << 20), size
    assert card.area(6) == root, "the root has changed"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_cut_in_the_middle_of_a_save_loses_no_record_that_was_shown_as_saved(card: Card, seed: int):
    with Pi(card, FOLDER / f"cut-{seed}") as pi:
        wait_for_screen(pi, "viewfinder")
        before = count(pi)
        press(pi, True)
        press(pi, False)
        if wait_for_screen(pi, "result", "retake")["screen"] == "retake":
            press(pi, True)
            wait_for_screen(pi, "result")
        time.sleep(random.Random(seed).uniform(0, 3))
        shown = status(pi)["result"] or {}
        was_saved = "saved" == shown.get("saved")
    with Pi(card, FOLDER / f"after-{seed}") as pi:
        wait_for_screen(pi, "viewfinder")
        assert count(pi) >= before + was_saved
        pi.run("runuser -u dermascope -- dermascope records verify")


def count(pi: Pi) -> int:
    listed = pi.run("runuser -u dermascope -- dermascope records list --json")
    return len([line for line in listed.splitlines() if line.startswith("{")])
