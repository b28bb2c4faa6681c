#!/usr/bin/env python3
"""Row 18: cost against scale. Runs the programs of rows 6, 7, 8 to 10 and 12 at many scales, and says of each curve how far it
is from flat. bench/curve.py draws it.

usage: bench/scale.py [--smoke]
"""

import argparse
import json
import pathlib
import subprocess
import sys

from support.measuring import SMOKE, progress, report, require, settings

BENCH = pathlib.Path(__file__).resolve().parent
SERIES = (2_000, 10_000) if SMOKE else (10_000, 100_000, 1_000_000, 2_000_000)
PUBLISHERS = (2, 10) if SMOKE else (10, 100, 1_000, 10_000)
SERIES_OF_PUBLISHERS = 2_000 if SMOKE else 1_000_000  # of their own, together: more publishers have smaller frames
SERIES_SHARED = 1000  # the same for all: frames stay as large
FLAT_FROM_SERIES = 100_000
FLAT_MAX = 1.5


def program(name, *arguments):
    """The lines that it prints; what it says meanwhile is shown."""
    path = str(BENCH / name) if name.endswith(".py") else settings.program(name)
    ended = subprocess.run([path, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=False)
    require(ended.returncode == 0, f"{name} {' '.join(map(str, arguments))} ended with {ended.returncode}")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def merge(publishers, each, *flags):
    return program("bench_merge", "--publishers", publishers, "--series-each", each, "--rounds", 1 if SMOKE else 3, *flags)


def ingest(publishers, each, *flags):
    lines = program("ingest.py", "--publishers", publishers, "--series-each", each, "--frame-samples", min(1000, each),
                    "--rounds", 1 if SMOKE else 3, "--seconds", 0.2 if SMOKE else 2, *flags)
    return [line for line in lines if line["unit"] == "ns"]


def scrape(series):
    return program("scrape.py", "--series", series, "--rounds", 1 if SMOKE else 3)


def memory(publishers, series):
    lines = program("memory.py", "--publishers", publishers, "--series", series, "--checkpoint", "1s" if SMOKE else "5s")
    return [line for line in lines if line["what"].startswith("memory")]


def short_name(line):
    """Of the curve that a point belongs to."""
    return {"6": "merge of a sample", "7": "sidecar CPU of a sample, through nats-server", "12": "memory of a series"}.get(
        line["row"]) or "scrape, " + line["what"].split(", ", 1)[1]


class Curves:
    def __init__(self):
        self.points = {}  # (name, axis): [(x, cost)]

    def add(self, lines, axis, x, series):
        for line in lines:
            name = short_name(line)
            cost = line["weir"]["median"]
            if line["unit"] == "ms":
                cost *= 1e6 / series
            unit = "ms per 1 M series" if line["unit"] == "ms" else line["unit"]
            line["profile"].update(of_row=line["row"], curve=name, axis=axis, x=x, cost=cost, cost_unit=unit)
            line["row"] = "18"
            line["what"] = f"{name}, at {x} {axis}"
            print(json.dumps(line), flush=True)
            self.points.setdefault((name, axis, unit), []).append((x, cost))

    def told(self):
        for (name, axis, unit), points in self.points.items():
            flat = [cost for x, cost in points if axis != "series" or x >= FLAT_FROM_SERIES or SMOKE]
            report("18", f"{name}: dearest point to cheapest, over {axis}", unit, flat,
                   "from 100 k series on within 1.5 times; never super-linear", max(flat) / min(flat),
                   f"{len(points)} points, each checked by its program", at_most=FLAT_MAX,
                   profile={"points": {str(x): round(cost, 3) for x, cost in points}})


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.parse_args()
    curves = Curves()
    for series in SERIES:
        progress(f"==== {series} series")
        curves.add(merge(series // 1000, 1000), "series", series, series)
        curves.add(ingest(series // 1000, 1000), "series", series, series)
        curves.add(scrape(series), "series", series, series)
        curves.add(memory(1, series), "series", series, series)
    for publishers in PUBLISHERS:
        progress(f"==== {publishers} publishers")
        each = SERIES_OF_PUBLISHERS // publishers
        curves.add(merge(publishers, each), "publishers", publishers, SERIES_OF_PUBLISHERS)
        curves.add(ingest(publishers, each), "publishers", publishers, SERIES_OF_PUBLISHERS)
        curves.add(memory(publishers, SERIES_OF_PUBLISHERS), "publishers", publishers, SERIES_OF_PUBLISHERS)
        curves.add(merge(publishers, SERIES_SHARED, "--shared"), "publishers sharing series", publishers, SERIES_SHARED)
        curves.add(ingest(publishers, SERIES_SHARED, "--shared"), "publishers sharing series", publishers, SERIES_SHARED)
    curves.told()


if __name__ == "__main__":
    sys.exit(main())
