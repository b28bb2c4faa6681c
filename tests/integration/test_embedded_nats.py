"""The NATS server that the sidecar brings itself: one command runs all of it."""

import os
import signal

from harness import http
from harness.process import children_of, pid_runs, wait_for_end
from harness.servers import free_port
from harness.waiting import wait_until


def only_child(sidecar):
    children = children_of(sidecar.pid)
    assert len(children) == 1 and "nats-server" in next(iter(children.values())), children
    return next(iter(children))


def test_a_publisher_finds_it_through_the_endpoint_file(stack):
    sidecar = stack.sidecar()
    endpoint = sidecar.endpoint()
    assert endpoint["node"] == "test-node"
    assert endpoint["http"] == sidecar.url
    assert endpoint["url"].startswith("nats://127.0.0.1:")
    publisher = stack.publisher(service="found", node=None, env={"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)})
    publisher.do("counter a_total 5")
    sidecar.wait_value(5, "a_total", service_name="found")
    assert publisher.status()["node"] == "test-node"


def test_it_accepts_publishers_of_any_node_name(stack):
    """Containers have host names of their own."""
    sidecar = stack.sidecar()
    stack.publisher(service="inside", node="container-7.example",
                    env={"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)}).do("counter a_total 5")
    sidecar.wait_value(5, "a_total", service_name="inside")


def test_its_token_is_secret(stack):
    sidecar = stack.sidecar()
    token_file = sidecar.endpoint()["token_file"]
    assert os.stat(token_file).st_mode & 0o077 == 0
    with open(token_file, encoding="ascii") as file:
        token = file.read().strip()
    assert len(token) >= 16
    for pid in (sidecar.pid, only_child(sidecar)):
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as command_line:
            assert token not in command_line.read()
    assert token not in sidecar.log()
    publisher = stack.publisher(service="stranger", url=sidecar.endpoint()["url"])
    publisher.do("counter a_total 1")
    status = publisher.status()
    assert status["state"] == "connecting"


def test_killed_it_is_restarted_and_nothing_is_lost(stack):
    sidecar = stack.sidecar()
    publisher = stack.publisher(service="s", env={"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)})
    publisher.do("counter a_total 5")
    sidecar.wait_value(5, "a_total", service_name="s")
    first = only_child(sidecar)
    os.kill(first, signal.SIGKILL)
    publisher.do("counter a_total 10")
    sidecar.wait_value(15, "a_total", seconds=20, service_name="s")
    assert only_child(sidecar) != first
    assert sidecar.service("s")["restarts"] == 0 and sidecar.service("s")["starts"] == 1
    wait_until(lambda: sidecar.status()["nats"]["reconnects"] >= 1, 5, "the reconnection in the status")


def test_a_killed_sidecar_leaves_no_server_behind(stack):
    sidecar = stack.sidecar()
    server = only_child(sidecar)
    assert pid_runs(server)
    sidecar.kill()
    wait_for_end(server, 5)


def test_a_taken_port_is_no_obstacle(stack):
    foreign = stack.nats()
    sidecar = stack.sidecar(nats__embedded__listen=f"127.0.0.1:{foreign.port}")
    assert sidecar.endpoint()["url"] != foreign.url
    stack.publisher(service="s", env={"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)}).do("counter a_total 5")
    sidecar.wait_value(5, "a_total", service_name="s")


def test_two_sidecars_on_one_machine_do_not_meet(stack):
    port = free_port()
    first = stack.sidecar(nats__embedded__listen=f"127.0.0.1:{port}")
    second = stack.sidecar(nats__embedded__listen=f"127.0.0.1:{port}")
    stack.publisher(service="s", env={"WEIR_ENDPOINT_FILE": str(second.endpoint_file)}).do("counter a_total 5")
    second.wait_value(5, "a_total", service_name="s")
    assert not first.scrape().series("a_total")
    assert http.get(first.port, "/readyz").code == 200
    wait_until(lambda: first.status()["nats"]["connected"], 5)
