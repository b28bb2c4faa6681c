"""./run: one command shows the whole pipeline on real input, and leaves nothing behind."""

import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def wait_until(condition, seconds, what):
    """A condition's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def command_lines():
    """pid -> arguments of all processes."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            pass
    return found


class Run:
    """./run, started from another folder, with a space in the path of what it writes."""

    def __init__(self, tmp_path, *arguments):
        self.folder = tmp_path / "run dir"
        self.process = subprocess.Popen(
            [str(SOURCE / "run"), "--dir", str(self.folder), *arguments], cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.lines = []
        self.incoming = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.incoming.put(line.rstrip("\n"))
        self.incoming.put(None)

    def wait_for_line(self, pattern, seconds):
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.incoming.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line like {pattern}:\n" + "\n".join(self.lines)) from None
            assert line is not None, f"ended without a line like {pattern}:\n" + "\n".join(self.lines)
            self.lines.append(line)
            found = re.search(pattern, line)
            if found:
                return found

    def wait_until_ready(self):
        self.page = self.wait_for_line(r"(http://[\d.]+:\d+)/ ", 120).group(1)
        self.wait_for_line("Ctrl-C stops everything", 5)

    def get(self, path):
        with urllib.request.urlopen(self.page + path, timeout=10) as answer:
            return answer.read().decode()

    def members(self):
        """pid -> program of everything that this run has started."""
        parents = {}
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
                parents[int(path.parent.name)] = int(fields[1])
            except OSError:
                pass
        inside = {self.process.pid}
        grown = True
        while grown:
            more = {pid for pid, parent in parents.items() if parent in inside} - inside
            grown = bool(more)
            inside |= more
        lines = command_lines()
        return {pid: pathlib.Path(lines[pid][0]).name for pid in inside - {self.process.pid} if lines.get(pid, [""])[0]}

    def end(self):
        """What it said until its end, and the exit status."""
        status = self.process.wait(timeout=60)
        self.reader.join(timeout=10)
        while not self.incoming.empty():
            line = self.incoming.get()
            if line is not None:
                self.lines.append(line)
        return "\n".join(self.lines), status


@pytest.fixture
def start(tmp_path):
    runs = []

    def start(*arguments):
        runs.append(Run(tmp_path, "--for", "120s", *arguments))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            run.process.wait(timeout=60)


def alive(pids):
    # A process that has ended and waits to be reaped has no command line any more.
    return {pid: line for pid, line in command_lines().items() if pid in pids and line[0]}


def test_shows_the_whole_pipeline_and_leaves_nothing_behind(start):
    run = start()
    run.wait_until_ready()
    page = run.get("/")
    assert "/metrics" in page and "/api/v1/publishers" in page

    def whole():
        text = run.get("/metrics")
        wanted = ["node_cpu_seconds_total", "node_load1", "shop_http_requests_total", "shop_revenue_euros_total",
                  "shop_http_request_duration_seconds_bucket", "weir_build_info"]
        return text if all(f"\n{name}" in text for name in wanted) else None

    text = wait_until(whole, 30, "metrics of the node and of the shop")
    idle = re.search(r'^node_cpu_seconds_total\{cpu="0",mode="idle"\} (\S+)$', text, re.M)
    kernel = pathlib.Path("/proc/stat").read_text().splitlines()[1].split()
    assert abs(float(idle.group(1)) - int(kernel[4]) / os.sysconf("SC_CLK_TCK")) < 60
    publishers = json.loads(run.get("/api/v1/publishers"))
    assert "shop" in json.dumps(publishers) and "weir-collector" in json.dumps(publishers)

    members = run.members()
    assert {"weir-sidecar", "weir-collector", "shop", "shop_load", "nats-server"} <= set(members.values())
    run.process.send_signal(signal.SIGINT)
    said, status = run.end()
    assert status == 0, said
    assert not alive(members), f"{alive(members)} {said}"
    assert "did not stop" not in said and "ended by itself" not in said
    # Publishers are stopped before the sidecar, which hears their goodbye.
    assert "the sidecar has the last totals" in (run.folder / "logs/shop.log").read_text()
    load = json.loads((run.folder / "logs/shop_load.log").read_text().splitlines()[-1])
    assert load["answered"] > 0 and load["failed"] == 0


def test_one_that_dies_is_named_with_its_log(start):
    run = start()
    run.wait_until_ready()
    members = run.members()
    os.kill(next(pid for pid, name in members.items() if name == "shop"), signal.SIGKILL)
    said, status = run.end()
    assert status == 1
    assert re.search(r"shop \(pid \d+\) ended by itself with status 137", said)
    assert "shop: listening on" in said
    assert not alive(members)


def test_nothing_stays_behind_when_the_script_itself_is_killed(start):
    run = start()
    run.wait_until_ready()
    members = run.members()
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not alive(members), 30, f"the end of {members}")


def test_takes_a_free_port_if_the_usual_one_is_taken_and_stops_by_itself(tmp_path):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9742))
            taken.listen()
        except OSError:
            pass  # then someone else has it
        run = Run(tmp_path, "--for", "1s")
        run.wait_until_ready()
        assert not run.page.endswith(":9742")
        said, status = run.end()
        assert status == 0, said


@pytest.mark.parametrize("arguments, reason", [
    (["--nothing"], "unknown option --nothing"),
    (["--for", "soon"], "not a duration"),
    (["--port"], "needs a value"),
    (["--port", "http"], "not a number"),
])
def test_bad_options_are_named(arguments, reason):
    done = subprocess.run([str(SOURCE / "run"), *arguments], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and reason in done.stderr


def test_help_names_every_option():
    said = subprocess.run([str(SOURCE / "run"), "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for option in re.findall(r"^\s+(--\w+)\) \w+=\"\$2\"", (SOURCE / "run").read_text(), re.M):
        assert option in said
