"""A server that refuses for a while is tried for ever; the NATS library itself gives up after two refusals."""

from harness.waiting import wait_until


def test_a_server_that_no_longer_refuses_is_found_without_a_restart(stack):
    strict = stack.nats(config='authorization { token: "old" }\n')
    sidecar = stack.sidecar(strict, env={"WEIR_NATS_TOKEN": "new"}, wait=False)
    publisher = stack.publisher(strict, env={"WEIR_NATS_TOKEN": "new"})
    publisher.do("counter a_total 5")

    def refused_three_times():
        assert "uthoriz" in sidecar.status()["nats"]["last_error"], sidecar.status()["nats"]
        return strict.log().count("weir-sidecar test-node") >= 3

    wait_until(refused_three_times, 15, "a third attempt after two refusals")
    strict.kill()
    stack.nats(port=strict.port, config='authorization { token: "new" }\n')
    wait_until(lambda: sidecar.status()["nats"]["connected"], 15, "the connection")
    sidecar.wait_value(5, "a_total", service_name="service")
