"""weir-collector on this machine's /proc, beside what the kernel says itself."""

import os

from harness import exposition, settings
from harness.process import run
from harness.waiting import wait_until

# A config with every interval short: the defaults are made for production.
FAST = "collectors:\n" + "".join(f"  {name}: {{interval: 200ms}}\n" for name in
                                 ("uptime", "cpu", "load", "memory", "filesystem", "disk", "network", "pressure", "processes"))
FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def proc_stat():
    """{(cpu, mode): seconds} as the kernel counts."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    with open("/proc/stat", encoding="ascii") as stat:
        for line in stat:
            words = line.split()
            if words[0].startswith("cpu") and words[0] != "cpu":
                for mode, value in zip(FIELDS, words[1:]):
                    found[(words[0][3:], mode)] = int(value) / ticks
    return found


def assert_cpu_equals_proc_stat(sidecar):
    """Between two readings of the kernel's: what is shown must lie in between."""
    def look():
        before = proc_stat()
        wait_until(lambda: sidecar.scrape().series("node_cpu_seconds_total"), 10, "cpu series")
        # Two intervals: whatever is shown then was read after `before`.
        marks = []

        def refreshed():
            value = sidecar.scrape().value("weir_collector_last_success_timestamp_seconds", collector="cpu")
            if value is not None and value not in marks:
                marks.append(value)
            return len(marks) >= 3
        wait_until(refreshed, 10, "two more readings")
        shown = sidecar.scrape().series("node_cpu_seconds_total")
        after = proc_stat()
        assert len(shown) == len(before)
        for labels, value in shown.items():
            key = (dict(labels)["cpu"], dict(labels)["mode"])
            assert before[key] - 0.011 <= value <= after[key] + 0.011, (key, before[key], value, after[key])
        return True
    wait_until(look, 20, "node_cpu_seconds_total to equal /proc/stat")


def test_restarting_the_collector_three_times_changes_no_kernel_counter(stack):
    nats, sidecar = stack.pair()
    for turn in range(4):
        collector = stack.collector(nats, config=FAST)
        sidecar.wait_for(lambda s: s.series("node_cpu_seconds_total"))
        assert_cpu_equals_proc_stat(sidecar)
        if turn == 1:
            collector.kill()
        elif turn < 3:
            assert collector.terminate() == 0
    assert sidecar.service("weir-collector")["starts"] == 4
    assert sidecar.service("weir-collector")["restarts"] == 3


def test_the_series_that_node_exporter_dashboards_use_are_there(stack):
    nats, sidecar = stack.pair()
    stack.collector(nats, config=FAST)
    wanted = {"node_cpu_seconds_total", "node_load1", "node_load5", "node_load15", "node_memory_MemTotal_bytes",
              "node_memory_MemAvailable_bytes", "node_filesystem_size_bytes", "node_filesystem_avail_bytes",
              "node_network_receive_bytes_total", "node_network_transmit_bytes_total", "node_uptime_secs",
              "node_procs_running", "node_scrape_collector_success", "node_scrape_collector_duration_seconds",
              "weir_collector_up", "weir_collector_duration_seconds", "weir_collector_errors_total",
              "weir_collector_last_success_timestamp_seconds"}

    def complete(scrape):
        missing = wanted - scrape.names() - {name.removesuffix("_count") for name in scrape.names()}
        assert not missing, f"missing: {sorted(missing)}"
        return True
    scrape = sidecar.wait_for(complete)
    labels = {frozenset(dict(key[1])) for key in scrape.values if key[0] == "node_cpu_seconds_total"}
    assert labels == {frozenset({"cpu", "mode"})}  # no service_name: existing dashboards match
    assert all(value == 1 for value in scrape.series("node_scrape_collector_success").values())
    (kernel,) = scrape.series("node_uptime_secs")
    with open("/proc/version", encoding="utf-8") as version:
        assert dict(kernel)["kernel"] == version.read().split()[2]


def test_once_prints_one_collection_and_needs_no_nats(stack):
    result = run([settings.program("weir-collector"), "--once"], env={"WEIR_ENDPOINT_FILE": str(stack.folder / "none")})
    assert result.returncode == 0, result.stderr
    scrape = exposition.parse(result.stdout.encode())
    assert scrape.value("node_load1") is not None
    assert {key: 0 for key in proc_stat()}.keys() == \
        {(dict(k)["cpu"], dict(k)["mode"]) for k in scrape.series("node_cpu_seconds_total")}


def test_list_and_describe_name_the_collectors_and_metrics(stack):
    listed = run([settings.program("weir-collector"), "--list"])
    assert listed.returncode == 0
    for name in ("uptime", "cpu", "load", "memory", "filesystem", "disk", "network", "pressure", "processes"):
        assert name in listed.stdout
    described = run([settings.program("weir-collector"), "--describe"])
    assert described.returncode == 0 and "node_cpu_seconds_total" in described.stdout


def test_readings_leave_with_the_collector(stack):
    nats, sidecar = stack.pair()
    collector = stack.collector(nats, config=FAST)
    sidecar.wait_for(lambda s: s.series("node_load1"))
    assert collector.terminate() == 0
    sidecar.wait_for(lambda s: not s.series("node_load1") and not s.series("node_cpu_seconds_total"))
    assert sidecar.publisher("weir-collector")["state"] == "exited"


def test_a_mistake_in_the_configuration_is_named_with_its_line(stack):
    config = stack.folder / "bad.yml"
    config.write_text("collectors:\n  cpu: {enabled: true}\n  memroy: {enabled: true}\n")
    result = run([settings.program("weir-collector"), "--once", "--config", str(config)])
    assert result.returncode not in (0, None) and result.returncode > 0
    assert "bad.yml:3" in result.stderr and "memroy" in result.stderr and "memory" in result.stderr
