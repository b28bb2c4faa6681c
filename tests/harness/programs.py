"""Our programs as the tests use them: the sidecar, the collector, and a publisher that does what it is told."""

import json
import os
import select
import struct
import subprocess
import time

from harness import exposition, http, settings
from harness.process import Process
from harness.servers import free_port
from harness.waiting import wait_until

NODE = "test-node"


def as_flags(options):
    """{"nats.url": x} -> ["--nats.url", x]; True is a bare switch."""
    flags = []
    for name, value in options.items():
        flags += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return flags


class Sidecar(Process):
    def __init__(self, folder, name="sidecar", nats_url="embedded", env=None, wait=True, port=None, node=NODE, **options):
        self.port = port or free_port()
        self.run_dir = folder / f"{name}-run"
        self.state_dir = folder / f"{name}-state"
        self.endpoint_file = self.run_dir / "endpoint"
        flags = {"http.listen": f"127.0.0.1:{self.port}", "admin.listen": f"127.0.0.1:{free_port()}",
                 "nats.url": nats_url, "node": node, "state.dir": self.state_dir,
                 "run.dir": self.run_dir, "cells.dir": folder / f"{name}-cells", "log.level": "debug"}
        if nats_url == "embedded":
            flags["nats.embedded.binary"] = settings.tool("nats-server")
            flags["nats.embedded.listen"] = f"127.0.0.1:{free_port()}"
        flags.update({key.replace("__", "."): value for key, value in options.items()})
        super().__init__(name, [settings.program("weir-sidecar"), *as_flags(flags)], folder / f"{name}.log", env=env)
        self.url = f"http://127.0.0.1:{self.port}"
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=15):
        def ready():
            assert self.running, f"{self.name} ended with {self.child.returncode}: {self.log()[-2000:]}"
            assert http.get(self.port, "/readyz").code == 200
            return self.status()["nats"]["connected"]
        wait_until(ready, seconds, f"{self.name} to be ready and connected")

    def endpoint(self):
        return json.loads(self.endpoint_file.read_text())

    def status(self):
        return http.get_json(self.port, "/api/v1/status")

    def publishers(self):
        return http.get_json(self.port, "/api/v1/publishers")

    def publisher(self, service, instance=None):
        """The one publisher of that service (and instance) in the API."""
        found = [one for one in self.publishers()["publishers"]
                 if one["service"] == service and instance in (None, one["instance"])]
        assert len(found) == 1, f"{len(found)} publishers of {service} (instance {instance})"
        return found[0]

    def service(self, service):
        found = [one for one in self.publishers()["services"] if one["service"] == service]
        assert len(found) == 1, f"{len(found)} services {service}"
        return found[0]

    def metrics_body(self, query="", headers=None):
        answer = http.get(self.port, "/metrics" + query, headers)
        assert answer.code == 200, f"/metrics: {answer.code} {answer.body[:200]!r}"
        return answer.body

    def scrape(self, query=""):
        """Each scrape of each test passes through the strict reader."""
        return exposition.parse(self.metrics_body(query))

    def wait_for(self, condition, seconds=10, what="the metrics"):
        """Scrapes until condition(scrape) holds; answers that scrape."""
        def look():
            scrape = self.scrape()
            return scrape if condition(scrape) else None
        return wait_until(look, seconds, what)

    def wait_value(self, expected, name, seconds=10, **labels):
        def look():
            value = self.scrape().value(name, **labels)
            assert value == expected, f"{name}{labels} is {value}, not {expected}"
            return True
        wait_until(look, seconds, f"{name}{labels} == {expected}")


class Obedient(Process):
    """A program that takes one command per line, and answers each with one line of JSON."""

    def __init__(self, name, command, log_path, **options):
        self._answers = b""
        super().__init__(name, command, log_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)

    def send(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def answer(self, seconds=20.0):
        deadline = time.monotonic() + seconds * settings.TIME_SCALE
        while b"\n" not in self._answers:
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self.child.stdout], [], [], max(left, 0))
            assert readable, f"{self.name} did not answer"
            chunk = os.read(self.child.stdout.fileno(), 65536)
            assert chunk, f"{self.name} closed its output: {self.log()[-2000:]}"
            self._answers += chunk
        line, _, self._answers = self._answers.partition(b"\n")
        return json.loads(line)

    def do(self, *lines):
        """Runs commands, all of which must succeed; answers the last answer."""
        for line in lines:
            self.send(line)
        for line in lines:
            answer = self.answer()
            assert answer.get("ok"), f"{line}: {answer}"
        return answer

    def status(self):
        return self.do("status")


class Publisher(Obedient):
    """load_publisher."""

    def __init__(self, folder, name, url=None, service="service", node=NODE, flush="20ms", heartbeat="200ms",
                 env=None, flags=(), goodbye="2s"):
        self.service = service
        command = [settings.program("load_publisher"), "--service", service, "--flush-interval", flush,
                   "--heartbeat-interval", heartbeat, "--goodbye-timeout", goodbye]
        command += ["--url", url] if url else []
        command += ["--node", node] if node else []
        # A file that is not there: the tests must not find the sidecar of the machine they run on.
        surroundings = {"WEIR_ENDPOINT_FILE": str(folder / "no-endpoint"), **(env or {})}
        super().__init__(name, [*command, *flags], folder / f"{name}.log", env=surroundings, cwd=folder)

    @property
    def instance(self):
        """Known once the publishing thread runs."""
        return wait_until(lambda: self.status()["instance"], 5, f"the instance of {self.name}")

    def wait_state(self, state, seconds=10):
        def look():
            status = self.status()
            assert status["state"] == state, f"{status['state']}: {status['reason']}"
            return status
        return wait_until(look, seconds, f"{self.name} to be {state}")

    def exit(self, code=0):
        self.do(f"exit {code}")
        assert self.wait() == code


class Fleet(Obedient):
    """Thousands of publishers in one process: tests/fleet/main.cc has the commands."""

    def __init__(self, folder, name, nats, members, node=NODE, **options):
        command = [settings.program("fleet"), "--port", nats.port, "--node", node, "--members", members]
        command += as_flags({key.replace("_", "-"): value for key, value in options.items()})
        super().__init__(name, command, folder / f"{name}.log")
        self.members = members

    def states(self):
        return self.status()["states"]

    def wait_all(self, state="publishing", seconds=60):
        def look():
            states = self.states()
            assert states == {state: self.members}, states
            return True
        wait_until(look, seconds, f"all of {self.name} to be {state}")

    def truth(self):
        return self.do("truth")["services"]


class Hammer(Process):
    """Counts fast, and keeps the truth in a file that outlives it: tests/hammer/main.cc."""

    def __init__(self, folder, name, url, service="hammer", node=NODE, env=None, prefix=(), **options):
        self.truth_path = folder / f"{name}.truth"
        self.service = service
        command = [*prefix, settings.program("hammer"), "--url", url, "--service", service, "--node", node, "--truth",
                   self.truth_path, *as_flags({key.replace("_", "-"): value for key, value in options.items()})]
        surroundings = {"WEIR_ENDPOINT_FILE": str(folder / "no-endpoint"), **(env or {})}
        super().__init__(name, command, folder / f"{name}.log", env=surroundings, cwd=folder)
        wait_until(lambda: self.truth_path.exists() and self.made()[1] > 0, 10, f"{name} to count")

    def made(self):
        """(lowest, highest) number of increments made: they differ by what was under way when it was killed."""
        content = self.truth_path.read_bytes()
        slots = [struct.unpack_from("<QQ", content, at) for at in range(0, len(content), 64)]
        return sum(done for _, done in slots), sum(begun for begun, _ in slots)
