"""weirctl audit: the sidecar's sums against what publishers say, while all of it moves."""

import signal
import threading

from harness import http
from harness.servers import free_port
from harness.waiting import wait_until


def audit(stack, nats, sidecar, *words):
    return stack.weirctl("audit", "--url", sidecar.url, "--nats.url", nats.url, "--node", "test-node", *words)


def rows_of(result):
    """{family: [instances, published, aggregated, difference]}"""
    table = [line.split() for line in result.stdout.splitlines()[1:]]
    return {words[0]: [int(word) for word in words[1:]] for words in table if len(words) == 5 and words[1].isdigit()}


def test_the_difference_is_0(stack):
    nats, sidecar = stack.pair()
    for service in ("shop", "cart"):
        publisher = stack.publisher(nats, service)
        publisher.do("counter work_total 10", "observe size_bytes 1", "observe size_bytes 2", "gauge level_ratio 5")
        publisher.wait_state("publishing")
    leaver = stack.publisher(nats, "shop")
    leaver.do("counter work_total 100")
    leaver.exit()
    sidecar.wait_value(110, "work_total", service_name="shop")
    result = audit(stack, nats, sidecar)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = rows_of(result)
    assert rows["work_total"] == [3, 120, 120, 0]
    assert rows["size_bytes"] == [2, 4, 4, 0]
    assert rows["total"] == [3, 124, 124, 0]
    assert "2 instances answered, 1 ended before" in result.stdout


def test_while_everything_counts_on(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, "shop", flags=("--threads", "4"))
    publisher.wait_state("publishing")
    stop = threading.Event()

    def count():
        while not stop.is_set():
            publisher.do("counter work_total 7", "observe size_bytes 1")
    thread = threading.Thread(target=count)
    thread.start()
    try:
        for _ in range(3):
            result = audit(stack, nats, sidecar)
            assert result.returncode == 0, result.stdout + result.stderr
    finally:
        stop.set()
        thread.join()


def test_what_is_refused_is_a_difference(stack):
    nats, sidecar = stack.pair(limits__series_per_publisher=2)
    publisher = stack.publisher(nats, "shop")
    publisher.do("counter work_total 10 a=1")
    publisher.wait_state("publishing")
    sidecar.wait_value(10, "work_total", a="1", service_name="shop")
    publisher.do("counter work_total 1 a=2", "counter work_total 1 a=3", "counter work_total 1 a=4")
    result = audit(stack, nats, sidecar)
    assert result.returncode == 1, result.stdout + result.stderr
    assert rows_of(result)["total"][3] < 0
    assert "differs: shop" in result.stdout


def test_who_does_not_answer_is_named(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, "shop", heartbeat="10s")
    publisher.do("counter work_total 10")
    sidecar.wait_value(10, "work_total", service_name="shop")
    instance = publisher.instance
    publisher.signal(signal.SIGSTOP)
    result = audit(stack, nats, sidecar)
    publisher.signal(signal.SIGCONT)
    assert result.returncode == 2, result.stdout + result.stderr
    assert f"did not answer: shop {instance}" in result.stdout


def test_after_a_restart_of_the_sidecar(stack):
    nats, sidecar = stack.pair(name="same")
    publisher = stack.publisher(nats, "shop")
    publisher.do("counter work_total 10")
    leaver = stack.publisher(nats, "shop")
    leaver.do("counter work_total 100")
    leaver.exit()
    sidecar.wait_value(110, "work_total", service_name="shop")
    sidecar.terminate()
    sidecar = stack.sidecar(nats, name="same", port=sidecar.port)
    publisher.do("counter work_total 1")
    sidecar.wait_value(111, "work_total", service_name="shop")
    result = audit(stack, nats, sidecar)
    assert result.returncode == 0, result.stdout + result.stderr
    assert rows_of(result)["work_total"][1:] == [111, 111, 0]


def test_what_can_not_be_asked_is_said(stack):
    nats, sidecar = stack.pair()
    nowhere = f"nats://127.0.0.1:{free_port()}"
    result = stack.weirctl("audit", "--url", sidecar.url, "--nats.url", nowhere, "--node", "test-node")
    assert result.returncode == 2 and "cannot audit node test-node" in result.stderr and nowhere in result.stderr
    result = stack.weirctl("audit", "--url", f"http://127.0.0.1:{free_port()}", "--nats.url", nats.url,
                           "--node", "test-node")
    assert result.returncode == 2 and "127.0.0.1" in result.stderr


def test_the_totals_are_there_for_programs(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, "shop")
    publisher.do("counter work_total 10")
    sidecar.wait_value(10, "work_total", service_name="shop")

    def look():
        totals = http.get_json(sidecar.port, "/api/v1/totals")
        one = totals["instances"][0]
        assert one["instance"] == publisher.instance
        assert one["increments_published"] == one["increments_applied"] == 10, one
        assert totals["families"] == [{"name": "work_total", "total": 10}]
        return True
    wait_until(look, 10, "the totals")
