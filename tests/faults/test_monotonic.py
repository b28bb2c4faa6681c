"""While one sidecar lives no counter goes down between two scrapes, whatever happens around it."""

import pytest

from harness.waiting import wait_until
from harness.watcher import Watcher


@pytest.mark.parametrize("fault", ["publisher killed", "publisher restarted", "nats restarted", "frozen publisher"])
def test_no_counter_goes_down_between_scrapes(stack, fault):
    nats, sidecar = stack.pair()
    expected = 0
    steady = stack.publisher(nats, flush="10ms", heartbeat="100ms")
    other = stack.publisher(nats, flush="10ms", heartbeat="100ms")
    watcher = Watcher(sidecar.port)
    for turn in range(24):
        for publisher in (steady, other):
            publisher.do("counter work_total 3", "observe took_seconds 0.5 @bounds=1", "double spent_joules_total 0.1")
            expected += 3
        sidecar.wait_value(expected, "work_total", seconds=20, service_name="service")
        if turn % 6 != 5:
            continue
        if fault == "publisher killed":
            other.kill()
            other = stack.publisher(nats, flush="10ms", heartbeat="100ms")
        elif fault == "publisher restarted":
            other.do("counter work_total 1")
            expected += 1
            other.exit()
            other = stack.publisher(nats, flush="10ms", heartbeat="100ms")
        elif fault == "nats restarted":
            nats.kill()
            nats = stack.nats(port=nats.port)
        else:
            other.signal(19)  # SIGSTOP
            wait_until(lambda: any(one["state"] == "lost" for one in sidecar.publishers()["publishers"]), 10, "a loss")
            other.signal(18)  # SIGCONT
    sidecar.wait_value(expected, "work_total", seconds=20, service_name="service")
    watcher.finish()
    assert not watcher.restarted
