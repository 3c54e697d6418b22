"""The pages' links lead somewhere, and their configuration is one that the program knows."""

import json
import re
import tomllib

import pytest
import wiring
from conftest import HARDWARE

PAGES = sorted(HARDWARE.glob("*.md"))
SCHEMA = json.loads((HARDWARE.parent / "config" / "dermascope.schema.json").read_text())


def anchors(page: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


def settings() -> list[tuple[str, str]]:
    blocks = [(page, block) for page in PAGES for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)]
    return [(f"{page.name}-{index}", block) for index, (page, block) in enumerate(blocks)]


def unknown(schema: dict, values: dict, at: str = "") -> list[str]:
    """The keys that the configuration's schema does not have."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    found = []
    for key, value in values.items():
        if key not in schema["properties"]:
            found.append(at + key)
        elif isinstance(value, dict):
            found += unknown(schema["properties"][key], value, f"{at}{key}.")
    return found


@pytest.mark.parametrize("block", [block for _, block in settings()], ids=[name for name, _ in settings()])
def test_the_configuration_that_is_shown_has_no_key_that_the_program_lacks(block):
    assert unknown(SCHEMA, tomllib.loads(block)) == []


def test_a_key_that_the_program_lacks_is_found():
    assert unknown(SCHEMA, {"light": {"polarised": {"lin": 12}}, "lamp": {}}) == ["light.polarised.lin", "lamp"]


def test_the_lines_of_the_rings_that_are_shown_are_those_that_are_drawn():
    shown = next(tomllib.loads(block)["light"] for _, block in settings() if "[light" in block)
    taken = wiring.uses("waveshare-1.3", wiring.boards()["waveshare-1.3"])
    drawn = {use.what: line for line, use in taken.items()}
    assert drawn["ring polarised"] == shown["polarised"]["line"]
    assert drawn["ring plain"] == shown["unpolarised"]["line"]


def test_the_pages_ask_the_doctor_for_each_part_that_it_looks_at():
    source = (HARDWARE.parent / "src" / "doctor" / "mod.rs").read_text()
    known = set(re.findall(r'\("(\w+)", \w+::\w+\)', source))
    asked = {part for page in PAGES for parts in re.findall(r"--only ([\w,]+)", page.read_text()) for part in parts.split(",")}
    assert asked == known
