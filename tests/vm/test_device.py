"""The package on an aarch64 Linux with the kernel's own drivers: camera, panel, button, light, cable, watchdog, power.

What the camera was shown, what the panel was sent and what the disk keeps must agree with what the very same program
makes of the picture on this computer. `make vm-test` builds what this needs and runs it."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import numpy
import pytest
from PIL import Image

import image
import picture
from device_tree import BACK, LIGHT
from host import Host
from machine import SYSTEMD, Machine
from panel import INVERT, Glass

HERE = Path(__file__).parent
FOLDER = image.BUILT / "vm"
PACKAGE = image.BUILT.parent / "dermascope_arm64.deb"
# What `systemctl show` and a person may see of the run; CI keeps it.
KEPT = FOLDER / "kept"


@pytest.fixture(scope="module")
def root() -> Path:
    """The Debian root with the package installed by dpkg."""
    root = FOLDER / "root"
    shutil.rmtree(FOLDER, ignore_errors=True)
    KEPT.mkdir(parents=True)
    subprocess.run(["cp", "-a", "--reflink=auto", image.BUILT / "root", root], check=True)
    shutil.copy(PACKAGE, root / "package.deb")
    subprocess.run(["bash", HERE.parent / "arm64/binfmt.sh"], check=True)
    subprocess.run(["chroot", root, "dpkg", "--install", "/package.deb"], check=True, stdout=subprocess.DEVNULL)
    (root / "package.deb").unlink()
    return root


@pytest.fixture(scope="module")
def shown() -> bytes:
    """The picture that the camera is shown, as vivid takes it."""
    data = picture.to_yuyv(picture.choose())
    (FOLDER / "picture.yuyv").write_bytes(data)
    return data


@pytest.fixture(scope="module")
def machine(root: Path, shown: bytes):
    modules, options = FOLDER / "modules.conf", FOLDER / "vivid.conf"
    modules.write_text("spi-gpio\nspidev\npwm-bcm2835\nvivid\n")
    options.write_text("options vivid n_devs=1 num_inputs=1 input_types=0x3 num_outputs=1 output_types=1 node_types=0x101\n")
    guest = FOLDER / "guest.cpio"
    image.pack(
        guest,
        root,
        {
            "etc/dermascope/dermascope.toml": HERE / "dermascope.toml",
            "etc/modules-load.d/device.conf": modules,
            "etc/modprobe.d/vivid.conf": options,
            "vm/feed": HERE / "feed",
            "etc/systemd/system/vm-feed.service": HERE / "vm-feed.service",
            "vm/picture.yuyv": FOLDER / "picture.yuyv",
        },
    )
    with Machine(FOLDER / "machine", guest, init=SYSTEMD) as machine:
        machine.wait_for_console("agent: ready", 240)
        yield machine


@pytest.fixture(scope="module")
def glass(machine: Machine) -> Glass:
    return Glass(machine.trace, 128, 128, offset=(2, 1))


def status(machine: Machine) -> dict:
    said = machine.run("wget -q -O - http://127.0.0.1:8080/api/v1/status", check=False)
    return json.loads(said) if said.startswith("{") else {"screen": "none"}


def is_object(line: str) -> bool:
    return line.startswith("{")


def wait_for_screen(machine: Machine, *screens: str, seconds: float = 120) -> dict:
    def is_shown():
        now = status(machine)
        return now if now["screen"] in screens else None

    try:
        return machine.wait_for(f"the screen {screens}", is_shown, seconds)
    except Exception:
        print(machine.run("journalctl --no-pager -u dermascope | tail -40; systemctl status dermascope | cat", check=False))
        raise


def kept(pixels: numpy.ndarray, name: str) -> numpy.ndarray:
    """Keeps what the glass shows, to be looked at."""
    Image.fromarray(pixels).resize((512, 512), Image.Resampling.NEAREST).save(KEPT / f"{name}.png")
    return pixels


def settled(machine: Machine, glass: Glass, name: str) -> numpy.ndarray:
    """What the glass shows once all that the daemon drew last has gone over the wires."""

    def agree():
        machine.run("wget -q -O /share/screen.png http://127.0.0.1:8080/api/v1/screen.png")
        drawn = numpy.asarray(Image.open(machine.share / "screen.png").convert("RGB"))
        return numpy.array_equal(glass.pixels(), drawn)

    try:
        machine.wait_for(f"the glass shows what was drawn for {name}", agree, 120)
    finally:
        kept(glass.pixels(), name)
    return glass.pixels()


def test_the_service_starts_under_its_hardening(machine: Machine):
    def is_active() -> bool:
        return machine.run("systemctl is-active dermascope", check=False).strip() == "active"

    machine.wait_for("the service", is_active, 120)
    shown = machine.run("systemctl show -p User,DevicePolicy,ProtectSystem,WatchdogUSec dermascope").split()
    assert sorted(shown) == ["DevicePolicy=closed", "ProtectSystem=strict", "User=dermascope", "WatchdogUSec=20s"]


def test_the_live_picture_reaches_the_panel_and_lights_the_ring(machine: Machine, glass: Glass):
    wait_for_screen(machine, "viewfinder")
    machine.wait_for("a live picture", lambda: "No live picture" not in status(machine)["words"], 120)
    live = settled(machine, glass, "viewfinder")
    assert INVERT in glass.seen
    assert dimmed(machine) == 0.4 and glass.levels[LIGHT] == 0
    # Within the ring is the picture, which has more colours than any drawn screen.
    assert len(numpy.unique(live[32:96, 32:96].reshape(-1, 3), axis=0)) > 100


def dimmed(machine: Machine) -> float:
    """How bright the ring on the PWM channel is, by its driver."""
    files = "duty_cycle period enable"
    duty, period, enable = machine.run(f"cd /sys/class/pwm/pwmchip0/pwm0 && cat {files}").split()
    return int(enable) * int(duty) / int(period)


def test_back_changes_to_the_other_ring(machine: Machine, glass: Glass):
    machine.hold(0.2, BACK)
    machine.wait_for("the ring on the PWM channel to be dark", lambda: dimmed(machine) == 0)
    settled(machine, glass, "unpolarised")
    assert glass.levels[LIGHT] == 1


def test_what_the_driver_can_hold_is_held(machine: Machine):
    held = machine.run("v4l2-ctl -d /dev/v4l/by-path/platform-vivid.0-video-index0 -C gain_automatic,gain")
    assert held.split("\n")[:2] == ["gain_automatic: 0", "gain: 90"]


def saved_picture(machine: Machine) -> Path:
    """The picture of the one record, as the device's disk has it."""
    [picture_file] = (machine.share / "records/images").glob("*.png")
    return picture_file


def test_a_press_gives_what_the_same_program_gives_here(machine: Machine, glass: Glass, root: Path, shown: bytes):
    machine.hold(0.2)
    if wait_for_screen(machine, "result", "retake", seconds=240)["screen"] == "retake":
        machine.hold(4)
    wait_for_screen(machine, "result")
    result = settled(machine, glass, "result")
    assert glass.levels[LIGHT] == 0
    machine.wait_for("the record", lambda: "saved" in json.dumps(status(machine)["result"]["saved"]))
    machine.run("cp -r /var/lib/dermascope /share/records && chmod -R a+rX /share/records")
    image_file = saved_picture(machine)

    # The disk: the very pixels that the camera was shown, read as the program reads them here.
    expected = picture.field_of_view(picture.from_yuyv(shown))
    assert numpy.array_equal(numpy.asarray(Image.open(image_file).convert("RGB")), expected)
    host = Host(root)
    manifest = FOLDER / "records.toml"
    manifest.write_text(f'[records]\nfolder = "{machine.share / "records"}"\n')
    record = json.loads(host.dermascope("records", "--config", manifest, "show", "--json", "1"))
    here = host.classify(image_file)
    there = {each["class"]: each["probability"] for each in record["assessment"]["probabilities"]}
    assert there == here["probabilities"]
    assert record["assessment"]["malignant"]["probability"] == here["malignant"]["probability"]
    assert record["light"] == {"ring": "unpolarised", "percent": 100}
    # The machine has a hardware clock, and it knows the time.
    assert record["clock_set"] is True

    # The panel: the very screen that the simulator draws here.
    screen = FOLDER / "screen.png"
    screen.write_bytes(host.result_screen(image_file, FOLDER / "host"))
    assert numpy.array_equal(result, numpy.asarray(Image.open(screen).convert("RGB")))


# The host's end of the cable is the same kernel's; its network interface goes into a world of its own, as on a laptop.
PLUG_IN = """
modprobe dummy_hcd && systemctl start dermascope-usb
until ls /dev/ttyACM0 /dev/sda && ip link show usb0; do sleep 0.5; done
for interface in /sys/class/net/*; do
    case $(readlink -f $interface/device) in */dummy_hcd*) host=$(basename $interface) ;; esac
done
ip netns add laptop && ip link set "$host" netns laptop
ip -n laptop addr add 169.254.9.9/16 dev "$host" && ip -n laptop link set "$host" up
"""


def test_on_the_cable_the_record_comes_out_by_the_serial_port(machine: Machine):
    machine.run(PLUG_IN, seconds=180)
    pull = "dermascope pull /dev/ttyACM0 /tmp/pulled || { journalctl --no-pager -u dermascope | tail; exit 1; }"
    machine.run(f"{pull}; cp -r /tmp/pulled /share && chmod -R a+rX /share", seconds=180)
    [pulled] = machine.share.glob("pulled/*/images/*.png")
    assert pulled.read_bytes() == saved_picture(machine).read_bytes()
    again = machine.run("dermascope pull auto /tmp/pulled", seconds=180)
    assert "nothing new" in again


def test_on_the_cable_the_clock_is_set_though_the_device_itself_may_not(machine: Machine):
    wanted = "2031-02-03T04:05:06Z"
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "time.set", "params": {"now": wanted}})
    answer = machine.run(f"stty -F /dev/ttyACM0 raw -echo; exec 3<>/dev/ttyACM0; echo '{ask}' >&3; timeout 60 head -n 1 <&3", seconds=90)
    assert "result" in json.loads(answer), answer + machine.run("journalctl --no-pager -u 'dermascope-clock*'", check=False)
    assert machine.run("date --utc +%FT%H").strip() == "2031-02-03T04"
    machine.run("hwclock --hctosys --utc 2>/dev/null || date --set @$(cat /sys/class/rtc/rtc0/since_epoch)")


def test_on_the_cable_the_page_is_reached_by_the_network(machine: Machine):
    get = "ip netns exec laptop wget -q -O - http://169.254.55.1:8080"
    # What is read from the disk yields to the camera and the panel, which keep the guest's processors busy.
    [record] = json.loads(machine.run(f"{get}/api/v1/records", seconds=180))["records"]
    machine.run(f"{get}/api/v1/records/{record['sequence']}/image > /share/over-network.png", seconds=180)
    assert (machine.share / "over-network.png").read_bytes() == saved_picture(machine).read_bytes()


def test_inside_the_unit_what_reads_records_is_nicer_than_the_device(machine: Machine):
    threads = "for t in /proc/$(systemctl show -p MainPID --value dermascope)/task/*; do echo $(cat $t/comm) $(cut -d' ' -f19 $t/stat); done"
    listed = machine.run(f"wget -q -O /dev/null http://127.0.0.1:8080/api/v1/records; {threads}", seconds=180)
    nice = {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1] for line in listed.splitlines()}
    assert (nice["http-disk"], nice["camera"], nice["painter"]) == ("10", "0", "0"), listed


def test_on_the_cable_the_drive_holds_the_record_and_cannot_be_written(machine: Machine):
    machine.run("mkdir -p /mnt/drive && mount -o ro /dev/sda /mnt/drive && cp -r /mnt/drive /share/drive && umount /mnt/drive")
    [on_drive] = (machine.share / "drive").rglob("*.png")
    assert on_drive.read_bytes() == saved_picture(machine).read_bytes()
    assert machine.run("cat /sys/block/sda/ro").strip() == "1"
    machine.run("systemctl stop dermascope-usb")
    assert machine.run("ls /sys/kernel/config/usb_gadget").strip() == ""
    when = "stat -c %y /var/lib/dermascope/drive.img"
    made = machine.run(when)
    machine.run("systemctl start dermascope-usb && systemctl stop dermascope-usb", seconds=180)
    assert machine.run(when) == made, "no record has come since"


def test_an_unplugged_camera_is_a_fault_on_the_panel_and_comes_back(machine: Machine, glass: Glass):
    machine.hold(4)
    wait_for_screen(machine, "viewfinder")
    machine.run("systemctl stop vm-feed; echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind")
    wait_for_screen(machine, "fault")
    settled(machine, glass, "camera-lost")
    # Without udev the device may not open the camera's new node yet: first it is shown the picture again.
    udev = "systemd-udevd systemd-udevd-control.socket systemd-udevd-kernel.socket"
    machine.run(f"systemctl stop {udev}; echo vivid.0 > /sys/bus/platform/drivers/vivid/bind; systemctl start vm-feed")
    machine.run(f"systemctl start {udev}; udevadm trigger --subsystem-match=video4linux --action=add")
    wait_for_screen(machine, "viewfinder")


def test_a_program_that_hangs_is_started_anew_by_the_watchdog(machine: Machine):
    machine.run("systemctl kill --signal=STOP --kill-whom=main dermascope")

    def restarts() -> bool:
        return machine.run("systemctl show -p NRestarts --value dermascope").strip() != "0"

    machine.wait_for("the watchdog", restarts, 120)
    wait_for_screen(machine, "viewfinder")


def test_the_doctor_finds_every_part_well_on_its_real_node(machine: Machine, glass: Glass):
    machine.run("systemctl stop dermascope")
    said = machine.run("runuser -u dermascope -- dermascope doctor --json --patience 0", seconds=180, check=False)
    findings = {finding["part"]: finding for finding in map(json.loads, filter(is_object, said.splitlines()))}
    (KEPT / "doctor.json").write_text(said)
    assert {finding["state"] for finding in findings.values()} == {"ok"}, said
    time.sleep(5)
    kept(glass.pixels(), "doctor")
    machine.run("systemctl start dermascope")
    wait_for_screen(machine, "viewfinder")


def test_holding_the_button_very_long_switches_the_computer_off(machine: Machine, glass: Glass):
    machine.run("journalctl --no-pager -o short-monotonic -u dermascope > /share/journal.txt")
    shutil.copy(machine.share / "journal.txt", KEPT)
    machine.hold(11)
    assert machine.ended(120), machine.last_words()
    kept(glass.pixels(), "goodbye")
