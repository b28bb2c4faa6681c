"""Two sidecars of one node, scraped ten times a second each, while one of them dies, loses its state or is replaced: no
counter goes down on either, and at the end both show what was counted."""

import shutil
import time

import pytest

from harness.ordeal import ENDED, RATE, SERVICE
from harness.waiting import wait_until
from harness.watcher import Watcher

NAMES = ("hammered_total", "hammered_took_seconds_count", "hammered_spent_joules_total")


class Pair:
    """`sidecars` by the name of their state directory; publishers count until finish()."""

    def __init__(self, stack):
        self.stack = stack
        self.nats = stack.nats()
        self.sidecars, self.watchers, self.hammers = {}, {}, []

    def start(self, name, watch=True, wait=True, **options):
        port = self.watchers[name]._port if name in self.watchers else None
        self.sidecars[name] = self.stack.sidecar(self.nats, name=name, port=port, pair=True, wait=wait,
                                                 log__level="info", **options)
        if watch and name not in self.watchers:
            self.watchers[name] = Watcher(self.sidecars[name].port)
        return self.sidecars[name]

    def lose_state(self, name):
        shutil.rmtree(self.stack.folder / f"{name}-state")

    def hammer(self):
        self.hammers.append(self.stack.hammer(self.nats, service=SERVICE, rate=RATE, flush_ms=20,
                                              env={"WEIR_CELLS_DIR": "none"}))
        return self.hammers[-1]

    def finish(self):
        for hammer in self.hammers:
            if hammer.running:
                hammer.terminate(30)
        made = [hammer.made() for hammer in self.hammers]
        low, high = sum(one for one, _ in made), sum(one for _, one in made)

        def agree():
            for name, sidecar in self.sidecars.items():
                states = {one["state"] for one in sidecar.publishers()["publishers"] if one["service"] == SERVICE}
                assert states <= ENDED, (name, states)
                scrape = sidecar.scrape()
                counter, count, half = (scrape.value(what, service_name=SERVICE) for what in NAMES)
                assert low <= counter <= high, f"{name}: {counter} of {low} to {high}"
                assert (count, 2 * half) == (counter, counter), name
            return True
        wait_until(agree, 90, "both to show what was counted")
        for watcher in self.watchers.values():
            watcher.finish()
            assert not watcher.restarted, watcher.restarted

    def close(self):
        for watcher in self.watchers.values():
            watcher.close()


@pytest.fixture
def pair(stack):
    made = Pair(stack)
    yield made
    made.close()


def test_both_show_the_same(pair):
    pair.start("one")
    pair.start("two")
    pair.hammer()
    passing = pair.hammer()
    time.sleep(1)
    assert passing.terminate(20) == 0
    pair.hammer()
    time.sleep(1)
    pair.finish()


def test_one_is_killed_and_starts_again(pair):
    pair.start("one")
    pair.start("two")
    pair.hammer()
    for turn in range(3):
        passing = pair.hammer()
        time.sleep(0.7)
        pair.sidecars["two"].kill()
        assert passing.terminate(20) == 0  # while the second one is away
        pair.start("two")
    pair.finish()


def test_one_is_killed_and_loses_its_state(pair):
    pair.start("one")
    pair.start("two")
    pair.hammer()
    for turn in range(3):
        passing = pair.hammer()
        time.sleep(0.7)
        assert passing.terminate(20) == 0
        pair.sidecars["two"].kill()
        pair.lose_state("two")
        time.sleep(0.2)
        pair.start("two")
    pair.finish()


def test_each_loses_its_state_in_turn(pair):
    pair.start("one")
    pair.start("two")
    pair.hammer()
    for victim in ("one", "two", "one"):
        passing = pair.hammer()
        time.sleep(0.7)
        assert passing.terminate(20) == 0
        pair.sidecars[victim].kill()
        pair.lose_state(victim)
        pair.start(victim)
        other = "one" if victim == "two" else "two"
        wait_until(lambda: pair.sidecars[other].status()["pair"]["peers"], 10, "the two to see each other")
    pair.finish()


def test_a_rolling_upgrade(pair):
    """The new one starts beside the old one, then the old one is told to stop; three times."""
    pair.start("version-1")
    pair.hammer()
    for version in (2, 3, 4):
        passing = pair.hammer()
        time.sleep(0.7)
        assert passing.terminate(20) == 0
        shown = pair.sidecars[f"version-{version - 1}"].scrape().value("hammered_total", service_name=SERVICE)
        pair.start(f"version-{version}")
        first = pair.sidecars[f"version-{version}"].scrape().value("hammered_total", service_name=SERVICE)
        assert first >= shown
        old = pair.sidecars.pop(f"version-{version - 1}")
        assert old.terminate(20) == 0
        pair.watchers[f"version-{version - 1}"].close()
    pair.finish()
