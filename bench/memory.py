#!/usr/bin/env python3
"""Row 12: memory of a sidecar per series, at rest and while it is scraped, beside prometheus-cpp's Exposer.

usage: bench/memory.py [--smoke] [--series N] [--publishers N] [--checkpoint INTERVAL]

At rest is after one scrape each of text, OpenMetrics and gzip, and after a checkpoint, so that whatever is kept for them
counts. The peak is the kernel's own (VmHWM), over three more scrapes with everything changed before each.
"""

import argparse

from support.measuring import (SMOKE, exposer, feed, new_stack, progress, prometheus_cpp, report, require,
                               require_nothing_lost, reset_peak, scrape_client, status_bytes, wait_until)

PAGES = ("identity text", "identity openmetrics", "gzip openmetrics")
SERIES_BYTES_MAX = 180
GROWTH_MAX = 1.10


def scrape_each(client, count_on, what):
    for page in PAGES:
        truth = count_on()
        answer = client.ask(f"scrape {page}")
        require((answer["lines"], answer["total"], answer["broken"]) == (truth["lines"], truth["total"], 0),
                f"{what}, {page}: {answer['lines']} lines that add up to {answer['total']}, not {truth}")
    return truth


def at_rest_and_peak(pid, client, count_on, what):
    """(bytes after one scrape each, the peak of three more, what the last page showed)"""
    scrape_each(client, count_on, what)
    rest = status_bytes(pid, "VmRSS")
    reset_peak(pid)
    truth = scrape_each(client, count_on, what)
    return rest, status_bytes(pid, "VmHWM"), truth


def measure_weir(series, publishers, histogram_percent, checkpoint_interval):
    with new_stack() as stack:
        nats = stack.nats(monitored=True)
        sidecar = stack.sidecar(nats, log__level="warn", state__interval=checkpoint_interval)
        client = scrape_client(stack, sidecar.port)
        client.ask("scrape")
        empty = status_bytes(sidecar.pid, "VmRSS")
        # A small window: what waits in the queue of the sidecar is the load generator's doing.
        feeder = feed(stack, nats, publishers=publishers, series_each=series // publishers,
                      histogram_percent=histogram_percent, lines=1, window_bytes=1 << 20)
        feeder.ask("define")
        client.ask("scrape")  # a new counter is shown as 0 once
        checkpoints = "weir_sidecar_checkpoints_total"
        before = sidecar.scrape(f"?name[]={checkpoints}").value(checkpoints)
        wait_until(lambda: sidecar.scrape(f"?name[]={checkpoints}").value(checkpoints) > before, 90, "a checkpoint")

        def count_on():
            feeder.ask("rounds 1")
            return feeder.ask("truth")
        rest, peak, truth = at_rest_and_peak(sidecar.pid, client, count_on, "Weir")
        require_nothing_lost(sidecar, nats)
        return empty, rest, peak, truth


def measure_peer(series, histogram_percent):
    with new_stack() as stack:
        nothing = exposer(stack, series=0)
        nothing.ask("truth")
        empty = status_bytes(nothing.pid, "VmRSS")
        peer = exposer(stack, series=series, histogram_percent=histogram_percent)
        client = scrape_client(stack, peer.ask("truth")["port"])
        rest, peak, truth = at_rest_and_peak(peer.pid, client, lambda: peer.ask("all"), "the peer")
        return empty, rest, peak, truth


def kinds_of_the_row(series):
    many = min(1000, series // 100)
    return (("one publisher", 1, 0), ("one publisher, 10% histograms of 11 bounds", 1, 10), (f"{many} publishers", many, 0))


def measure(series, kinds, checkpoint_interval):
    peers = {}
    for what, publishers, histogram_percent in kinds:
        progress(f"{series} series, {what}")
        if histogram_percent not in peers:
            peers[histogram_percent] = measure_peer(series, histogram_percent)
        empty, rest, peak, truth = measure_weir(series, publishers, histogram_percent, checkpoint_interval)
        peer_empty, peer_rest, peer_peak, peer_truth = peers[histogram_percent]
        require(truth["lines"] == peer_truth["lines"], "both show as many lines")
        # Each line is a series to Prometheus: a histogram of 11 bounds is 14 of them.
        lines = truth["lines"]
        each, peer_each = (rest - empty) / lines, (peer_rest - peer_empty) / lines
        check = f"{lines} lines, values add up to {truth['total']}"
        profile = {"series": series, "publishers": publishers, "histogram_percent": histogram_percent,
                   "lines": lines, "empty_bytes": empty, "rest_bytes": rest, "peak_bytes": peak}
        report("12", f"memory of each series on the page, {what}", "B", [each], f"<= {SERIES_BYTES_MAX} B", each, check,
               peer=(prometheus_cpp(), [peer_each]), at_most=SERIES_BYTES_MAX, profile=profile)
        report("12", f"peak of a scrape, {what}", "B", [(peak - empty) / lines], "<= 10% more during a scrape",
               peak / rest, check, peer=(prometheus_cpp(), [(peer_peak - peer_empty) / lines]), at_most=GROWTH_MAX,
               profile=profile)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--series", type=int, default=2000 if SMOKE else 1_000_000)
    options.add_argument("--publishers", type=int, help="instead of the three kinds of the row")
    options.add_argument("--checkpoint", default="1s" if SMOKE else "30s", help="how often the sidecar writes one")
    chosen = options.parse_args()
    kinds = kinds_of_the_row(chosen.series)
    if chosen.publishers:
        kinds = ((f"{chosen.publishers} publishers", chosen.publishers, 0),)
    measure(chosen.series, kinds, chosen.checkpoint)


if __name__ == "__main__":
    main()
