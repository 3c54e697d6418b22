"""Judges what is exported for other systems by their own programs, and prints it as JSON: `check.py isic|fhir FILE`."""

import csv
import json
import sys
from datetime import datetime
from pathlib import Path



def differences(read, said, at=""):
    """What was passed over, or read as something else."""
    if isinstance(read, dict) and isinstance(said, dict):
        for key in read.keys() | said.keys():
            yield from differences(read.get(key), said.get(key), f"{at}.{key}")
    elif isinstance(read, list) and isinstance(said, list) and len(read) == len(said):
        for index, pair in enumerate(zip(read, said)):
            yield from differences(*pair, f"{at}[{index}]")
    elif isinstance(said, str) and at.endswith("DateTime"):
        if datetime.fromisoformat(read) != datetime.fromisoformat(said):
            yield at, read, said
    elif isinstance(said, (int, float)) and read is not None and float(read) == float(said):
        return
    elif read != said:
        yield at, read, said


kind, path = sys.argv[1], Path(sys.argv[2])
if kind == "isic":
    from isic_metadata.metadata import MetadataBatch, MetadataRow

    rows = []
    for row in csv.DictReader(path.open(encoding="utf-8")):
        name = row.pop("filename")
        valid = MetadataRow(**row)
        assert not valid.unstructured, f"the Archive does not know {sorted(valid.unstructured)}"
        rows.append((name, valid))
    MetadataBatch(items=[valid for _, valid in rows])
    print(json.dumps([{"filename": name} | valid.model_dump(mode="json", exclude_none=True) for name, valid in rows]))
else:
    from fhir.resources.R4B.bundle import Bundle

    text = path.read_text(encoding="utf-8")
    bundle = Bundle.model_validate_json(text)
    differing = list(differences(json.loads(bundle.model_dump_json()), json.loads(text)))
    assert not differing, f"not read as it was said: {differing[:5]}"
    entries = bundle.entry or []
    urls = [entry.fullUrl for entry in entries]
    assert len(urls) == len(set(urls)), "a resource is in it twice"
    refers = [found for entry in entries for found in entry.model_dump_json().split('"reference":"')[1:]]
    assert all(found.split('"')[0] in urls for found in refers), "a reference leads out of the bundle"
    kinds = [json.loads(entry.resource.model_dump_json()) for entry in entries]
    print(json.dumps(kinds))
