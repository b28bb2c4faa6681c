"""The sidecar is killed: the living publishers tell its successor everything."""

import pytest

from harness.waiting import wait_until


def test_counters_of_the_living_are_exact_after_a_crash(stack):
    nats, sidecar = stack.pair(name="same")
    publishers = [stack.publisher(nats, service) for service in ("a", "a", "b")]
    for turn in range(3):
        for publisher in publishers:
            publisher.do("counter work_total 10", "double spent_joules_total 0.5", "observe took_seconds 0.5 @bounds=1")
        sidecar.kill()
        for publisher in publishers:
            publisher.do("counter work_total 1")
        sidecar = stack.sidecar(nats, name="same", port=sidecar.port)
        sidecar.wait_value(22 * (turn + 1), "work_total", service_name="a")
        sidecar.wait_value(11 * (turn + 1), "work_total", service_name="b")
        sidecar.wait_value(turn + 1.0, "spent_joules_total", service_name="a")
        sidecar.wait_value(2 * (turn + 1), "took_seconds_count", service_name="a")
    assert sidecar.service("a")["restarts"] == 0  # the sidecar's restart is not theirs


def test_publishers_say_that_nobody_serves_them_meanwhile(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats)
    publisher.wait_state("publishing")
    sidecar.kill()
    publisher.wait_state("no_sidecar", 20)
    stack.sidecar(nats)
    publisher.wait_state("publishing", 20)


@pytest.mark.parametrize("embedded", [False, True], ids=["external", "embedded"])
def test_a_clean_restart_is_as_good(stack, embedded):
    nats = None if embedded else stack.nats()
    sidecar = stack.sidecar(nats, name="same")
    env = {"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)}
    publisher = stack.publisher(nats, "s", env=env)
    publisher.do("counter work_total 10")
    sidecar.wait_value(10, "work_total", service_name="s")
    assert sidecar.terminate() == 0
    publisher.do("counter work_total 1")
    sidecar = stack.sidecar(nats, name="same")
    sidecar.wait_value(11, "work_total", seconds=20, service_name="s")
    wait_until(lambda: publisher.status()["state"] == "publishing", 10)
