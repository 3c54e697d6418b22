"""Runs the questions of docs/many-devices.md over folders that were pulled, and prints each answer as a line of JSON.

    python tests/fleet.py duckdb docs/many-devices.md DIR
    python tests/fleet.py spark docs/many-devices.md DIR
"""

import json
import re
import sys
from datetime import datetime
from pathlib import Path


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def plain(value):
    """A time as the records write it: one program makes a time of it, the other leaves the words."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def say(rows) -> None:
    print("ANSWER", json.dumps([[plain(value) for value in row] for row in rows]), flush=True)


def ask_duckdb(page: str) -> None:
    import duckdb

    base = duckdb.connect()
    for block in blocks(page, "sql"):
        for statement in (text.strip() for text in block.split(";")):
            if not statement:
                continue
            result = base.execute(statement)
            if not statement.startswith("CREATE"):
                say(result.fetchall())


def ask_spark(page: str) -> None:
    from pyspark.sql import SparkSession

    # All in this process, and quiet; the page's own getOrCreate() then takes this one.
    SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config(
        "spark.sql.shuffle.partitions", "1"
    ).getOrCreate().sparkContext.setLogLevel("ERROR")
    names: dict = {}
    for block in blocks(page, "python"):
        exec(block, names)
    for question in names["QUESTIONS"]:
        say(names["spark"].sql(question).collect())


def main() -> None:
    program, page, folder = sys.argv[1:]
    text = Path(page).read_text().replace("DIR/", f"{folder}/")
    {"duckdb": ask_duckdb, "spark": ask_spark}[program](text)


if __name__ == "__main__":
    main()
