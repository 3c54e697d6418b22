"""Updates for the card: the good one, and those that must not stay."""

import os
import shutil
import subprocess
from pathlib import Path

from pi import BUILT, ROOT, among_tools


class Bundles:
    """Makes each update once, below `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder

    def good(self) -> Path:
        """The very system of the card."""
        return self.made("good", BUILT)

    def wrongly_signed(self) -> Path:
        """The same, signed by somebody else."""
        keys = self.folder / "stranger"
        keys.mkdir(parents=True, exist_ok=True)
        key, certificate = keys / "key.pem", keys / "certificate.pem"
        request = ["openssl", "req", "-quiet", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "36500", "-subj", "/CN=stranger"]
        among_tools(*request, "-keyout", str(key.relative_to(ROOT)), "-out", str(certificate.relative_to(ROOT)))
        return self.made("wrongly-signed", BUILT, key, certificate)

    def damaged(self) -> Path:
        """Rightly signed, with one byte changed afterwards in what it holds."""
        bundle = self.folder / "damaged.raucb"
        shutil.copy(self.good(), bundle)
        with bundle.open("r+b") as file:
            file.seek(bundle.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        return bundle

    def without_a_kernel(self) -> Path:
        """Rightly signed, with a kernel whose checksum u-boot finds wrong."""
        parts = self.parts("without-a-kernel")
        image = parts / "system.img"
        inside = str(image.relative_to(ROOT))
        kernel = parts / "linux.img"
        shutil.copy(BUILT / "system/linux.img", kernel)
        with kernel.open("r+b") as file:
            file.seek(4_000_000)
            file.write(b"\0" * 4096)
        among_tools("mcopy", "-o", "-i", inside, str(kernel.relative_to(ROOT)), "::linux.img")
        return self.made("without-a-kernel", parts)

    def of_another_root(self) -> Path:
        """Rightly signed, with a root that its own hash tree refuses."""
        parts = self.parts("of-another-root")
        with (parts / "root.img").open("r+b") as file:
            file.seek(1024)
            file.write(b"\xff" * 4096)
        return self.made("of-another-root", parts)

    def parts(self, name: str) -> Path:
        """A copy of the system's two images, to be spoilt."""
        parts = self.folder / name
        parts.mkdir(parents=True, exist_ok=True)
        for image in ("system.img", "root.img"):
            subprocess.run(["cp", "--sparse=always", BUILT / image, parts / image], check=True)
        return parts

    def made(self, name: str, parts: Path, *keys: Path) -> Path:
        bundle = self.folder / f"{name}.raucb"
        if not bundle.exists():
            inside = [str(path.relative_to(ROOT)) for path in (bundle, parts, *keys)]
            self.folder.mkdir(parents=True, exist_ok=True)
            environment = os.environ | {"SOURCE_DATE_EPOCH": "0"}
            subprocess.run(["bash", ROOT / "image/bundle.sh", *inside], check=True, cwd=ROOT, env=environment)
        return bundle
