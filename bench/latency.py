#!/usr/bin/env python3
"""Row 15: from an increment in a program to its value in /metrics, with a flush interval of 10 ms.

usage: bench/latency.py [--smoke] [--count N]
"""

import argparse
import json
import statistics

from support.measuring import (NODE, SMOKE, new_stack, progress, report, require, run, settings)

FLUSH_MS = 10
BEYOND_FLUSH_MS_MAX = 2


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--count", type=int, default=30 if SMOKE else 2000, help="increments")
    options.add_argument("--rounds", type=int, default=1 if SMOKE else 3)
    chosen = options.parse_args()
    p50, p99, asked = [], [], 0
    for number in range(chosen.rounds):
        progress(f"round {number + 1} of {chosen.rounds}")
        with new_stack() as stack:  # of its own: the sum of a service outlives its programs
            nats, sidecar = stack.pair(log__level="warn")
            ended = run([settings.program("bench_visible"), "--url", nats.url, "--node", NODE, "--port", sidecar.port,
                         "--count", chosen.count, "--flush-ms", FLUSH_MS],
                        env={"WEIR_CELLS_DIR": "none", "WEIR_ENDPOINT_FILE": str(stack.folder / "no-endpoint")}, seconds=300)
            require(ended.returncode == 0, ended.stderr)
            said = json.loads(ended.stdout)
            require(said["shown"] == chosen.count + 1, f"{said['shown']} is shown, not {chosen.count + 1}")
            quantiles = statistics.quantiles(said["milliseconds"], n=100, method="inclusive")
            p50.append(quantiles[49])
            p99.append(quantiles[98])
            asked += said["asked"]
    check = f"{chosen.rounds} times {chosen.count} increments, each seen, asked {asked} times"
    for name, values in (("p50", p50), ("p99", p99)):
        report("15", f"increment made until visible in /metrics, {name}, flush interval {FLUSH_MS} ms", "ms", values,
               "interval + 2 ms at p99", statistics.median(values), check, at_most=FLUSH_MS + BEYOND_FLUSH_MS_MAX)


if __name__ == "__main__":
    main()
