#!/usr/bin/env python3
"""Prints how much the sidecar writes into its state directory in an hour, for a stated load.

usage: tests/measure/state_bytes.py [--publishers N] [--scrape SECONDS] [--minutes M]

The load is tests/fleet: each publisher has 20 counters, a gauge and a histogram, and all of them count all the time.
"""

import argparse
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import table  # noqa: E402
from harness.stack import Stack  # noqa: E402
from harness.watcher import SCRAPER  # noqa: E402


def kernel_bytes(pid):
    """What the process handed to write(), and what of it went to a disk."""
    lines = pathlib.Path(f"/proc/{pid}/io").read_text().splitlines()
    fields = dict(line.split(": ") for line in lines)
    return int(fields["wchar"]), int(fields["write_bytes"])


def folder_bytes(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def measure(stack, publishers, scrape_seconds, minutes):
    nats = stack.nats()
    sidecar = stack.sidecar(nats, name="sidecar", log__level="warn")
    fleet = stack.fleet(nats, publishers, groups=min(100, publishers), flush_ms=1000, start_within_ms=1000)
    fleet.wait_all("publishing")
    fleet.do("rate 100")

    def scrape():
        sidecar.metrics_body(headers=SCRAPER)
        return sidecar.scrape("?name[]=weir_sidecar_state_bytes_written_total&name[]=weir_sidecar_checkpoints_total"
                              "&name[]=weir_sidecar_series")
    first, first_kernel, begun = scrape(), kernel_bytes(sidecar.pid), time.monotonic()
    while time.monotonic() - begun < 60 * minutes:
        time.sleep(scrape_seconds)
        last = scrape()
    last_kernel, seconds = kernel_bytes(sidecar.pid), time.monotonic() - begun

    def grown(name):
        return last.value(name) - first.value(name)
    per_hour = 3600 / seconds / 1e6
    table.record("state", {
        "load": f"{publishers} publishers, scraped every {scrape_seconds:g} s",
        "series": int(last.value("weir_sidecar_series")),
        "measured for": f"{seconds:.0f} s, {grown('weir_sidecar_checkpoints_total')} checkpoints",
        "written": f"{grown('weir_sidecar_state_bytes_written_total') * per_hour:.0f} MB/h",
        "of that to a disk, as the kernel counts": f"{(last_kernel[1] - first_kernel[1]) * per_hour:.0f} MB/h",
        "size of the folder": f"{folder_bytes(sidecar.state_dir) / 1e6:.1f} MB"})


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--publishers", type=int, default=100)
    options.add_argument("--scrape", type=float, default=15.0, help="seconds from scrape to scrape")
    options.add_argument("--minutes", type=float, default=2.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-measure-") as folder:
        stack = Stack(pathlib.Path(folder))
        try:
            measure(stack, chosen.publishers, chosen.scrape, chosen.minutes)
        finally:
            stack.close()


if __name__ == "__main__":
    main()
