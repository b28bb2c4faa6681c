#!/usr/bin/env python3
"""Rows 8, 9 and 10: a scrape of 1,000,000 series to the last byte, beside prometheus-cpp's Exposer.

usage: bench/scrape.py [--smoke] [--series N] [--rounds N]

Both hold the same series in a process of their own; between two scrapes all of them change, or one in a hundred:
spread over the page, or all in one family. Each page is counted and added up after the clock was read.
"""

import argparse
import gzip
import subprocess

from support.measuring import (SMOKE, exposer, feed, new_stack, progress, prometheus_cpp, report, require,
                               require_nothing_lost, scrape_client, spread)

CHANGES = {"all": "rounds 1", "spread": "spread", "one_place": "one_place"}
WORDS = {"all": "everything changed", "spread": "1% changed, spread evenly", "one_place": "1% changed, in one family"}
# coding, what changed: row, at most this part of the peer's time
BOUNDS = {("identity", "all"): ("8", 1 / 20), ("identity", "spread"): ("9", 1 / 35), ("identity", "one_place"): ("9", 1 / 35),
          ("gzip", "all"): ("10", 1 / 15), ("gzip", "spread"): ("10", 1 / 35), ("gzip", "one_place"): ("10", 1 / 35)}


def checked(answer, truth, who, coding):
    require(answer["broken"] == 0, f"{who}: {answer['broken']} broken lines")
    require(answer["lines"] == truth["lines"], f"{who}: {answer['lines']} lines, not {truth['lines']}")
    require(answer["total"] == truth["total"], f"{who}: the values add up to {answer['total']}, not {truth['total']}")
    require(answer["coding"] == ("gzip" if coding == "gzip" else ""), f"{who}: the coding is {answer['coding']!r}")
    return answer


def other_readers(sidecar, truth, folder):
    """What people use reads the whole gzip body, not only a lenient library."""
    url = f"http://127.0.0.1:{sidecar.port}/metrics"

    def lines_of(text):
        return sum(line.startswith(b"bench_") for line in text.split(b"\n"))

    packed = folder / "page.gz"
    fetched = subprocess.run(["curl", "-sS", "-H", "Accept-Encoding: gzip", "-o", packed, url], check=False)
    require(fetched.returncode == 0, "curl fetches the gzip body")
    readers = {"curl --compressed": ["curl", "-sS", "--compressed", url], "zcat": ["zcat", packed],
               "wget --compression=gzip": ["wget", "-q", "--compression=gzip", "-O", "-", url]}
    for name, command in readers.items():
        read = subprocess.run(command, capture_output=True, check=False)
        require(read.returncode == 0 and lines_of(read.stdout) == truth["lines"],
                f"{name} reads {lines_of(read.stdout)} of {truth['lines']} lines, and ends with {read.returncode}")
    require(lines_of(gzip.decompress(packed.read_bytes())) == truth["lines"], "Python's gzip reads the whole body")
    return ", ".join([*readers, "Python gzip"])


def measure(series, rounds):
    with new_stack() as stack:
        nats = stack.nats(monitored=True)
        sidecar = stack.sidecar(nats, log__level="warn")
        feeder = feed(stack, nats, series_each=series)
        progress(f"defining {series} series here and in the peer")
        feeder.ask("define")
        peer = exposer(stack, series=series)
        peer_truth = peer.ask("truth")
        ours = scrape_client(stack, sidecar.port)
        theirs = scrape_client(stack, peer_truth["port"])
        ours.ask("scrape")  # a new counter is shown as 0 once, before its value

        for coding in ("identity", "gzip"):
            # The first of each kind renders what the later ones keep, and grows the client's buffer.
            for _ in range(2):
                ours.ask(f"scrape {coding}")
            theirs.ask(f"scrape {coding}")
            taken = {change: ([], []) for change in CHANGES}
            sizes = {}
            for number in range(rounds):
                progress(f"{coding}: round {number + 1} of {rounds}")
                for change, command in CHANGES.items():
                    feeder.ask(command)
                    truth = feeder.ask("truth")
                    answer = checked(ours.ask(f"scrape {coding}"), truth, "Weir", coding)
                    require(answer["content_type"].startswith("application/openmetrics-text"),
                            f"Weir answers Prometheus's Accept with {answer['content_type']}")
                    taken[change][0].append(answer["seconds"] * 1000)
                    sizes["Weir"] = answer["wire_bytes"]
                    truth = peer.ask(change)
                    answer = checked(theirs.ask(f"scrape {coding}"), truth, "the peer", coding)
                    taken[change][1].append(answer["seconds"] * 1000)
                    sizes["peer"] = answer["wire_bytes"]
            truth = feeder.ask("truth")
            newer = checked(ours.ask(f"scrape {coding} prometheus3"), truth, "Weir to Prometheus 3", coding)
            require(newer["content_type"].startswith("application/openmetrics-text"),
                    f"Weir answers Prometheus 3 with {newer['content_type']}")
            read_by = f"; read whole by {other_readers(sidecar, truth, stack.folder)}" if coding == "gzip" else ""
            for change, (weir, other) in taken.items():
                row, bound = BOUNDS[coding, change]
                report(row, f"scrape of {series} series, {coding}, {WORDS[change]}", "ms", weir,
                       f"<= 1/{round(1 / bound)} of the Exposer", spread(weir)["median"] / spread(other)["median"],
                       f"{truth['lines']} lines, values add up to {truth['total']} on the last page{read_by}",
                       peer=(prometheus_cpp(), other), at_most=bound,
                       profile={"series": series, "bytes": sizes["Weir"], "peer_bytes": sizes["peer"],
                                "bytes_per_line": round(answer["bytes"] / answer["lines"], 1)})
        require_nothing_lost(sidecar, nats)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--series", type=int, default=2000 if SMOKE else 1_000_000)
    options.add_argument("--rounds", type=int, default=1 if SMOKE else 5)
    chosen = options.parse_args()
    measure(chosen.series, chosen.rounds)


if __name__ == "__main__":
    main()
