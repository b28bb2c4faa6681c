"""Everyone comes back at once, and nothing collapses: thousands of publishers, one sidecar, one NATS server.

WEIR_FLEET_MEMBERS=10000 runs it with as many; the default fits into a test run on a small machine.
"""

import os
import signal
import time

import pytest

from harness import table
from harness.waiting import wait_until

MEMBERS = int(os.environ.get("WEIR_FLEET_MEMBERS", "3000"))
GROUPS = int(os.environ.get("WEIR_FLEET_GROUPS", "50"))
SETTLE_SECONDS = 60
KEYFRAMES_ASKED_PER_SECOND_MAX = 1000
KEYFRAMES_ASKED_BURST = 200


def differences(scrape, truth):
    """What of the truth is not on /metrics, in words; only the first few."""
    wrong = []

    def compare(expected, name, **labels):
        shown = scrape.value(name, **labels)
        if shown != expected and len(wrong) < 5:
            wrong.append(f"{name}{labels} is {shown}, not {expected}")

    for service, made in truth.items():
        members = made["members"]
        for kind, total in enumerate(made["work"]):
            compare(total * members, "fleet_work_total", kind=str(kind), service_name=service)
        compare(made["observations"] * members, "fleet_took_seconds_count", service_name=service)
        compare(made["observed_sum"] * members, "fleet_took_seconds_sum", service_name=service)
        compare(made["level"] * members, "fleet_level_ratio", service_name=service)
    return wrong


class Scene:
    """A fleet at rest: counted, published, exact. Then something happens, and settling is measured."""

    def __init__(self, stack, **settings):
        self.stack = stack
        self.settings = {"name": "same", "log__level": "info", **settings}
        self.nats = stack.nats(monitored=True)
        self.sidecar = stack.sidecar(self.nats, **self.settings)
        self.fleet = stack.fleet(self.nats, MEMBERS, groups=GROUPS, start_within_ms=MEMBERS // 2, flush_ms=2000,
                                 heartbeat_ms=5000)
        self.fleet.wait_all("publishing")
        self.fleet.do("count 100")
        self.truth = self.fleet.truth()
        wait_until(self.exact, SETTLE_SECONDS, "the fleet to be on /metrics")
        self.fleet.do("rate 100")
        self.keyframes_sent = self.fleet.status()["keyframes_sent"]
        self.asked_from = (time.monotonic(), self.sidecar.scrape().value("weir_sidecar_keyframes_asked_total"))

    def replace_sidecar(self):
        self.sidecar.kill()
        self.asked_from = (time.monotonic(), 0)
        self.sidecar = self.stack.sidecar(self.nats, port=self.sidecar.port, wait=False, **self.settings)

    def exact(self):
        scrape = self.sidecar.scrape()
        wrong = differences(scrape, self.truth)
        assert not wrong, wrong
        return scrape

    def settle(self, what, begun):
        """Counting has stopped. Waits until all is exact and nobody is asked for anything, and writes the row."""
        self.fleet.do("rate 0")
        self.truth = self.fleet.truth()
        seen = {"queue": 0, "rate": 0.0, "exact": None}
        last = [begun, self.keyframes_sent]

        def settled():
            sent, now = self.fleet.status()["keyframes_sent"], time.monotonic()
            if now - last[0] > 0.5:
                seen["rate"] = max(seen["rate"], (sent - last[1]) / (now - last[0]))
                last[:] = [now, sent]
            scrape = self.sidecar.scrape()
            seen["queue"] = max(seen["queue"], scrape.value("weir_sidecar_queue_bytes"))
            wrong = differences(scrape, self.truth)
            if not wrong:
                seen["exact"] = seen["exact"] or now
            assert not wrong, wrong
            states = self.fleet.states()
            assert states == {"publishing": MEMBERS}, states
            pending = sum(one["keyframe_pending"] for one in self.sidecar.publishers()["publishers"])
            assert pending == 0, f"{pending} keyframes are wanted"
            return scrape

        scrape = wait_until(settled, SETTLE_SECONDS, f"the fleet to settle after: {what}")
        seconds = time.monotonic() - begun
        asked_since, asked_before = self.asked_from
        asked = scrape.value("weir_sidecar_keyframes_asked_total") - asked_before
        table.record("fleet", {
            "what happened": what, "publishers": MEMBERS, "exact after": f"{seen['exact'] - begun:.1f} s",
            "settled after": f"{seconds:.1f} s", "queue at most": f"{int(seen['queue'])} B",
            "keyframes asked": asked, "keyframes sent": self.fleet.status()["keyframes_sent"] - self.keyframes_sent,
            "a second at most": f"{seen['rate']:.0f}", "frames shed": scrape.value("weir_sidecar_frames_shed_total"),
            "slow consumers": self.nats.slow_consumers()}, columns_of_name=2)
        assert self.nats.slow_consumers() == 0
        assert asked <= KEYFRAMES_ASKED_BURST + KEYFRAMES_ASKED_PER_SECOND_MAX * (time.monotonic() - asked_since)
        for service in self.sidecar.publishers()["services"]:
            assert (service["losses"], service["crashes"], service["restarts"]) == (0, 0, 0), service
        return scrape


@pytest.fixture
def scene(stack):
    return Scene(stack)


def test_all_return_at_once_after_nats_was_killed(scene):
    scene.nats.kill()
    scene.fleet.wait_all("connecting")
    scene.nats = scene.stack.nats(port=scene.nats.port, monitored=True)
    scene.settle("NATS killed and started again", time.monotonic())


def test_all_return_at_once_after_their_connections_broke(scene):
    begun = time.monotonic()
    scene.fleet.do("drop 0")
    scene.settle("all connections broke", begun)


def test_a_new_sidecar_meets_all_of_them(scene):
    begun = time.monotonic()
    scene.replace_sidecar()
    scene.settle("sidecar killed and started again", begun)


def test_what_does_not_fit_into_the_queue_comes_again(stack):
    """The sidecar stands still while all say everything, and then has to take it all in one moment."""
    scene = Scene(stack, ingest__queue_bytes="1MiB")
    scene.sidecar.signal(signal.SIGSTOP)
    scene.fleet.do("drop 0")
    wait_until(lambda: scene.fleet.status()["keyframes_sent"] >= scene.keyframes_sent + MEMBERS, 30, "all to speak")
    wait_until(lambda: scene.fleet.status()["unsent_bytes"] == 0, 30, "the server to have it")
    scene.sidecar.signal(signal.SIGCONT)
    scrape = scene.settle("sidecar frozen while all connections broke, its queue too small", time.monotonic())
    assert 0 < scrape.value("weir_sidecar_frames_shed_total") <= 3 * MEMBERS


def test_all_have_gaps_at_once(scene):
    lost_before = scene.fleet.status()["frames_lost"]
    scene.fleet.do("lose 1")
    wait_until(lambda: scene.fleet.status()["frames_lost"] - lost_before >= 1.5 * MEMBERS, 30, "frames to be lost")
    begun = time.monotonic()
    scene.fleet.do("rate 0", "lose 0")  # nothing more is counted: only keyframes can heal it
    scene.settle("frames of all of them lost", begun)
