"""Two sidecars on one NATS server: they see each other, and a pair shows the same counters."""

from harness import http
from harness.waiting import wait_until


def two_of(stack, **options):
    nats = stack.nats()
    return nats, [stack.sidecar(nats, **options), stack.sidecar(nats, **options)]


def wait_peers(sidecar, count, seconds=20):
    sidecar.wait_value(count, "weir_sidecar_peers", seconds)


def test_a_second_sidecar_without_pair_is_warned_of(stack):
    _, sidecars = two_of(stack)
    for sidecar in sidecars:
        wait_peers(sidecar, 1)
        status = sidecar.status()
        assert status["status"] == "degraded"
        assert any("another sidecar of node" in reason for reason in status["degraded"]), status["degraded"]
        assert status["pair"]["enabled"] is False
        assert status["pair"]["peers"][0]["pair"] is False
        wait_until(lambda sidecar=sidecar: "another sidecar of node" in sidecar.log(), 5, "the warning in the log")
        assert http.get(sidecar.port, "/readyz").code == 200
    assert sidecars[1].terminate() == 0
    wait_peers(sidecars[0], 0, 5)  # it said that it left
    assert sidecars[0].status()["status"] == "ok"


def test_a_pair_is_not_degraded(stack):
    _, sidecars = two_of(stack, pair=True)
    for sidecar in sidecars:
        wait_peers(sidecar, 1)
        wait_until(lambda sidecar=sidecar: sidecar.status()["pair"]["peers"][0]["exchanged"], 10, "an exchange")
        assert sidecar.status()["status"] == "ok"


def test_sidecars_of_other_nodes_are_no_peers(stack):
    nats = stack.nats()
    one, other = stack.sidecar(nats, pair=True), stack.sidecar(nats, pair=True, node="other-node")
    for sidecar in (one, other):
        wait_peers(sidecar, 0)
    assert one.status()["pair"]["messages_refused"] == 0


def test_one_that_starts_knows_those_that_have_ended(stack):
    nats = stack.nats()
    first = stack.sidecar(nats, pair=True)
    for _ in range(3):
        hammer = stack.hammer(nats, service="svc", rate=2000, flush_ms=20, env={"WEIR_CELLS_DIR": "none"})
        first.wait_for(lambda scrape: (scrape.value("hammered_total", service_name="svc") or 0) > 0)
        assert hammer.terminate(20) == 0
    shown = first.scrape()
    second = stack.sidecar(nats, pair=True)
    for name in ("hammered_total", "hammered_spent_joules_total", "hammered_took_seconds_count",
                 "hammered_took_seconds_sum"):
        assert second.scrape().value(name, service_name="svc") == shown.value(name, service_name="svc"), name
    assert second.service("svc")["clean_exits"] == first.service("svc")["clean_exits"] == 3
