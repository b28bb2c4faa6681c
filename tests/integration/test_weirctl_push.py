"""weirctl push: what a script says stays after it, and the exit code can be trusted."""

import pytest

from harness import settings
from harness.process import run
from harness.servers import free_port


def push(stack, nats_url, *words, text=None):
    arguments = ["--nats.url", nats_url, "--node", "test-node", "--service", "backup", *words]
    return run([settings.program("weirctl"), "push", *arguments], cwd=stack.folder, input_text=text,
               env={"WEIR_ENDPOINT_FILE": str(stack.folder / "no-endpoint")})


def test_a_gauge_stays_as_long_as_it_is_held(stack):
    nats, sidecar = stack.pair()
    result = push(stack, nats.url, "--hold", "1h", "backup_last_success_seconds", "1700000000", "disk=a")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    sidecar.wait_value(1700000000, "backup_last_success_seconds", disk="a", service_name="backup")
    assert sidecar.publisher("backup")["state"] == "exited"
    # The next run replaces it, and is no second series.
    assert push(stack, nats.url, "--hold", "1h", "backup_last_success_seconds", "1700000900", "disk=a").returncode == 0
    sidecar.wait_value(1700000900, "backup_last_success_seconds", disk="a", service_name="backup")


def test_a_text_is_pushed_whole(stack):
    nats, sidecar = stack.pair()
    text = ('# HELP backup_runs_total Runs.\n# TYPE backup_runs_total counter\nbackup_runs_total{kind="full"} 3\n'
            'backup_size_bytes{disk="a"} 1.5e9\nbackup_size_bytes{disk="b"} 12\n')
    for _ in range(2):  # totals of the script's own: said again, they are not counted again
        assert push(stack, nats.url, "--hold", "1h", text=text).returncode == 0
        sidecar.wait_value(3, "backup_runs_total", kind="full", service_name="backup")
        sidecar.wait_value(1.5e9, "backup_size_bytes", disk="a", service_name="backup")
        sidecar.wait_value(12, "backup_size_bytes", disk="b", service_name="backup")


def test_without_hold_it_says_that_nothing_stays(stack):
    nats, sidecar = stack.pair()
    result = push(stack, nats.url, "a_bytes", "1")
    assert result.returncode == 0 and "--hold" in result.stderr
    assert sidecar.scrape().value("a_bytes", service_name="backup") is None


def test_the_address_of_the_endpoint_file_is_used(stack):
    sidecar = stack.sidecar()
    result = stack.weirctl("push", "--service", "backup", "--hold", "1h", "a_bytes", "1",
                           env={"WEIR_ENDPOINT_FILE": str(sidecar.endpoint_file)})
    assert result.returncode == 0, result.stderr
    sidecar.wait_value(1, "a_bytes", service_name="backup")


def test_failure_is_an_exit_code_and_a_reason(stack):
    nowhere = f"nats://127.0.0.1:{free_port()}"
    result = push(stack, nowhere, "--hold", "1h", "a_bytes", "1")
    assert result.returncode == 2
    assert "not pushed" in result.stderr and "--nats.url" in result.stderr
    nats = stack.nats()  # and no sidecar
    result = push(stack, nats.url, "--hold", "1h", "a_bytes", "1")
    assert result.returncode == 2 and "no sidecar serves node test-node" in result.stderr


@pytest.mark.parametrize("text, words", [
    ("a 1\nb{ 2\n", "line 2"),
    ("# TYPE a histogram\n", "line 1"),
    ("", "no samples"),
])
def test_a_bad_text_is_not_pushed(stack, text, words):
    nats, sidecar = stack.pair()
    result = push(stack, nats.url, "--hold", "1h", text=text)
    assert result.returncode == 65 and words in result.stderr
    assert sidecar.publishers()["publishers"] == []
