#!/usr/bin/env python3
"""Row 14: what weir-collector costs for each sample of this machine, beside node_exporter with the same collectors.

usage: bench/host.py [--smoke] [--rounds N] [--collections N]

Each collects every 100 ms: weir-collector by its configuration, publishing each time, node_exporter because it is scraped
so often. The page of node_exporter is rendered by itself, that of Weir by the sidecar: the sidecar's part, scraped as
often, stands in the profile.
"""

import argparse
import time

from support.measuring import (SMOKE, cpu_seconds, free_port, http_get, new_stack, progress, report, require, server,
                               settings, spread, status_bytes, tool_version, wait_until)

INTERVAL_SECONDS = 0.1
CPU_PART_MAX = 1 / 4
MEMORY_MB_MAX = 8
# Weir's name, node_exporter's
COLLECTORS = {"cpu": "cpu", "disk": "diskstats", "filesystem": "filesystem", "load": "loadavg", "memory": "meminfo",
              "network": "netdev", "pressure": "pressure", "processes": "processes", "stat": "stat", "time": "time",
              "uname": "uname"}
RUNS = "weir_collector_last_success_timestamp_seconds"


def node_samples(page):
    """How many of the node's own there are: what a collector says of itself is left out."""
    return sum(line.startswith(b"node_") and not line.startswith(b"node_scrape_") for line in page.split(b"\n"))


def start_node_exporter(stack):
    port = free_port()
    process = server(stack, "node_exporter", [
        settings.tool("node_exporter"), f"--web.listen-address=127.0.0.1:{port}", "--web.disable-exporter-metrics",
        "--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS.values())])
    process.port = port
    wait_until(lambda: http_get(port, "/metrics").code == 200, 15, "node_exporter")
    return process


def start_collector(stack, nats):
    milliseconds = round(INTERVAL_SECONDS * 1000)
    config = "collectors:\n" + "".join(f"  {name}: {{interval: {milliseconds}ms}}\n" for name in COLLECTORS)
    config += f"  uptime: false\nflush_interval: {milliseconds}ms\n"
    return stack.collector(nats, flags=["--log.level", "warn"], config=config)


def every_interval(count, action):
    """Calls it so often, at a steady pace; (seconds, the last result)"""
    begun = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begun + (number + 1) * INTERVAL_SECONDS - time.monotonic()))
        result = action()
    return time.monotonic() - begun, result


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="tiny, to see that it works")
    options.add_argument("--rounds", type=int, default=1 if SMOKE else 5)
    options.add_argument("--collections", type=int, default=10 if SMOKE else 100, help="of each round")
    chosen = options.parse_args()
    weir, peer, rendering = [], [], []
    with new_stack() as stack:
        nats = stack.nats(monitored=True)
        sidecar = stack.sidecar(nats, log__level="warn")
        exporter, collector = start_node_exporter(stack), start_collector(stack, nats)
        page = "/metrics?" + "&".join(f"collect[]={name}" for name in COLLECTORS)
        wait_until(lambda: all(sidecar.scrape().value(RUNS, collector=name) for name in COLLECTORS), 15, "all collectors")
        time.sleep(1)
        for number in range(chosen.rounds):
            progress(f"round {number + 1} of {chosen.rounds}")
            before, sidecar_before = cpu_seconds(collector.pid), cpu_seconds(sidecar.pid)
            frames_before = sidecar.publisher("weir-collector")["frames"]
            seconds, answer = every_interval(chosen.collections, lambda: http_get(sidecar.port, page))
            collected = seconds / INTERVAL_SECONDS
            samples = node_samples(answer.body)
            weir.append((cpu_seconds(collector.pid) - before) / collected / samples * 1e6)
            rendering.append((cpu_seconds(sidecar.pid) - sidecar_before) / collected / samples * 1e6)
            frames = sidecar.publisher("weir-collector")["frames"] - frames_before
            require(frames >= 0.9 * collected, f"{frames} frames were published in {collected:.0f} intervals")
            ages = [time.time() - sidecar.scrape().value(RUNS, collector=name) for name in COLLECTORS]
            require(max(ages) < 10 * INTERVAL_SECONDS, f"all collectors run: the oldest reading is {max(ages):.1f} s old")

            before = cpu_seconds(exporter.pid)
            _, answer = every_interval(chosen.collections, lambda: http_get(exporter.port, "/metrics"))
            peer_samples = node_samples(answer.body)
            peer.append((cpu_seconds(exporter.pid) - before) / chosen.collections / peer_samples * 1e6)
        memory = {process: status_bytes(process.pid, "VmRSS") / 1e6 for process in (collector, exporter)}
    require(0.8 < samples / peer_samples < 1.25, f"{samples} samples are compared with {peer_samples}")
    check = (f"{chosen.rounds} rounds of {chosen.collections} collections, a frame for each, readings fresh, "
             f"{samples} samples beside {peer_samples}")
    name = tool_version("node_exporter")
    report("14", "CPU of the host collectors per sample", "us", weir, "<= 1/4 of node_exporter's",
           spread(weir)["median"] / spread(peer)["median"], check, peer=(name, peer), at_most=CPU_PART_MAX,
           profile={"samples": samples, "sidecar_us_per_sample": spread(rendering)["median"]})
    report("14", "memory of the host collectors", "MB", [memory[collector]], f"<= {MEMORY_MB_MAX} MB", memory[collector],
           check, peer=(name, [memory[exporter]]), at_most=MEMORY_MB_MAX)


if __name__ == "__main__":
    main()
