"""weirctl beside the real things: what it finds, and what it advises."""

import json

import pytest

from harness.servers import free_port
from harness.waiting import wait_until


def lines_of(result):
    """{check name: (mark, rest of the line)}"""
    found = {}
    for line in result.stdout.splitlines():
        mark, name, rest = line.split(None, 2)
        found[name] = (mark, rest)
    return found


def test_doctor_finds_all_well(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, "shop")
    publisher.do("counter a_total 1")
    publisher.wait_state("publishing")
    result = stack.weirctl("doctor", "--url", sidecar.url, "--nats.url", nats.url, "--node", "test-node")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = lines_of(result)
    assert {mark for mark, _ in lines.values()} == {"ok"}
    assert "1 publisher: shop" in lines["publishers"][1]
    assert "serves node test-node" in lines["node"][1]
    # The question leaves no trace among the publishers.
    assert [one["service"] for one in sidecar.publishers()["publishers"]] == ["shop"]


def test_doctor_finds_everything_through_the_endpoint_file(stack):
    sidecar = stack.sidecar()
    file = {"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)}
    publisher = stack.publisher(service="shop", env=file)
    publisher.wait_state("publishing")
    result = stack.weirctl("doctor", env=file)
    assert result.returncode == 0, result.stdout
    assert str(sidecar.endpoint_file) in lines_of(result)["endpoint"][1]


def test_doctor_says_what_is_missing_and_what_to_do(stack):
    url = f"http://127.0.0.1:{free_port()}"
    nowhere = f"nats://127.0.0.1:{free_port()}"
    result = stack.weirctl("doctor", "--url", url, "--nats.url", nowhere)
    assert result.returncode == 2
    lines = lines_of(result)
    assert lines["nats"][0] == "FAIL" and nowhere in lines["nats"][1] and "->" in lines["nats"][1]
    assert lines["sidecar"][0] == "FAIL" and url in lines["sidecar"][1]

    nats = stack.nats()
    result = stack.weirctl("doctor", "--url", url, "--nats.url", nats.url, "--node", "lonely")
    lines = lines_of(result)
    assert lines["nats"][0] == "ok"
    assert lines["node"][0] == "FAIL" and "no sidecar listens for node lonely" in lines["node"][1]


def test_doctor_names_the_last_refusal(stack):
    nats, sidecar = stack.pair()
    stack.publisher(nats, "shop").wait_state("publishing")
    with nats.client() as client:
        client.publish("weir.v1.pub.test-node.bad.0123456789abcdef0123456789abcdef", b"garbage")
        client.ping()
    wait_until(lambda: sidecar.publishers()["refusals"], 5)
    result = stack.weirctl("doctor", "--url", sidecar.url, "--nats.url", nats.url, "--node", "test-node")
    assert result.returncode == 1, result.stdout
    mark, text = lines_of(result)["refusals"]
    assert mark == "warn" and "foreign" in text and "weir.v1.pub.test-node.bad" in text


def test_doctor_warns_while_nobody_publishes_or_somebody_is_gone(stack):
    nats, sidecar = stack.pair()
    arguments = ("doctor", "--url", sidecar.url, "--nats.url", nats.url, "--node", "test-node")
    assert lines_of(stack.weirctl(*arguments))["publishers"][1].startswith("nobody publishes")
    publisher = stack.publisher(nats, "shop")
    publisher.wait_state("publishing")
    publisher.kill()
    wait_until(lambda: sidecar.publisher("shop")["state"] in ("lost", "crashed"), 15, "the end to be noticed")
    result = stack.weirctl(*arguments)
    assert result.returncode == 1
    assert "gone: shop" in lines_of(result)["publishers"][1]


def test_publishers_is_a_table_or_json(stack):
    nats, sidecar = stack.pair()
    for service in ("shop", "cart"):
        publisher = stack.publisher(nats, service)
        publisher.do("counter a_total 1", "gauge b_ratio 1")
        publisher.wait_state("publishing")
    wait_until(lambda: sidecar.publisher("cart")["series"] == 2, 10)
    result = stack.weirctl("publishers", "--url", sidecar.url)
    assert result.returncode == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["SERVICE", "INSTANCE", "STATE", "SINCE", "RESTARTS", "SERIES", "LAST", "SEEN", "LAST", "REFUSAL"]
    assert [row.split()[0] for row in rows] == ["cart", "shop"]
    column = header.index("SERIES")
    assert [row[column:].split()[0] for row in rows] == ["2", "2"]
    raw = stack.weirctl("publishers", "--url", sidecar.url, "--json")
    assert {one["service"] for one in json.loads(raw.stdout)["publishers"]} == {"shop", "cart"}


@pytest.mark.parametrize("arguments, code, words", [
    (["publishers", "--url", "http://127.0.0.1:1"], 2, "http://127.0.0.1:1"),
    (["publishers", "--url", "https://h"], 2, "https is not supported"),
    (["publishrs"], 64, "publishrs"),
    (["doctor", "--timeout", "soon"], 64, "--timeout"),
    (["doctor", "--help"], 0, "Exit code"),
    (["publishers", "--help"], 0, "--json"),
    (["--version"], 0, "weirctl "),
])
def test_mistakes_and_help(stack, arguments, code, words):
    result = stack.weirctl(*arguments)
    assert result.returncode == code
    assert words in result.stdout + result.stderr
