#!/usr/bin/env python3
"""Draws cost against scale: docs/performance.svg, from the lines that bench/scale.py printed (row 18).

usage: bench/curve.py [RESULTS.jsonl ...] [--output docs/performance.svg]

Without files: every *.jsonl below build/bench. Of two lines for one point the later one counts.
"""

import argparse
import html
import json
import math
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PANEL_WIDTH, PANEL_HEIGHT = 380, 256
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 60, 40
COLOURS = ("#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#8c564b", "#e7298a")
# Title of a panel, how the names of its curves begin, over which axis; two panels stand side by side.
PANELS = (("Merging a sample, in process", "merge of a sample", "series"),
          ("Merging a sample, in process", "merge of a sample", "publishers"),
          ("Merging a sample, in process", "merge of a sample", "publishers sharing series"),
          ("CPU of the sidecar per sample, over NATS", "sidecar CPU", "publishers sharing series"),
          ("CPU of the sidecar per sample, over NATS", "sidecar CPU", "series"),
          ("CPU of the sidecar per sample, over NATS", "sidecar CPU", "publishers"),
          ("A scrape to the last byte, uncompressed", "scrape, identity", "series"),
          ("A scrape to the last byte, gzip", "scrape, gzip", "series"),
          ("Memory of a series", "memory of a series", "series"),
          ("Memory of a series", "memory of a series", "publishers"))
LABELS = {"series": "series", "publishers": "publishers, of 1 M series together: frames get smaller",
          "publishers sharing series": "publishers of the same 1,000 series"}


def read_points(paths):
    """{(curve, axis): {x: line}} of row 18."""
    curves = {}
    for path in paths:
        for text in path.read_text().splitlines():
            line = json.loads(text)
            profile = line.get("profile")
            if line["row"] == "18" and isinstance(profile, dict) and "curve" in profile:
                curves.setdefault((profile["curve"], profile["axis"]), {})[profile["x"]] = line
    return curves


def short(number):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:g} {unit}"
    return f"{number:.3g}"


def round_up(value):
    """A number that divides by four, a little above."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= value)


def text(x, y, words, size=11, anchor="start", colour="#333", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def line_of(points, colour, dash=""):
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dash}"/>'


def bound_of(line):
    """The dearest cost that the target allows, in the unit of the curve; None where it is a ratio to no peer."""
    bound, peer = line["bound"].get("at_most"), line["peer"]
    if bound is None:
        return None
    if line["unit"] == "ms":  # a part of the peer's time
        return bound * peer["median"] * line["profile"]["cost"] / line["weir"]["median"]
    return bound


class Panel:
    """One group of curves over one axis: logarithmic to the right, from zero upwards."""

    def __init__(self, title, label, curves):
        self.title, self.label, self.curves = title, label, curves
        lines = [line for points in curves.values() for line in points.values()]
        self.unit = lines[0]["profile"]["cost_unit"]
        costs = [line["profile"]["cost"] for line in lines]
        bounds = [bound for bound in map(bound_of, lines) if bound is not None]
        # A bound far above everything would press the curves to the floor.
        shown = [bound for bound in bounds if bound < 4 * max(costs)]
        self.top = round_up(max([*costs, *shown]) * 1.05)
        self.xs = sorted({x for points in curves.values() for x in points})

    def place(self, x, cost):
        width, height = PANEL_WIDTH - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM
        low, high = math.log10(self.xs[0]), math.log10(self.xs[-1])
        part = (math.log10(x) - low) / (high - low) if high > low else 0.5
        return LEFT + part * width, TOP + height * (1 - min(cost / self.top, 1))

    def drawn(self):
        right, floor = PANEL_WIDTH - RIGHT, PANEL_HEIGHT - BOTTOM
        parts = [text(LEFT, 16, self.title, 12, weight="bold"), text(LEFT, TOP - 8, self.unit, 10, colour="#777")]
        for step in range(5):
            value = self.top * step / 4
            _, y = self.place(self.xs[0], value)
            parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(text(LEFT - 6, y + 4, short(value), 10, "end", "#777"))
        for x in self.xs:
            parts.append(text(self.place(x, 0)[0], floor + 14, short(x), 10, "middle", "#777"))
        parts.append(text((LEFT + right) / 2, floor + 30, self.label, 10, "middle", "#777"))
        for number, (name, points) in enumerate(sorted(self.curves.items())):
            colour = COLOURS[number % len(COLOURS)]
            places = [self.place(x, line["profile"]["cost"]) for x, line in sorted(points.items())]
            bounds = [(x, bound_of(line)) for x, line in sorted(points.items())]
            bounds = [self.place(x, bound) for x, bound in bounds if bound is not None and bound <= self.top]
            if len(bounds) > 1:
                parts.append(line_of(bounds, colour, "3 4"))
            parts.append(line_of(places, colour))
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in places]
            if len(self.curves) > 1:
                parts.append(text(right, TOP - 28 + 11 * number, name.split(", ", 2)[2], 9, "end", colour))
        return "\n".join(parts)


def draw(curves):
    panels = []
    for title, beginning, axis in PANELS:
        chosen = {name: points for (name, of), points in curves.items() if of == axis and name.startswith(beginning)}
        if chosen:
            panels.append(Panel(title, LABELS[axis], chosen).drawn())
    width, height = 2 * PANEL_WIDTH, (len(panels) + 1) // 2 * PANEL_HEIGHT + 24
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" role="img" aria-label="Cost of Weir against scale">',
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate({number % 2 * PANEL_WIDTH},{number // 2 * PANEL_HEIGHT})">\n{panel}\n</g>')
    parts.append(text(LEFT, height - 8, "Dotted: the target of the row, where it is in the picture. Drawn by bench/curve.py.",
                      10, colour="#777"))
    return "\n".join([*parts, "</svg>", ""])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("results", nargs="*", type=pathlib.Path, help="JSON lines; else all below build/bench")
    options.add_argument("--output", type=pathlib.Path, default=ROOT / "docs" / "performance.svg")
    chosen = options.parse_args()
    paths = chosen.results or sorted((ROOT / "build" / "bench").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    curves = read_points(paths)
    if not curves:
        raise SystemExit("curve.py: no line of row 18 in what was read: run bench/scale.py, and keep what it prints")
    chosen.output.write_text(draw(curves))
    print(f"{chosen.output}: {len(curves)} curves, {sum(map(len, curves.values()))} points")


if __name__ == "__main__":
    main()
