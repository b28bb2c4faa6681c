"""While one sidecar lives no counter goes down between two scrapes, whatever happens around it."""

import threading
import time

import pytest

from harness.waiting import wait_until

SAMPLE_SECONDS = 0.1


class Watcher:
    """Scrapes ten times a second and remembers the first counter that went down."""

    def __init__(self, sidecar):
        self._sidecar = sidecar
        self._stop = threading.Event()
        self.scrapes = 0
        self.failure = None
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        last = {}
        while not self._stop.is_set():
            begin = time.monotonic()
            try:
                scrape = self._sidecar.scrape()
            except Exception as error:  # told by the test, in its own thread
                self.failure = repr(error)
                return
            self.scrapes += 1
            for family in scrape.families.values():
                if family.type not in ("counter", "histogram"):
                    continue
                for name, labels, value in family.samples:
                    key = (name, frozenset(labels.items()))
                    if value < last.get(key, 0):
                        self.failure = f"{name}{labels} went from {last[key]} to {value}"
                        return
                    last[key] = value
            for key, value in last.items():
                if scrape.values.get(key) is None and not key[0].startswith("weir_"):
                    self.failure = f"{key} left, its last value was {value}"
                    return
            self._stop.wait(max(0.0, SAMPLE_SECONDS - (time.monotonic() - begin)))

    def finish(self):
        wait_until(lambda: self.failure or self.scrapes >= 10, 20, "ten scrapes")
        self._stop.set()
        self._thread.join(30)
        assert self.failure is None, self.failure


@pytest.mark.parametrize("fault", ["publisher killed", "publisher restarted", "nats restarted", "frozen publisher"])
def test_no_counter_goes_down_between_scrapes(stack, fault):
    nats, sidecar = stack.pair()
    expected = 0
    steady = stack.publisher(nats, flush="10ms", heartbeat="100ms")
    other = stack.publisher(nats, flush="10ms", heartbeat="100ms")
    watcher = Watcher(sidecar)
    for turn in range(24):
        for publisher in (steady, other):
            publisher.do("counter work_total 3", "observe took_seconds 0.5 @bounds=1", "double spent_joules_total 0.1")
            expected += 3
        sidecar.wait_value(expected, "work_total", seconds=20, service_name="service")
        if turn % 6 != 5:
            continue
        if fault == "publisher killed":
            other.kill()
            other = stack.publisher(nats, flush="10ms", heartbeat="100ms")
        elif fault == "publisher restarted":
            other.do("counter work_total 1")
            expected += 1
            other.exit()
            other = stack.publisher(nats, flush="10ms", heartbeat="100ms")
        elif fault == "nats restarted":
            nats.kill()
            nats = stack.nats(port=nats.port)
        else:
            other.signal(19)  # SIGSTOP
            wait_until(lambda: any(one["state"] == "lost" for one in sidecar.publishers()["publishers"]), 10, "a loss")
            other.signal(18)  # SIGCONT
    sidecar.wait_value(expected, "work_total", seconds=20, service_name="service")
    watcher.finish()
