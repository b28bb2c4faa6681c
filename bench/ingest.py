#!/usr/bin/env python3
"""Rows 7 and 7b: samples a second through one nats-server into a sidecar, beside a subscriber that drops everything.

usage: bench/ingest.py [--smoke] [--rounds N] [--seconds S] [--publishers N --series-each N --frame-samples N --shared]

Publishers are simulated in one process over a few connections; server and sidecar are real. Each connection waits
while 16 MiB of all of them are unanswered, so nobody is flooded and no frame may be lost. The last page is compared with
what was stated.
"""

import argparse

from support.measuring import (SMOKE, cpu_seconds, feed, new_stack, progress, report, require, require_nothing_lost,
                               scrape_client, spread, tool_version, Worker)

SAMPLES_PER_SECOND_MIN = 40e6
PART_OF_DROPPER_MIN = 0.85
SAMPLE_CPU_NS_MAX = 16
FRAME_CPU_OF_DROPPER_MAX = 2.0


class Side:
    """Who receives, its feeder, and what each round gave."""

    def __init__(self, name, pid, feeder):
        self.name, self.pid, self.feeder = name, pid, feeder
        self.samples_per_second, self.cpu_ns_per_sample, self.cpu_us_per_frame = [], [], []
        self.frames = 0

    def round(self, seconds, server_pid):
        cpu, server_cpu, load_cpu = cpu_seconds(self.pid), cpu_seconds(server_pid), cpu_seconds(self.feeder.pid)
        sent = self.feeder.ask(f"run {seconds} 0")
        cpu = cpu_seconds(self.pid) - cpu
        self.server_us_per_frame = (cpu_seconds(server_pid) - server_cpu) / sent["frames"] * 1e6
        self.load_us_per_frame = (cpu_seconds(self.feeder.pid) - load_cpu) / sent["frames"] * 1e6
        self.samples_per_second.append(sent["samples"] / sent["seconds"])
        self.cpu_ns_per_sample.append(cpu / sent["samples"] * 1e9)
        self.cpu_us_per_frame.append(cpu / sent["frames"] * 1e6)
        self.frames += sent["frames"]
        self.frame_bytes = sent["bytes"] / sent["frames"]


def measure(rounds, seconds, **load):
    """The two sides after their rounds, and what the last page showed."""
    with new_stack() as stack:
        nats = stack.nats(monitored=True)
        sidecar = stack.sidecar(nats, log__level="warn")
        weir = Side("weir", sidecar.pid, feed(stack, nats, **load))
        dropper = Worker(stack, "bench_drop", port=nats.port, node="drop-node")
        dropper.ask("status")  # subscribed
        peer = Side("drop", dropper.pid, feed(stack, nats, "drop-node", **load))
        for side in (weir, peer):
            side.feeder.ask("define")
            side.feeder.ask("rounds 1")
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            weir.round(seconds, nats.pid)
            peer.round(seconds, nats.pid)
        client = scrape_client(stack, sidecar.port)
        client.ask("scrape")  # a new counter is shown as 0 once
        answer, truth = client.ask("scrape"), weir.feeder.ask("truth")
        require((answer["lines"], answer["total"]) == (truth["lines"], truth["total"]),
                f"the page has {answer['lines']} lines that add up to {answer['total']}, not {truth}")
        require_nothing_lost(sidecar, nats)
        received, sent = dropper.ask("status")["messages"], peer.feeder.ask("truth")["frames"]
        require(received == sent, f"the subscriber that drops got {received} of {sent} frames")
        return weir, peer, truth


def told(row, weir, peer, truth, load):
    name = "nats.c subscriber that drops everything, " + tool_version("nats-server")
    profile = {**load, "frame_bytes": round(weir.frame_bytes), "frames": weir.frames,
               "server_us_per_frame": round(weir.server_us_per_frame, 2),
               "load_us_per_frame": round(weir.load_us_per_frame, 2)}
    check = f"{weir.frames} frames, none lost; totals on /metrics add up to {truth['total']} as stated"
    rate, other = spread(weir.samples_per_second)["median"], spread(peer.samples_per_second)["median"]
    words = f"{load['publishers']} publishers, frames of {load['frame_samples']} samples"
    target = ">= 40 M samples/s, or >= 85% of what a subscriber that drops everything gets"
    if rate >= SAMPLES_PER_SECOND_MIN:
        report(row, f"samples through one nats-server, {words}", "samples/s", weir.samples_per_second, target, rate, check,
               peer=(name, peer.samples_per_second), at_least=SAMPLES_PER_SECOND_MIN, profile=profile)
    else:
        report(row, f"samples through one nats-server, {words}", "samples/s", weir.samples_per_second, target, rate / other,
               check, peer=(name, peer.samples_per_second), at_least=PART_OF_DROPPER_MIN, profile=profile)
    if row == "7b":
        value = spread(weir.cpu_us_per_frame)["median"] / spread(peer.cpu_us_per_frame)["median"]
        report(row, f"CPU of the sidecar per frame, {words}", "us", weir.cpu_us_per_frame,
               "CPU per frame, no drops (bound of this program: 2 times the subscriber that drops)", value, check,
               peer=(name, peer.cpu_us_per_frame), at_most=FRAME_CPU_OF_DROPPER_MAX, profile=profile)
    else:
        report(row, f"CPU of the sidecar per sample, {words}", "ns", weir.cpu_ns_per_sample, "<= 16 ns",
               spread(weir.cpu_ns_per_sample)["median"], check, peer=(name, peer.cpu_ns_per_sample),
               at_most=SAMPLE_CPU_NS_MAX, profile=profile)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--rounds", type=int, default=1 if SMOKE else 5)
    options.add_argument("--seconds", type=float, default=0.3 if SMOKE else 3.0, help="of each round")
    options.add_argument("--publishers", type=int, help="instead of the two loads of the table: one of row 7")
    options.add_argument("--series-each", type=int, default=1000)
    options.add_argument("--frame-samples", type=int, default=1000)
    options.add_argument("--shared", action="store_true", help="all publishers state the same series")
    chosen = options.parse_args()
    if chosen.publishers:
        loads = [("7", chosen.publishers, chosen.series_each, chosen.frame_samples)]
    elif SMOKE:
        loads = [("7", 2, 1000, 1000), ("7b", 10, 20, 20)]
    else:
        loads = [("7", 100, 1000, 1000), ("7b", 1000, 20, 20)]
    for row, publishers, series_each, frame_samples in loads:
        load = {"publishers": publishers, "series_each": series_each, "frame_samples": frame_samples, "shared": chosen.shared}
        progress(f"row {row}: {load}")
        told(row, *measure(chosen.rounds, chosen.seconds, **load), load)


if __name__ == "__main__":
    main()
