"""Every metric name that Weir exports, in one file: others' dashboards and alerts rely on it.

A new name is added to golden_metric_names.txt, and to CHANGELOG.md; a name that leaves breaks somebody.
"""

import pathlib

from harness import settings
from harness.process import run
from harness.waiting import wait_until

GOLDEN = pathlib.Path(__file__).with_name("golden_metric_names.txt")


def golden():
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert names == sorted(set(names)), "golden_metric_names.txt is to be sorted, each name once"
    return set(names)


def described_by_the_collector():
    """Not this machine's own families, which differ with its hardware: those that the code can make."""
    result = run([settings.program("weir-collector"), "--describe"])
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_names_are_as_the_golden_list_says(stack):
    nats, sidecar = stack.pair()
    collector = stack.collector(nats)
    # One of each life, so that every family of the sidecar has a series.
    stack.publisher(nats, "gone").exit()
    stack.publisher(nats, "gone").exit()
    sidecar.wait_for(lambda s: s.series("node_load1") and s.value("weir_service_restarts_total", service_name="gone",
                                                                  weir_node="test-node") == 1)
    wait_until(lambda: sidecar.publisher("weir-collector")["state"] == "up")
    sidecar.scrape()  # a scrape shows itself in the next one
    own = {name for name in sidecar.scrape().families if name.startswith(("weir_", "process_"))}
    described = {word for line in described_by_the_collector().splitlines() for word in line.split()
                 if word.startswith(("node_", "weir_"))}
    assert described, "weir-collector --describe names no metric"
    names = own | described
    missing, new = golden() - names, names - golden()
    assert not missing and not new, f"gone: {sorted(missing)}, new: {sorted(new)}"
    assert collector.running
