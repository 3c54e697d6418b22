"""The configuration's schema against an implementation that is not ours: FILE... must pass, and what a person mistypes must not."""

import json
import sys
import tomllib
from pathlib import Path

import jsonschema_rs

schema = json.loads(Path("config/dermascope.schema.json").read_text())
jsonschema_rs.meta.validate(schema)
validator = jsonschema_rs.validator_for(schema)
for path in sys.argv[1:]:
    for error in validator.iter_errors(tomllib.loads(Path(path).read_text())):
        sys.exit(f"{path}: {error.instance_path}: {error.message}")
wrong = {
    "an unknown section": "[kamera]",
    "an unknown key": "[camera]\nframe_rat = 10",
    "a wrong type": '[camera]\nframe_rate = "fast"',
    "an unknown kind": '[camera]\nkind = "webcam"',
    "an unknown board": 'board = "tricorder"',
    "a number out of range": "[panel]\nbrightness = 101",
    "a rotation that is none": "[panel]\nrotation = 45",
    "an address that is a number": "[http]\nlisten = 8080",
    "an unknown key of a ring": "[light.polarised]\npin = 4",
}
for what, text in wrong.items():
    if validator.is_valid(tomllib.loads(text)):
        sys.exit(f"passes, but has {what}: {text}")
print(f"{len(sys.argv) - 1} files pass, {len(wrong)} mistakes do not")
