"""How publishers end: what they counted arrives, or they say how much may not have."""

import signal

import pytest

from harness import settings
from harness.process import Process
from harness.waiting import wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_program_the_normal_way(stack, number):
    nats, sidecar = stack.pair()
    child = stack._keep(Process("worker", [settings.program("stop_on_signal")], stack.folder / "worker.log",
                                env={"WEIR_NATS_URL": nats.url, "WEIR_NODE": "test-node", "WEIR_FLUSH_INTERVAL": "1h",
                                     "WEIR_ENDPOINT_FILE": str(stack.folder / "none")}))
    # The long interval: all but the first keyframe can only arrive with the goodbye.
    wait_until(lambda: sidecar.publisher("stop_on_signal")["state"] == "up", 10, "the publisher")
    child.signal(number)
    assert child.wait() == 0, child.log()
    words = child.log().splitlines()[-1].split()
    assert words[:2] == ["signal", str(int(number))]
    sidecar.wait_value(int(words[3]), "jobs_total", service_name="stop_on_signal")


def test_stop_says_that_the_sidecar_has_everything(stack):
    nats, _ = stack.pair()
    publisher = stack.publisher(nats)
    publisher.wait_state("publishing")
    publisher.do("counter work_total 7")
    status = publisher.do("stop")
    assert status["goodbye_acknowledged"] and status["undelivered_increments"] == 0


def test_stop_says_what_a_dead_nats_kept_from_arriving(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, goodbye="300ms")
    publisher.do("counter work_total 7")
    publisher.wait_state("publishing")
    sidecar.wait_value(7, "work_total", service_name="service")
    sidecar.kill()
    publisher.do("counter work_total 5", "observe size_bytes 1")
    status = publisher.do("stop")
    assert not status["goodbye_acknowledged"] and not status["goodbye_durable"]
    # What deltas had carried since the first keyframe is in it, as far as that one did not say it.
    assert 6 <= status["undelivered_increments"] <= 13, status
    assert "not delivered" in status["reason"]


def test_publishers_in_a_row_count_on(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats)
    for turn in range(1, 5):
        publisher.do("counter work_total 10")
        publisher.do("again")
        publisher.wait_state("publishing")
        publisher.do("counter work_total 1", "observe size_bytes 1")
        sidecar.wait_value(11 * turn, "work_total", service_name="service")
        sidecar.wait_value(turn, "size_bytes_count", service_name="service")


def test_an_unanswered_goodbye_is_neither_lost_nor_counted_twice(stack):
    """The sidecar is frozen while the first publisher ends, and reads that goodbye when it is over."""
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, goodbye="200ms")
    publisher.do("counter work_total 7")
    publisher.wait_state("publishing")
    sidecar.wait_value(7, "work_total", service_name="service")
    first = publisher.instance
    sidecar.signal(signal.SIGSTOP)
    publisher.do("counter work_total 5")
    publisher.do("again")
    assert publisher.instance == first
    publisher.do("counter work_total 3")
    sidecar.signal(signal.SIGCONT)
    sidecar.wait_value(15, "work_total", service_name="service")
    wait_until(lambda: publisher.instance != first, 10, "a new instance")
    publisher.do("counter work_total 1")
    sidecar.wait_value(16, "work_total", service_name="service")


def test_a_goodbye_that_never_left_is_said_by_the_next_publisher(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, goodbye="200ms")
    publisher.do("counter work_total 7")
    publisher.wait_state("publishing")
    sidecar.wait_value(7, "work_total", service_name="service")
    nats.kill()
    publisher.wait_state("connecting")
    publisher.do("counter work_total 5", "again", "counter work_total 3")
    stack.nats(port=nats.port)
    sidecar.wait_value(15, "work_total", service_name="service", seconds=20)
