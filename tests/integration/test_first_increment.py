"""A counter that is registered and counted within one flush first appears above 0. A real Prometheus with its default
flags computes increase() of it, and gets every increment all the same, also when the sidecar dies in between."""

import urllib.parse

import pytest

from harness import http
from harness.waiting import wait_until

EXPRESSION = "jobs_total"


def scraped(prometheus):
    return prometheus.targets().get("weir", {}).get("health") == "up"


def samples(prometheus):
    answer = http.get_json(prometheus.port, "/api/v1/query?query=" + urllib.parse.quote(f"{EXPRESSION}[5m]"))
    found = answer["data"]["result"]
    assert len(found) == 1, f"{len(found)} series of {EXPRESSION}"
    return [(float(at), float(value)) for at, value in found[0]["values"]]


def increase(prometheus):
    """At the moment of the newest sample: there is nothing to extrapolate then, so it must be exact."""
    at = samples(prometheus)[-1][0]
    query = urllib.parse.urlencode({"query": f"increase({EXPRESSION}[5m])", "time": f"{at:.3f}"})
    (only,) = http.get_json(prometheus.port, "/api/v1/query?" + query)["data"]["result"]
    return float(only["value"][1])


@pytest.mark.parametrize("death", [False, True], ids=["one sidecar", "sidecar killed"])
def test_increase_has_the_first_increment(stack, death):
    nats, sidecar = stack.pair(name="same")
    prometheus = stack.prometheus({"weir": f"127.0.0.1:{sidecar.port}"})
    wait_until(lambda: scraped(prometheus), 20, "the first scrape")
    # One batch job: registers, counts, ends; nobody scraped it meanwhile but by chance.
    publisher = stack.publisher(nats, flush="1h")
    publisher.do(f"counter {EXPRESSION} 7")
    publisher.exit()
    if death:
        sidecar.kill()
        sidecar = stack.sidecar(nats, name="same", port=sidecar.port)

    def counted():
        values = [value for _, value in samples(prometheus)]
        assert values[-1] == 7 and len(values) >= 3, values
        return True
    wait_until(counted, 20, "the counter in Prometheus")
    assert increase(prometheus) == pytest.approx(7, abs=1e-9), samples(prometheus)


def test_without_zero_first_it_is_missing(stack):
    """What the setting is for; were it not so, the test above would prove nothing."""
    nats, sidecar = stack.pair(env={"WEIR_EXPOSITION_ZERO_FIRST": "false"})
    prometheus = stack.prometheus({"weir": f"127.0.0.1:{sidecar.port}"})
    wait_until(lambda: scraped(prometheus), 20, "the first scrape")
    publisher = stack.publisher(nats, flush="1h")
    publisher.do(f"counter {EXPRESSION} 7")
    publisher.exit()
    wait_until(lambda: len(samples(prometheus)) >= 3, 20, "the counter in Prometheus")
    assert increase(prometheus) == 0
