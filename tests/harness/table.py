"""Rows that tests measure, kept over runs and written as Markdown below build/faults: docs/exactness.md is made of them."""

import json

from harness import settings

FOLDER = settings.ROOT / "build" / "faults"


def record(table, row, columns_of_name=1):
    """One row as {column: value}; the first columns name it, and a later row of that name replaces it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    store = FOLDER / f"{table}.json"
    rows = json.loads(store.read_text()) if store.exists() else {}
    cells = {column: str(value) for column, value in row.items()}
    rows[" ".join(list(cells.values())[:columns_of_name])] = cells
    store.write_text(json.dumps(rows, indent=1))
    (FOLDER / f"{table}.md").write_text(markdown(list(rows.values())))
    print(" | ".join(f"{column} {value}" for column, value in cells.items()))


def markdown(rows):
    columns = list(rows[-1])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(row.get(column, "") for column in columns) + " |" for row in rows]
    return "\n".join(lines) + "\n"
