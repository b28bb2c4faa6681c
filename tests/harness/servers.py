"""The foreign servers: nats-server and Prometheus, each on a free port of the loopback."""

import itertools
import json
import os
import random
import socket
import urllib.parse

from harness import http, settings
from harness.nats_client import NatsClient
from harness.process import Process
from harness.waiting import wait_until


# Below the ports that the kernel gives to connections, so that a server which restarts finds its own
# free again; each worker of pytest-xdist has a range of its own.
PORTS_EACH = 2000
FIRST_PORT = 12000 + PORTS_EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_next_ports = itertools.cycle(range(FIRST_PORT, FIRST_PORT + PORTS_EACH))
for _ in range(random.randrange(PORTS_EACH)):  # another run beside this one begins elsewhere
    next(_next_ports)


def free_port():
    """A port of the loopback that nobody listens on and that was not handed out lately."""
    for port in itertools.islice(_next_ports, PORTS_EACH):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError(f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS_EACH - 1}")


class NatsServer(Process):
    def __init__(self, folder, name="nats", port=None, config="", scheme="nats", monitored=False,
                 host="127.0.0.1"):
        self.port = port or free_port()
        self.monitor_port = free_port() if monitored else None
        if monitored:
            config += f'\nhttp: "127.0.0.1:{self.monitor_port}"\n'
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        config_path = folder / f"{name}.conf"
        config_path.write_text(config)
        super().__init__(name, [settings.tool("nats-server"), "-a", host, "-p", self.port, "-c", config_path],
                         folder / f"{name}.log")
        wait_until(self._listens, 10, f"{name} on port {self.port}")

    def _listens(self):
        assert self.running, f"{self.name} ended: {self.log()[-1000:]}"
        socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        return True

    def slow_consumers(self):
        """How many connections the server has cut because they did not read fast enough."""
        return http.get_json(self.monitor_port, "/varz")["slow_consumers"]

    def client(self, **credentials):
        return NatsClient(self.port, **credentials)


class Prometheus(Process):
    def __init__(self, folder, targets, name="prometheus"):
        """targets: {job name: "host:port"}; everything else as Prometheus has it by default."""
        self.port = free_port()
        jobs = "".join(f"  - job_name: {job}\n    static_configs: [{{targets: ['{target}']}}]\n"
                       for job, target in targets.items())
        config = folder / f"{name}.yml"
        config.write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n" + jobs)
        super().__init__(name, [settings.tool("prometheus"), f"--config.file={config}",
                                f"--storage.tsdb.path={folder / (name + '-data')}",
                                f"--web.listen-address=127.0.0.1:{self.port}"], folder / f"{name}.log")
        wait_until(self._ready, 30, "Prometheus")

    def _ready(self):
        assert self.running, f"{self.name} ended: {self.log()[-1000:]}"
        return http.get(self.port, "/-/ready").code == 200

    def query(self, expression):
        """An instant query: {frozenset of labels without __name__: value as text}."""
        answer = http.get_json(self.port, "/api/v1/query?query=" + urllib.parse.quote(expression))
        assert answer["status"] == "success", json.dumps(answer)
        return {frozenset((k, v) for k, v in one["metric"].items() if k != "__name__"): one["value"][1]
                for one in answer["data"]["result"]}

    def targets(self):
        answer = http.get_json(self.port, "/api/v1/targets?state=active")
        return {one["labels"]["job"]: one for one in answer["data"]["activeTargets"]}


def promtool_check(text):
    """`promtool check metrics` on bytes of text format: what it complains about, in lines."""
    import subprocess
    result = subprocess.run([settings.tool("promtool"), "check", "metrics"], input=text, capture_output=True,
                            timeout=60 * settings.TIME_SCALE, check=False, env=dict(os.environ))
    lines = (result.stdout + result.stderr).decode().splitlines()
    assert result.returncode in (0, 3), f"promtool: {result.returncode}: {lines}"  # 3: lint findings
    return lines
