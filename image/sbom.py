"""Writes what is on the card as CycloneDX (JSON).

    sbom.py VERSIONS... PACKAGE.deb

VERSIONS have a line a package: name, version, architecture, source package and its version, with tabs between them."""

import json
import subprocess
import sys
import urllib.parse


def component(line: str) -> dict:
    name, version, architecture, source, source_version = line.split("\t")
    quoted = urllib.parse.quote(version, safe="")
    purl = f"pkg:deb/debian/{name}@{quoted}?arch={architecture}&distro=debian-13"
    properties = [{"name": "debian:source", "value": f"{source} {source_version}"}]
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl, "properties": properties}


def main(*versions: str, package: str) -> None:
    fields = ["dpkg-deb", "--show", "--showformat", "${Version}", package]
    version = subprocess.run(fields, check=True, capture_output=True, text=True).stdout
    lines = {line for file in versions for line in open(file).read().splitlines()}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "firmware", "name": "dermascope-arm64", "version": version}},
        "components": [component(line) for line in sorted(lines)],
    }
    print(json.dumps(bom, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:-1], package=sys.argv[-1])
