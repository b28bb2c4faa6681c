"""A publisher exits, dies or restarts: what it counted stays, its restarts are counted once, and ends are told apart."""

import signal

import pytest

from harness.waiting import wait_until

HEARTBEAT = "100ms"


def ended(sidecar, instance):
    found = [one for one in sidecar.publishers()["publishers"] if one["instance"] == instance]
    return found[0]["state"] if found else None


def test_a_clean_restart_counts_on_and_is_one_restart(stack):
    nats, sidecar = stack.pair()
    for turn in range(1, 4):
        publisher = stack.publisher(nats, heartbeat=HEARTBEAT)
        publisher.do("counter work_total 7")
        publisher.exit()  # at once: the goodbye carries what no flush has sent yet
        sidecar.wait_value(7 * turn, "work_total", service_name="service")
    log = sidecar.service("service")
    assert (log["starts"], log["clean_exits"], log["crashes"], log["losses"], log["restarts"]) == (3, 3, 0, 0, 2)
    assert not log["crash_loop"]


# Not SIGSEGV: sanitizers would report it as a find of theirs.
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGQUIT])
def test_a_killed_publisher_is_a_crash_and_its_successor_one_restart(stack, number):
    nats, sidecar = stack.pair()
    survivor = stack.publisher(nats, heartbeat=HEARTBEAT)
    survivor.do("counter work_total 1000")
    victim = stack.publisher(nats, heartbeat=HEARTBEAT)
    victim.do("counter work_total 7")
    instance = victim.instance
    sidecar.wait_value(1007, "work_total", service_name="service")
    victim.signal(number)
    victim.wait()
    # The sidecar shares our pid namespace: the process table is evidence.
    wait_until(lambda: ended(sidecar, instance) == "crashed", 10, "the crash to be seen")
    successor = stack.publisher(nats, heartbeat=HEARTBEAT)
    successor.do("counter work_total 70")
    survivor.do("counter work_total 1")
    sidecar.wait_value(1078, "work_total", service_name="service")
    log = sidecar.service("service")
    assert (log["starts"], log["clean_exits"], log["crashes"], log["restarts"]) == (3, 0, 1, 1)


def test_a_quick_successor_is_still_one_crash_and_one_restart(stack):
    nats, sidecar = stack.pair()
    first = stack.publisher(nats, heartbeat="2s")
    first.do("counter work_total 7")
    sidecar.wait_value(7, "work_total", service_name="service")
    first.kill()
    second = stack.publisher(nats, heartbeat="2s")
    second.do("counter work_total 1")
    sidecar.wait_value(8, "work_total", service_name="service")

    def counted():
        log = sidecar.service("service")
        assert (log["starts"], log["crashes"], log["losses"], log["restarts"]) == (2, 1, 0, 1), log
        return True
    wait_until(counted, 10, "one crash and one restart")


def test_a_frozen_publisher_is_lost_and_comes_back_with_everything(stack):
    """It lives, so it is no crash; when it speaks again nothing is counted twice."""
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, heartbeat=HEARTBEAT)
    publisher.do("counter work_total 7", "gauge level_ratio 0.5")
    instance = publisher.instance
    sidecar.wait_value(7, "work_total", service_name="service")
    publisher.signal(signal.SIGSTOP)
    wait_until(lambda: ended(sidecar, instance) == "lost", 10, "it to be lost")
    assert sidecar.scrape().value("work_total", service_name="service") == 7
    publisher.signal(signal.SIGCONT)
    publisher.do("counter work_total 1")
    sidecar.wait_value(8, "work_total", service_name="service")
    assert ended(sidecar, instance) == "up"
    log = sidecar.service("service")
    assert (log["starts"], log["crashes"], log["restarts"]) == (1, 0, 0)


def test_scaling_up_is_no_restart(stack):
    nats, sidecar = stack.pair()
    for _ in range(3):
        stack.publisher(nats, heartbeat=HEARTBEAT).wait_state("publishing")
    wait_until(lambda: sidecar.service("service")["up"] == 3, 10)
    log = sidecar.service("service")
    assert (log["starts"], log["restarts"]) == (3, 0)


def test_a_service_that_crashes_again_and_again_is_in_a_crash_loop(stack):
    nats, sidecar = stack.pair()
    for turn in range(1, 4):
        publisher = stack.publisher(nats, heartbeat=HEARTBEAT)
        publisher.do("counter work_total 1")
        sidecar.wait_value(turn, "work_total", service_name="service")
        publisher.kill()
        wait_until(lambda: sidecar.service("service")["crashes"] == turn, 10, f"crash {turn}")
    assert sidecar.service("service")["crash_loop"]
    scrape = sidecar.scrape()
    assert scrape.value("weir_service_crash_loop", service_name="service", weir_node="test-node") == 1
