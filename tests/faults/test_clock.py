"""The system clock is set, forward and back: leases, evidence of death and totals do not care."""

import pytest

from harness.clock import Clock

HOUR = 3600


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.mark.parametrize("jumps", [(HOUR, 0, -HOUR), (400 * 24 * HOUR, -400 * 24 * HOUR)], ids=["hours", "years"])
def test_the_clock_is_set(ordeal, clock, jumps):
    ordeal.begin(cells=True, env=clock.environment)
    ordeal.hammer(env=clock.environment)
    ordeal.hammer(env=clock.environment)
    for seconds in jumps:
        ordeal.pause()
        clock.set(seconds)
        ordeal.pause()
        ordeal.hammer(env=clock.environment)  # one that begins in the new time
    service = ordeal.sidecar.service("hammer")
    assert (service["losses"], service["crashes"], service["restarts"]) == (0, 0, 0), service
    ordeal.restart_sidecar()
    ordeal.pause()
    spans = " and ".join(f"{seconds / HOUR:+.0f} h" for seconds in jumps)
    ordeal.finish(f"clock set to {spans}, then the sidecar killed")
