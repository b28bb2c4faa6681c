"""A scraper like Prometheus, ten times a second, over restarts of what it scrapes: no counter may go down."""

import threading
import time

from harness import exposition, http
from harness.waiting import wait_until

SAMPLE_SECONDS = 0.1
ANSWER_SECONDS = 5.0
# Without this a sidecar takes us for a person, who is shown no zero before a new counter's value.
SCRAPER = {"X-Prometheus-Scrape-Timeout-Seconds": str(ANSWER_SECONDS)}
# The sidecar's own metrics begin anew with each of its lives.
OWN_PREFIXES = ("weir_", "process_")


class Watcher:
    """A scrape that is refused, or answered with 503, is no sample. A counter that is 0 where it was more has
    restarted openly: `increase()` loses nothing by it. Anything else below the sample before is a fault."""

    def __init__(self, port):
        self._port = port
        self._stop = threading.Event()
        self._last = {}
        self._increase = {}
        self.samples = 0
        self.missed = 0
        self.restarted = []
        self.down = []
        self.failure = None
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._stop.is_set():
            begin = time.monotonic()
            try:
                answer = http.get(self._port, "/metrics", SCRAPER, ANSWER_SECONDS)
                if answer.code == 200:
                    self._compare(exposition.parse(answer.body))
                    self.samples += 1
                else:
                    assert answer.code == 503, f"/metrics: {answer.code}"
                    self.missed += 1
            except OSError:
                self.missed += 1
            except Exception as error:  # told by the test, in its own thread
                self.failure = repr(error)
                return
            self._stop.wait(max(0.0, SAMPLE_SECONDS - (time.monotonic() - begin)))

    def _compare(self, scrape):
        for family in scrape.families.values():
            if family.type not in ("counter", "histogram") or family.name.startswith(OWN_PREFIXES):
                continue
            for name, labels, value in family.samples:
                key = (name, frozenset(labels.items()))
                last = self._last.get(key, 0)
                self._increase[key] = self._increase.get(key, 0) + (value - last if value >= last else value)
                if value < last and value == 0:
                    self.restarted.append(f"{name}{labels} at {last}")
                elif value < last:
                    self.down.append(f"{name}{labels} from {last} to {value}")
                self._last[key] = value
        gone = [key for key in self._last if key not in scrape.values]
        for key in gone:
            self.down.append(f"{key} left, its last value was {self._last.pop(key)}")

    def last(self, name, **labels):
        return self._last.get((name, frozenset(labels.items())))

    def increase(self, name, **labels):
        """As Prometheus has it: what was gained from sample to sample, after a reset the whole value."""
        return self._increase.get((name, frozenset(labels.items())), 0)

    def close(self):
        self._stop.set()
        self._thread.join(30)

    def finish(self, samples_min=10):
        """Ends it. The test fails here if anything went down."""
        wait_until(lambda: self.failure or self.samples >= samples_min, 20, f"{samples_min} samples")
        self.close()
        assert self.failure is None, self.failure
        assert not self.down, self.down[:5]
