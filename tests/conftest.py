"""Fixtures of the integration and fault tests, and the logs of all children in the report of a failure."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pytest  # noqa: E402

from harness.stack import Stack  # noqa: E402

LOG_CHARACTERS_MAX = 6000


@pytest.fixture
def stack(tmp_path, request):
    """Starts processes on demand; ends all of them, whatever happens to the test."""
    made = Stack(tmp_path)
    request.node.weir_stack = made
    try:
        yield made
    finally:
        made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    made = getattr(item, "weir_stack", None)
    if report.failed and made:
        for process in made.processes:
            state = "runs" if process.running else f"ended with {process.child.returncode}"
            report.sections.append((f"{process.name} ({state})", process.log()[-LOG_CHARACTERS_MAX:]))
