#!/usr/bin/env python3
"""Row 11: the rate of ingest while all series are scraped back to back, beside the undisturbed rate.

usage: bench/under_scrape.py [--smoke] [--publishers N] [--rounds N] [--seconds S]

Twice: at a steady load, where whoever scrapes takes nothing that ingest needs, and as fast as the frames go through,
where load generator, server, sidecar and scraper share the processors of the machine: there the undisturbed rate needs
all of them.
"""

import argparse
import os

from support.measuring import (SMOKE, cpu_seconds, feed, new_stack, progress, report, require, require_nothing_lost,
                               scrape_client, spread)

STEADY_SAMPLES_PER_SECOND = 5e6
SERIES_EACH = 1000
PART_MIN = 0.8


def measure(publishers, rounds, seconds):
    with new_stack() as stack:
        nats = stack.nats(monitored=True)
        sidecar = stack.sidecar(nats, log__level="warn")
        feeder = feed(stack, nats, publishers=publishers, series_each=SERIES_EACH, frame_samples=SERIES_EACH)
        feeder.ask("define")
        client = scrape_client(stack, sidecar.port)
        client.ask("scrape")  # a new counter is shown as 0 once

        def rate_and_cpu(frames_per_second):
            cpu = cpu_seconds(sidecar.pid)
            sent = feeder.ask(f"run {seconds} {frames_per_second}")
            return sent["samples"] / sent["seconds"], (cpu_seconds(sidecar.pid) - cpu) / sent["seconds"]

        for name, frames_per_second in (("at a steady load", STEADY_SAMPLES_PER_SECOND / SERIES_EACH),
                                        ("as fast as frames go through", 0)):
            quiet, disturbed, scrape_ms, cores = [], [], [], []
            for number in range(rounds):
                progress(f"{name}: round {number + 1} of {rounds}")
                quiet.append(rate_and_cpu(frames_per_second)[0])
                command = f"run {seconds} identity"
                client.send(command)
                rate, cpu = rate_and_cpu(frames_per_second)
                scraped = client.answer_to(command)
                disturbed.append(rate)
                cores.append(cpu)
                scrape_ms += [1000 * each for each in scraped["seconds_each"]]
            require(len(scrape_ms) >= rounds, "it was scraped meanwhile")
            answer, truth = client.ask("scrape"), feeder.ask("truth")
            require((answer["lines"], answer["total"]) == (truth["lines"], truth["total"]),
                    f"the page has {answer['lines']} lines that add up to {answer['total']}, not {truth}")
            require_nothing_lost(sidecar, nats)
            report("11", f"ingest while {truth['lines']} series are scraped back to back, {name}", "samples/s", disturbed,
                   ">= 80% of the undisturbed rate, no frame dropped", spread(disturbed)["median"] / spread(quiet)["median"],
                   f"{len(scrape_ms)} scrapes meanwhile, no frame lost, values add up to {truth['total']}",
                   peer=("the same sidecar undisturbed", quiet), at_least=PART_MIN,
                   profile={"series": truth["lines"], "publishers": publishers, "scrape_ms": spread(scrape_ms),
                            "sidecar_cores": spread(cores)["median"], "processors": os.cpu_count()})


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--publishers", type=int, default=5 if SMOKE else 1000, help="with 1,000 series each")
    options.add_argument("--rounds", type=int, default=1 if SMOKE else 3)
    options.add_argument("--seconds", type=float, default=0.3 if SMOKE else 5.0, help="of each round")
    chosen = options.parse_args()
    measure(chosen.publishers, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
