"""A client finds its sidecar, or says that it did not."""

import json

from harness.servers import free_port
from harness.waiting import wait_until


def test_without_a_sidecar_the_status_says_so_until_one_comes(stack):
    nats = stack.nats()
    publisher = stack.publisher(nats, "early")
    publisher.do("counter a_total 3")
    status = publisher.wait_state("no_sidecar")
    assert "no sidecar serves node test-node" in status["reason"]
    assert nats.url in status["reason"]
    sidecar = stack.sidecar(nats)
    sidecar.wait_value(3, "a_total", service_name="early")
    publisher.wait_state("publishing")


def test_without_nats_the_status_says_connecting_and_totals_wait(stack):
    port = free_port()
    publisher = stack.publisher(url=f"nats://127.0.0.1:{port}")
    publisher.do("counter a_total 3")
    status = publisher.wait_state("connecting")
    assert status["frames_sent"] == 0
    nats = stack.nats(port=port)
    sidecar = stack.sidecar(nats)
    sidecar.wait_value(3, "a_total", seconds=20, service_name="service")


def test_the_environment_wins_over_the_endpoint_file_and_the_program_over_both(stack):
    nats, sidecar = stack.pair()
    nowhere = stack.folder / "endpoint"
    nowhere.write_text(json.dumps({"url": f"nats://127.0.0.1:{free_port()}", "node": "other", "http": ""}))
    file = {"WEIR_ENDPOINT_FILE": str(nowhere)}
    by_environment = stack.publisher(service="a", node=None, env={
        **file, "WEIR_NATS_URL": nats.url, "WEIR_NODE": "test-node"})
    by_program = stack.publisher(nats, "b", env={**file, "WEIR_NATS_URL": "nats://127.0.0.1:1", "WEIR_NODE": "wrong"})
    for publisher in (by_environment, by_program):
        publisher.do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="a")
    sidecar.wait_value(1, "a_total", service_name="b")


def test_a_client_of_an_embedded_sidecar_follows_its_restart(stack):
    """The new sidecar may listen elsewhere, with another token: the endpoint file says where."""
    first = stack.sidecar(name="same")
    publisher = stack.publisher(service="s", env={"WEIR_ENDPOINT_FILE": str(first.endpoint_file)})
    publisher.do("counter a_total 5")
    first.wait_value(5, "a_total", service_name="s")
    assert first.terminate() == 0
    second = stack.sidecar(name="same")
    publisher.do("counter a_total 2")
    second.wait_value(7, "a_total", seconds=20, service_name="s")
    wait_until(lambda: publisher.status()["state"] == "publishing", 10)
