#!/usr/bin/env python3
"""Copies the tables that the last runs left in build/faults into docs/exactness.md, between its marks."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "exactness.md"

text = PAGE.read_text()
for name in ("table", "fleet", "state"):
    table = (ROOT / "build" / "faults" / f"{name}.md").read_text()
    text, found = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda marks: marks[1] + table + marks[2], text,
                          flags=re.DOTALL)
    assert found == 1, f"{PAGE} has no place for {name}"
PAGE.write_text(text)
