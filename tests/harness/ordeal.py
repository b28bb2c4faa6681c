"""Publishers that hammer, a NATS server, a sidecar and a scraper, while something breaks; at the end the sums must agree."""

import os
import random
import shutil
import tempfile
import time

from harness import table
from harness.waiting import wait_until
from harness.watcher import Watcher

SHARED_MEMORY = "/dev/shm"
SERVICE = "hammer"
FLUSH_SECONDS = 0.02
RATE = 50_000  # increments a second of each of two threads
ENDED = {"exited", "crashed"}


class Ordeal:
    def __init__(self, stack):
        seed = int(os.environ.get("WEIR_FAULT_SEED") or random.randrange(2**32))
        print("WEIR_FAULT_SEED", seed)
        self.random = random.Random(seed)
        self.stack = stack
        self.cells = None
        self._settings = {"name": "same", "log__level": "info"}
        self.hammers = []
        self.watcher = None
        self.nats = self.sidecar = None

    def begin(self, cells=False, nats_host=None, **sidecar_settings):
        """Cells want a file system in memory; it is taken away at the end."""
        self._settings.update(sidecar_settings)
        if cells:
            self.cells = tempfile.mkdtemp(prefix="weir-test-", dir=SHARED_MEMORY)
            self._settings["cells__dir"] = self.cells
        self.nats = self.stack.nats(host=nats_host or "127.0.0.1")
        self.sidecar = self.stack.sidecar(self.nats, **self._settings)
        self.watcher = Watcher(self.sidecar.port)
        return self

    def close(self):
        if self.watcher:
            self.watcher.close()
        if self.cells:
            shutil.rmtree(self.cells, ignore_errors=True)

    # ---- what happens ----

    def pause(self, low=0.2, high=1.0):
        """Until a moment that nobody chose."""
        time.sleep(self.random.uniform(low, high))

    def hammer(self, nats=None, env=None, **options):
        options = {"rate": RATE, "flush_ms": int(FLUSH_SECONDS * 1000), **options}
        surroundings = {"WEIR_CELLS_DIR": self.cells or "none", **(env or {})}
        made = self.stack.hammer(nats or self.nats, service=SERVICE, env=surroundings, **options)
        self.hammers.append(made)
        return made

    def restart_sidecar(self, kill=True, between=None, wait=True):
        if kill:
            self.sidecar.kill()
        else:
            assert self.sidecar.terminate(30) == 0
        if between:
            between()
        self.start_sidecar(wait)

    def start_sidecar(self, wait=True):
        self.sidecar = self.stack.sidecar(self.nats, port=self.sidecar.port, wait=wait, **self._settings)

    def restart_nats(self, kill=True):
        if kill:
            self.nats.kill()
        else:
            self.nats.terminate()
        self.pause(0.05, 0.5)
        self.nats = self.stack.nats(port=self.nats.port)

    # ---- what came of it ----

    def made(self):
        pairs = [hammer.made() for hammer in self.hammers]
        return sum(low for low, _ in pairs), sum(high for _, high in pairs)

    def heard(self, low):
        """The sidecar shows at least so many: the publishers are there, and counted."""
        def look():
            shown = self.sidecar.scrape().value("hammered_total", service_name=SERVICE)
            assert shown is not None and shown >= low, f"{shown} of {low}"
            return True
        wait_until(look, 30, "what was made so far to be counted")

    def known(self, hammer):
        """The sidecar has its first keyframe."""
        def look():
            states = [one["state"] for one in self.sidecar.publishers()["publishers"] if one["pid"] == hammer.child.pid]
            assert states == ["up"], states
            return True
        wait_until(look, 30, f"{hammer.name} to be known")

    def finish(self, fault, loss_max=0, loss_reason="0", openly=False):
        """Everyone says goodbye, and the sums are compared. `loss_max`: what may be lost, by design. `openly`: series
        may have begun again at 0, so what counts is what Prometheus makes of all samples."""
        for hammer in self.hammers:
            if hammer.running:
                hammer.terminate(30)

        def all_ended():
            states = {one["state"] for one in self.sidecar.publishers()["publishers"] if one["service"] == SERVICE}
            assert states <= ENDED, states
            return True
        wait_until(all_ended, 40, "all publishers to have ended")
        low, high = self.made()
        seen = {}

        def agrees():
            scrape = self.sidecar.scrape()
            for what, name in (("counter", "hammered_total"), ("count", "hammered_took_seconds_count"),
                               ("half", "hammered_spent_joules_total")):
                seen[what] = scrape.value(name, service_name=SERVICE) or 0
                if openly:
                    assert self.watcher.last(name, service_name=SERVICE) == seen[what], "not scraped yet"
                    seen[what] = self.watcher.increase(name, service_name=SERVICE)
            values = (seen["counter"], seen["count"], 2 * seen["half"])
            assert all(low - loss_max <= value <= high for value in values), f"{values} of {low}..{high}"
            return True
        problem = None
        try:
            wait_until(agrees, 10, "the sums to agree")
        except AssertionError as error:
            problem = error
        down = len(self.watcher.down)
        table.record("table", {
            "fault": fault, "increments made": low if low == high else f"{low} to {high}",
            "on /metrics": seen.get("counter"), "lost": max(0, low - seen.get("counter", 0)),
            "lost by design at most": loss_reason, "doubled": max(0, seen.get("counter", 0) - high),
            "counters that went down": down, "declared restarts": len(self.watcher.restarted),
            "samples": self.watcher.samples})
        if problem:
            raise problem
        self.watcher.finish()
