"""Starting and ending the sidecar: mistakes are named, SIGTERM ends it, a second one at once."""

import signal
import socket
import time

import pytest

from harness import http, settings
from harness.process import children_of, run, wait_for_end
from harness.servers import free_port
from harness.waiting import wait_until


def sidecar(*arguments, env=None):
    return run([settings.program("weir-sidecar"), *arguments], env=env)


def test_a_port_in_use_is_an_error_that_names_it(stack):
    nats = stack.nats()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        loser = stack.sidecar(nats, port=port, wait=False)
        assert loser.wait() > 0
        assert f"{port}" in loser.log() and "in use" in loser.log().lower()


@pytest.mark.parametrize("text, line, words", [
    ("http:\n  listen: :9742\n  lisen: :1\n", 3, ["http.lisen", "http.listen"]),
    ("nats:\n  url: [1\n", 2, []),
    ("series_ttl: soon\n", 1, ["series_ttl", "soon"]),
    ("log:\n  level: loud\n", 2, ["log.level", "loud"]),
])
def test_a_mistake_in_the_file_is_named_with_line_and_reason(tmp_path, text, line, words):
    config = tmp_path / "weir.yml"
    config.write_text(text)
    result = sidecar("--config", config, "--check-config")
    assert result.returncode > 0
    assert f"weir.yml:{line}" in result.stderr or f"line {line}" in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr


def test_a_good_file_is_checked_and_nothing_is_started(tmp_path):
    config = tmp_path / "weir.yml"
    config.write_text("http: {listen: ':9742'}\nseries_ttl: 10m\n")
    assert sidecar("--config", config, "--check-config").returncode == 0


def test_unknown_flags_are_errors_and_unknown_variables_warnings(stack):
    assert sidecar("--http.lisen", ":1").returncode > 0
    nats = stack.nats()
    warned = stack.sidecar(nats, env={"WEIR_HTTP_LISEN": ":1", "WEIR_PORT": "tcp://10.0.0.1:80"})
    assert "WEIR_HTTP_LISEN" in warned.log()
    assert "WEIR_PORT" not in warned.log()  # Kubernetes injects it for a Service called weir


def test_version_and_help():
    version = sidecar("--version")
    assert version.returncode == 0 and "weir-sidecar" in version.stdout
    assert "--http.listen" in sidecar("--help").stdout


def test_without_nats_the_sidecar_waits_and_says_so(stack):
    port = free_port()
    alone = stack.sidecar(nats_url=f"nats://127.0.0.1:{port}", wait=False)

    def degraded():
        assert alone.running, alone.log()
        status = alone.status()
        assert not status["nats"]["connected"]
        return status["degraded"]
    wait_until(lambda: str(port) in " ".join(degraded()), 10, "a status that says degraded, and of which server")
    # Readiness never depends on NATS: a sidecar must not take its pod out of service.
    wait_until(lambda: http.get(alone.port, "/readyz").code == 200, 15, "readiness")
    assert http.get(alone.port, "/readyz?strict").code == 503
    assert http.get(alone.port, "/healthz").code == 200
    nats = stack.nats(port=port)
    wait_until(lambda: alone.status()["nats"]["connected"], 15, "the connection")
    stack.publisher(nats).do("counter a_total 1")
    alone.wait_value(1, "a_total", service_name="service")


def test_no_nats_server_program_is_an_error_in_words(stack):
    lost = stack.sidecar(nats__embedded__binary="/nonexistent/nats-server", wait=False)
    wait_until(lambda: not lost.running or "/nonexistent/nats-server" in lost.log(), 10, "a word about it")
    assert "/nonexistent/nats-server" in lost.log()


@pytest.mark.parametrize("embedded", [False, True])
def test_sigterm_ends_it_within_five_seconds_and_its_nats_server_with_it(stack, embedded):
    nats = None if embedded else stack.nats()
    ending = stack.sidecar(nats)
    servers = children_of(ending.pid)
    assert len(servers) == (1 if embedded else 0), servers
    begin = time.monotonic()
    assert ending.terminate(5) == 0
    assert time.monotonic() - begin < 5 * settings.TIME_SCALE
    for pid in servers:
        wait_for_end(pid, 2)
    assert not ending.endpoint_file.exists()  # nobody must find a sidecar that is gone


def test_metrics_stay_up_for_the_linger_and_a_second_sigterm_ends_it_at_once(stack):
    nats = stack.nats()
    lingering = stack.sidecar(nats, shutdown__linger="60s")
    stack.publisher(nats).do("counter a_total 1")
    lingering.wait_value(1, "a_total", service_name="service")
    lingering.signal(signal.SIGTERM)
    wait_until(lambda: "linger" in lingering.log().lower(), 5, "word of the linger")
    assert lingering.scrape().value("a_total", service_name="service") == 1
    begin = time.monotonic()
    lingering.signal(signal.SIGTERM)
    lingering.wait(5)
    assert time.monotonic() - begin < 3 * settings.TIME_SCALE
