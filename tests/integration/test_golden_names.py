"""Every metric name that Weir exports, in one file: others' dashboards and alerts rely on it.

A new name is added to golden_metric_names.txt, and to CHANGELOG.md; a name that leaves breaks somebody.
"""

import pathlib
import re

from harness import settings
from harness.process import run
from harness.waiting import wait_until

HEAD = """# Every metric name that Weir exports: the sidecar's own, and what weir-collector can make.
# After a change made on purpose: WEIR_TEST_REWRITE_GOLDEN=1 pytest tests/integration/test_golden_names.py
"""
GOLDEN = pathlib.Path(__file__).with_name("golden_metric_names.txt")


def golden():
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert names == sorted(set(names)), "golden_metric_names.txt is to be sorted, each name once"
    return set(names)


def described_by_the_collector():
    """Not what this machine happens to have, but what the code can make: the first column of a Markdown table."""
    result = run([settings.program("weir-collector"), "--describe"])
    assert result.returncode == 0, result.stderr
    return set(re.findall(r"^\| `?((?:node|weir)_\w+)`? \|", result.stdout, re.MULTILINE))


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
    described = described_by_the_collector()
    assert described, "weir-collector --describe names no metric"
    names = own | described
    if settings.REWRITE_GOLDEN:
        GOLDEN.write_text(HEAD + "".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    missing, new = golden() - names, names - golden()
    assert not missing and not new, f"gone: {sorted(missing)}, new: {sorted(new)}"
    assert collector.running
