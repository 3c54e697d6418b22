"""Many devices' exports in one table: what a clinic asks of a hundred dermatoscopes and a million records.

Takes the CSV that `dermascope records export` wrote of at least one record, and makes from its columns the exports of
many devices, with simulated values. Nothing is changed on the way into DuckDB: the files are read as they are, and
(device, sequence) is the key. Prints how long loading and each question took.

    pip install duckdb pytz
    dermascope records export records.csv
    python benches/fleet.py records.csv
"""

import argparse
import csv
import hashlib
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
# About how often HAM10000 has each (Tschandl et al. 2018, table 3), so that the simulated values are not all alike.
SHARES = [0.033, 0.051, 0.110, 0.011, 0.111, 0.670, 0.014]
MALIGNANT = {"akiec", "bcc", "mel"}

QUESTIONS = {
    "records and time of each device": """
        SELECT device, count(*) AS records, min(captured_at), max(captured_at) FROM records GROUP BY device""",
    "is anything missing: gaps in each device's numbers": """
        SELECT device, max(sequence) - count(*) AS missing FROM records GROUP BY device HAVING missing > 0""",
    "suspicious readings by week": """
        SELECT date_trunc('week', captured_at) AS week, count(*) FILTER (verdict = 'suspicious') AS suspicious,
               count(*) AS readings FROM records WHERE clock_set GROUP BY week ORDER BY week""",
    "devices whose pictures are often refused and used anyway": """
        SELECT device, avg(overridden::INT) AS overridden FROM records GROUP BY device ORDER BY overridden DESC LIMIT 10""",
    "cases whose P(malignant) rose by 0.3 since the visit before": """
        SELECT case_id, device, sequence, malignant, before FROM (
            SELECT *, lag(malignant) OVER (PARTITION BY case_id ORDER BY captured_at) AS before
            FROM records WHERE case_id IS NOT NULL) WHERE malignant - before > 0.3 ORDER BY malignant DESC""",
    "the newest reading of each case": """
        SELECT case_id, arg_max(verdict, captured_at) AS verdict FROM records WHERE case_id IS NOT NULL GROUP BY case_id""",
    "how the models in the field compare": """
        SELECT model_sha256, threshold, count(*) AS readings, avg(malignant), quantile_cont(malignant, 0.95)
        FROM records GROUP BY ALL""",
    "one case, everything": "SELECT * FROM records WHERE case_id = 'C-00042' ORDER BY captured_at",
    "pictures that more than one device has": """
        SELECT image_sha256, count(DISTINCT device) AS devices FROM records GROUP BY image_sha256 HAVING devices > 1""",
}


def simulated(template: dict[str, str], device: str, sequence: int, when: datetime, rng: random.Random) -> dict[str, str]:
    """The template's columns with a simulated reading in them."""
    top = rng.choices(CLASSES, SHARES)[0]
    weights = [rng.random() * (8 if name == top else 0.6) for name in CLASSES]
    whole = sum(weights)
    probabilities = {name: weight / whole for name, weight in zip(CLASSES, weights, strict=True)}
    malignant = sum(probabilities[name] for name in MALIGNANT)
    threshold = float(template["threshold"])
    row = template | {
        "device": device,
        "sequence": str(sequence),
        "captured_at": when.isoformat().replace("+00:00", "Z"),
        "clock_set": "true" if rng.random() < 0.98 else "false",
        "malignant": f"{malignant:.7g}",
        "verdict": "suspicious" if malignant >= threshold else "not_suspicious",
        "top_class": max(probabilities, key=probabilities.get),
        "overridden": "true" if rng.random() < 0.04 else "false",
        "case_id": f"C-{rng.randrange(200_000):05}" if rng.random() < 0.7 else "",
        "image": f"{sequence:06}.jpg",
        "image_sha256": hashlib.sha256(f"{device} {sequence}".encode()).hexdigest(),
    }
    for name, probability in probabilities.items():
        if f"probability.{name}" in template:
            row[f"probability.{name}"] = f"{probability:.7g}"
    return row


def make_export(folder: Path, template: dict[str, str], number: int, records: int) -> None:
    """One device's export, with the header and the columns of the real one."""
    rng = random.Random(number)
    device = hashlib.sha256(f"device {number}".encode()).hexdigest()[:16]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    with (folder / f"{device}.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, template, lineterminator="\n")
        table.writeheader()
        for sequence in range(1, records + 1):
            when += timedelta(seconds=rng.randrange(60, 5000))
            table.writerow(simulated(template, device, sequence, when, rng))


def timed(words: str, work):
    start = time.perf_counter()
    result = work()
    print(f"{time.perf_counter() - start:8.2f} s  {words}")
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("export", type=Path, help="a CSV of `dermascope records export`")
    arguments.add_argument("--devices", type=int, default=100)
    arguments.add_argument("--records", type=int, default=10_000, help="of each device")
    given = arguments.parse_args()
    with given.export.open(newline="") as file:
        template = next(csv.DictReader(file), None)
    if template is None:
        sys.exit(f"{given.export}: has no record to take the columns from")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(given.devices):
            make_export(folder, template, number, given.records)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{given.devices} exports of {given.records} records, {size / 1e6:.0f} MB, {len(template)} columns")
        ask(folder, given.devices * given.records)


def ask(folder: Path, expected: int) -> None:
    base = duckdb.connect()
    files = f"read_csv('{folder}/*.csv', union_by_name = true)"
    timed("load all", lambda: base.execute(f"CREATE TABLE records AS SELECT * FROM {files}"))
    again = f"""INSERT INTO records SELECT * FROM {files} AS new WHERE NOT EXISTS (
        SELECT 1 FROM records AS old WHERE old.device = new.device AND old.sequence = new.sequence)"""
    timed("load all once more: nothing is doubled", lambda: base.execute(again))
    found = base.execute("SELECT count(*) FROM records").fetchone()[0]
    if found != expected:
        sys.exit(f"{found} records, not {expected}")
    for words, question in QUESTIONS.items():
        rows = timed(words, lambda question=question: base.execute(question).fetchall())
        print(f"            {len(rows)} rows")
    print("Simulated values. Research use only. Not a diagnosis.")


if __name__ == "__main__":
    main()
