"""Checks that every crate we build with has a licence that we accept, from cargo's own metadata."""

import json
import re
import subprocess
import sys

ACCEPTED = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC",
    "Zlib", "Unicode-3.0", "Unicode-DFS-2016", "CC0-1.0", "0BSD", "Unlicense", "BSL-1.0", "MPL-2.0", "WTFPL",
}

# Crates that name a file instead of an SPDX expression, and what that file says.
READ = {"u8g2-fonts": "MIT OR Apache-2.0; fonts as in U8g2's LICENSE (free for any use; we use Adobe X11 fonts)"}


def is_accepted(expression: str) -> bool:
    """Evaluates an SPDX expression of AND, OR and parentheses; the old `A/B` means `A OR B`."""
    tokens = re.findall(r"\(|\)|\bAND\b|\bOR\b|(?:(?!\bAND\b|\bOR\b)[^()])+", expression.replace("/", " OR "))
    words = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    python = [words.get(t.strip()) or str(t.strip() in ACCEPTED) for t in tokens if t.strip()]
    return eval(" ".join(python), {"__builtins__": {}})  # only True, False, and, or, parentheses


def main() -> int:
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked"]))
    crates = [package for package in metadata["packages"] if package["source"]]
    refused = [p for p in crates if p["name"] not in READ and not is_accepted(p["license"] or "none")]
    for package in refused:
        print(f"{package['name']} {package['version']}: licence {package['license']!r} is not accepted")
    print(f"{len(crates) - len(refused)} of {len(crates)} crates have a licence that we accept")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
