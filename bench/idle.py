#!/usr/bin/env python3
"""Row 13: what a sidecar costs a node that does little: its memory, and its CPU with 10,000 series from 10 publishers, each
stated once a second, scraped every 5 s. Beside it node_exporter and the Pushgateway, the latter under the same load.

usage: bench/idle.py [--smoke] [--seconds S]
"""

import argparse
import http.client
import threading
import time

from support.measuring import (NODE, SMOKE, cpu_seconds, feed, free_port, new_stack, progress, report, require,
                               require_nothing_lost, scrape_client, server, settings, spread, status_bytes, tool_version,
                               wait_until, http_get)

PUBLISHERS, SERIES_EACH = 10, 1000
SCRAPE_SECONDS = 5.0
MEMORY_MB_MAX = 14
CPU_PERCENT_MAX = 0.5


def start(stack, tool, *flags):
    port = free_port()
    process = server(stack, tool, [settings.tool(tool), f"--web.listen-address=127.0.0.1:{port}", *flags])
    wait_until(lambda: http_get(port, "/metrics").code == 200, 15, tool)
    process.port = port
    return process


class Pusher:
    """Ten groups, each pushed once a second: the same samples as lines of text."""

    def __init__(self, port):
        self.port, self.turn, self.ended = port, 0, threading.Event()
        self.thread = threading.Thread(target=self._push, daemon=True)
        self.thread.start()

    def page(self, publisher):
        lines = "".join(f'bench_requests_{i % 100:02}_total{{account="{publisher * SERIES_EACH + i:08}",'
                        f'route="/api/v1/customers/orders/items"}} {1_000_000 + self.turn + i}\n'
                        for i in sorted(range(SERIES_EACH), key=lambda i: i % 100))
        return lines.encode()

    def _push(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while not self.ended.is_set():
            begun = time.monotonic()
            for publisher in range(PUBLISHERS):
                connection.request("PUT", f"/metrics/job/bench/instance/{publisher}", self.page(publisher))
                answer = connection.getresponse()
                answer.read()
                require(answer.status in (200, 202), f"the Pushgateway answers {answer.status}")
            self.turn += 1
            self.ended.wait(max(0.0, 1 - (time.monotonic() - begun)))


def cpu_percent_while(pid, seconds, scrape_seconds, scrape):
    """Of one core, while it is scraped."""
    scrapes = 0
    begun, cpu = time.monotonic(), cpu_seconds(pid)
    while time.monotonic() - begun < seconds:
        time.sleep(scrape_seconds)
        scrape()
        scrapes += 1
    return 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - begun), scrapes


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--rounds", type=int, default=1 if SMOKE else 3)
    options.add_argument("--seconds", type=float, default=1.0 if SMOKE else 30.0, help="of each measurement")
    chosen = options.parse_args()
    scrape_seconds = min(SCRAPE_SECONDS, chosen.seconds / 2)
    with new_stack() as stack:
        nats = stack.nats(monitored=True)
        sidecar = stack.sidecar(nats, log__level="warn")
        exporter, gateway = start(stack, "node_exporter"), start(stack, "pushgateway")
        time.sleep(0.5 if SMOKE else 15)
        idle = {process: status_bytes(process.pid, "VmRSS") / 1e6 for process in (sidecar, exporter, gateway)}

        feeder = feed(stack, nats, publishers=PUBLISHERS, series_each=SERIES_EACH, frame_samples=SERIES_EACH)
        feeder.ask("define")
        client = scrape_client(stack, sidecar.port)
        client.ask("scrape gzip")
        others = {exporter: scrape_client(stack, exporter.port), gateway: scrape_client(stack, gateway.port)}
        percents = {process: [] for process in idle}
        scraped = 0
        for number in range(chosen.rounds):
            progress(f"round {number + 1} of {chosen.rounds}")
            command = f"run {chosen.seconds + scrape_seconds} {PUBLISHERS}"  # as many frames a second as publishers
            feeder.send(command)
            percent, scrapes = cpu_percent_while(sidecar.pid, chosen.seconds, scrape_seconds,
                                                 lambda: client.ask("scrape gzip"))
            feeder.answer_to(command)
            percents[sidecar].append(percent)
            scraped += scrapes
            percents[exporter].append(cpu_percent_while(exporter.pid, chosen.seconds, scrape_seconds,
                                                        lambda: others[exporter].ask("scrape gzip text"))[0])
            pusher = Pusher(gateway.port)
            percents[gateway].append(cpu_percent_while(gateway.pid, chosen.seconds, scrape_seconds,
                                                       lambda: others[gateway].ask("scrape gzip text"))[0])
            pusher.ended.set()
            pusher.thread.join()
        answer, truth = client.ask("scrape gzip"), feeder.ask("truth")
        require((answer["lines"], answer["total"]) == (truth["lines"], truth["total"]), f"the page is {answer}, not {truth}")
        pushed = others[gateway].ask("scrape gzip text")
        require(pushed["lines"] == PUBLISHERS * SERIES_EACH, f"the Pushgateway shows {pushed['lines']} lines")
        require_nothing_lost(sidecar, nats)
        nats_mb = status_bytes(nats.pid, "VmRSS") / 1e6
        loaded = {process: status_bytes(process.pid, "VmRSS") / 1e6 for process in idle}

    def told(values):
        return {tool_version("node_exporter"): values[exporter], tool_version("pushgateway"): values[gateway]}
    smaller = min((exporter, gateway), key=lambda process: idle[process])
    report("13", "memory of an idle sidecar, no publishers", "MB", [idle[sidecar]], f"<= {MEMORY_MB_MAX} MB", idle[sidecar],
           f"node {NODE}, connected to NATS", peer=(tool_version(smaller.name), [idle[smaller]]), at_most=MEMORY_MB_MAX,
           profile={"idle_mb": told(idle), "with_10000_series_mb": {"weir-sidecar": loaded[sidecar], **told(loaded)},
                    "nats_server_mb": nats_mb})
    median = {process: spread(values)["median"] for process, values in percents.items()}
    report("13", "CPU with 10,000 series from 10 publishers at 1 Hz, scraped every 5 s", "% of a core", percents[sidecar],
           f"<= {CPU_PERCENT_MAX}% of a core", median[sidecar],
           f"{scraped} scrapes, {truth['lines']} lines, values add up to {truth['total']}",
           peer=(tool_version("pushgateway"), percents[gateway]), at_most=CPU_PERCENT_MAX, profile={"percent": told(median)})


if __name__ == "__main__":
    main()
