"""NATS dies and comes back: totals wait in the publishers, leases are frozen, nobody is taken for dead."""

import random

from harness.waiting import stays, wait_until


def test_counters_are_exact_after_an_outage(stack):
    nats, sidecar = stack.pair()
    publishers = [stack.publisher(nats, service) for service in ("a", "a", "b")]
    seed = random.randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    totals = {"a": 0, "b": 0}

    def count():
        for publisher in publishers:
            amount = generator.randrange(1, 1000)
            publisher.do(f"counter work_total {amount}", f"observe took_seconds {amount} @bounds=10,100")
            totals[publisher.service] += amount

    for _ in range(3):
        count()
        nats.kill()
        count()
        wait_until(lambda: not sidecar.status()["nats"]["connected"], 10, "the sidecar to notice")
        assert sidecar.status()["status"] == "degraded"
        count()
        nats = stack.nats(port=nats.port)
        count()
        for service, total in totals.items():
            sidecar.wait_value(total, "work_total", seconds=20, service_name=service)
    assert sidecar.scrape().value("took_seconds_count", service_name="a") == 2 * 12
    assert sidecar.scrape().value("took_seconds_sum", service_name="a") == totals["a"]
    for service in totals:
        log = sidecar.service(service)
        assert (log["restarts"], log["losses"], log["crashes"]) == (0, 0, 0)


def test_an_outage_longer_than_every_lease_is_nobodys_death(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, heartbeat="100ms")
    publisher.do("counter work_total 5", "gauge level_ratio 0.5")
    sidecar.wait_value(5, "work_total", service_name="service")
    nats.kill()
    wait_until(lambda: not sidecar.status()["nats"]["connected"], 10, "the sidecar to notice")

    def still_up():
        assert sidecar.publisher("service")["state"] == "up"
        assert sidecar.scrape().value("level_ratio", service_name="service") == 0.5
    stays(still_up, 1.0)  # more than three times three heartbeats
    stack.nats(port=nats.port)
    publisher.do("counter work_total 1")
    sidecar.wait_value(6, "work_total", seconds=20, service_name="service")
    assert sidecar.service("service")["losses"] == 0


def test_a_publisher_that_exits_during_the_outage_is_not_waited_for(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, goodbye="300ms")
    publisher.do("counter work_total 5")
    sidecar.wait_value(5, "work_total", service_name="service")
    nats.kill()
    publisher.do("counter work_total 1")
    publisher.exit()  # bounded: it returns although nobody hears the goodbye
    stack.nats(port=nats.port)
    wait_until(lambda: sidecar.publisher("service")["state"] in ("lost", "crashed"), 20, "its end to be noticed")
    assert sidecar.scrape().value("work_total", service_name="service") == 5
