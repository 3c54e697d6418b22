"""The very program of the guest, run on this computer by qemu-user."""

import json
import subprocess
import time
import urllib.request
from pathlib import Path


class Host:
    """The installed package's program and model."""

    def __init__(self, root: Path):
        self.program = ["qemu-aarch64-static", "-L", str(root), str(root / "usr/bin/dermascope")]
        self.manifest = root / "usr/share/dermascope/models/lesion.toml"

    def dermascope(self, *arguments) -> str:
        command = self.program + [str(argument) for argument in arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def classify(self, picture: Path) -> dict:
        return json.loads(self.dermascope("classify", "--json", "--model", self.manifest, picture))

    def result_screen(self, picture: Path, folder: Path) -> bytes:
        """The result screen that the simulator shows for a picture after one press, as a PNG."""
        pictures = folder / "pictures"
        pictures.mkdir(parents=True)
        (pictures / picture.name).symlink_to(picture.resolve())
        config = folder / "host.toml"
        config.write_text(
            f'[model]\nmanifest = "{self.manifest}"\n[camera]\nkind = "folder"\nfolder = "{pictures}"\n'
            f'[panel]\nkind = "virtual"\nwidth = 128\nheight = 128\n[buttons]\nkind = "virtual"\n'
            f'[records]\nfolder = "{folder}/records"\n[http]\nlisten = "127.0.0.1:0"\n'
        )
        daemon = subprocess.Popen(self.program + ["run", "--config", str(config)], stdout=subprocess.PIPE, text=True)
        try:
            address = daemon.stdout.readline().removeprefix("listening on ").strip()
            page = Page(address)
            page.read()
            return page.get("/api/v1/screen.png")
        finally:
            daemon.terminate()
            daemon.wait()


class Page:
    """The simulator's buttons and its screen."""

    def __init__(self, address: str):
        self.address = address

    def get(self, path: str) -> bytes:
        return urllib.request.urlopen(self.address + path, timeout=60).read()

    def button(self, pressed: bool) -> None:
        headers = {"Content-Type": "application/json", "Origin": self.address}
        body = json.dumps({"pressed": pressed}).encode()
        address = f"{self.address}/api/v1/buttons/main"
        urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=60)

    def screen(self) -> tuple[str, str | None]:
        status = json.loads(self.get("/api/v1/status"))
        return status["screen"], (status.get("result") or {}).get("saved")

    def wait_for(self, *screens: str, seconds: float = 120) -> str:
        end = time.monotonic() + seconds
        while (shown := self.screen())[0] not in screens or shown[1] == "pending":
            if time.monotonic() > end:
                raise TimeoutError(f"the simulator shows {shown}, not {screens}")
            time.sleep(0.2)
        return shown[0]

    def read(self) -> None:
        """From the live picture to a result that is saved, using the picture anyway where it is refused."""
        self.wait_for("viewfinder")
        self.button(True)
        self.button(False)
        if self.wait_for("result", "retake") == "retake":
            self.button(True)
            self.wait_for("result")
            self.button(False)
