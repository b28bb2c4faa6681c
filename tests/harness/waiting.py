"""Waiting for a condition with a deadline: polling, never sleeping to hope."""

import time

from harness.settings import TIME_SCALE

POLL_SECONDS = 0.02


def wait_until(condition, seconds=10.0, what="the condition"):
    """Calls `condition` until it returns something true, and returns that.

    An AssertionError or OSError from it means "not yet"; the last one is told when time is up.
    """
    deadline = time.monotonic() + seconds * TIME_SCALE
    while True:
        last = "it stayed false"
        try:
            result = condition()
            if result:
                return result
        except (AssertionError, OSError) as error:
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * TIME_SCALE:.1f} s for {what}: {last}")
        time.sleep(POLL_SECONDS)


def stays(condition, seconds):
    """Asserts that `condition` holds the whole time: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        condition()
        time.sleep(POLL_SECONDS)
