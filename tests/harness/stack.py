"""The processes of one test, in one folder; `close` ends them, newest first."""

import itertools

from harness import settings
from harness.process import Process, run
from harness.programs import NODE, Fleet, Hammer, Publisher, Sidecar
from harness.servers import NatsServer, Prometheus


class Stack:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self._numbers = itertools.count(1)

    def close(self):
        for process in reversed(self.processes):
            process.close()

    def _keep(self, process):
        self.processes.append(process)
        return process

    def nats(self, **options):
        name = f"nats-{next(self._numbers)}"
        return self._keep(NatsServer(self.folder, name, **options))

    def sidecar(self, nats=None, **options):
        """Joins the NATS server given, else brings one of its own."""
        options.setdefault("name", f"sidecar-{next(self._numbers)}")
        if nats is not None:
            options.setdefault("nats_url", nats.url)
        wait = options.pop("wait", True)
        # Kept before the wait: its log belongs into the report when it never becomes ready.
        sidecar = self._keep(Sidecar(self.folder, wait=False, **options))
        if wait:
            sidecar.wait_ready()
        return sidecar

    def publisher(self, nats=None, service="service", **options):
        if nats is not None:
            options.setdefault("url", nats.url)
        return self._keep(Publisher(self.folder, f"{service}-{next(self._numbers)}", service=service, **options))

    def fleet(self, nats, members, **options):
        return self._keep(Fleet(self.folder, f"fleet-{next(self._numbers)}", nats, members, **options))

    def hammer(self, nats, **options):
        options.setdefault("url", nats.url)
        return self._keep(Hammer(self.folder, f"hammer-{next(self._numbers)}", **options))

    def collector(self, nats=None, flags=(), config=None, node=NODE, env=None):
        name = f"collector-{next(self._numbers)}"
        command = [settings.program("weir-collector"), *flags]
        if nats is not None:
            command += ["--nats.url", nats.url, "--node", node]
        if config is not None:
            path = self.folder / f"{name}.yml"
            path.write_text(config)
            command += ["--config", path]
        surroundings = {"WEIR_ENDPOINT_FILE": str(self.folder / "no-endpoint"), **(env or {})}
        return self._keep(Process(name, command, self.folder / f"{name}.log", env=surroundings))

    def prometheus(self, targets):
        return self._keep(Prometheus(self.folder, targets))

    def weirctl(self, *arguments, env=None):
        surroundings = {"WEIR_ENDPOINT_FILE": str(self.folder / "no-endpoint"), **(env or {})}
        return run([settings.program("weirctl"), *arguments], env=surroundings, cwd=self.folder)

    def pair(self, **options):
        """A NATS server and a sidecar on it: what most tests begin with."""
        nats = self.nats()
        return nats, self.sidecar(nats, **options)
