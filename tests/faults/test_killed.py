"""Each of the three parts is killed, stopped and let go on, at moments that nobody chose. All rows go into the table."""

import signal
import socket

from harness.ordeal import RATE

KILLS = 4
LONG_FLUSH_SECONDS = 0.5  # long against what a busy machine is late by


def freeze(ordeal, process, low, high):
    process.signal(signal.SIGSTOP)
    ordeal.pause(low, high)
    process.signal(signal.SIGCONT)


def test_publishers_with_cells_are_killed(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    for _ in range(KILLS):
        victim = ordeal.hammer()
        ordeal.pause()
        victim.kill()
    ordeal.finish(f"publisher, kill -9, {KILLS} times")


def test_a_publisher_is_killed_before_its_server_has_answered(ordeal):
    """Connecting takes a second or more, and counting does not wait for it."""
    ordeal.begin(cells=True)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and says nothing
        victim = ordeal.hammer(url=f"nats://127.0.0.1:{silent.getsockname()[1]}")
        victim.kill()
    ordeal.finish("publisher, kill -9 while it connects")


def test_publishers_without_cells_are_killed(ordeal):
    """The one loss by design: what was counted since the last flush, one interval for each kill and not more."""
    ordeal.begin()
    flush_ms = int(LONG_FLUSH_SECONDS * 1000)
    kills = 2 * KILLS
    ordeal.hammer(flush_ms=flush_ms)
    for _ in range(kills):
        victim = ordeal.hammer(flush_ms=flush_ms)
        ordeal.known(victim)
        ordeal.pause(LONG_FLUSH_SECONDS, 3 * LONG_FLUSH_SECONDS)
        victim.kill()
    ordeal.finish(f"publisher without a cells directory, kill -9, {kills} times",
                  loss_max=int(kills * 2 * RATE * LONG_FLUSH_SECONDS), loss_reason="a flush interval each")


def test_publishers_are_frozen(ordeal):
    ordeal.begin(cells=True)
    publishers = [ordeal.hammer(), ordeal.hammer()]
    for _ in range(KILLS):
        ordeal.pause()
        freeze(ordeal, ordeal.random.choice(publishers), 0.2, 1.5)  # the lease is 0.6 s
    ordeal.finish(f"publisher, SIGSTOP and SIGCONT, {KILLS} times")


def test_the_sidecar_is_killed(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    ordeal.hammer()
    for _ in range(KILLS):
        ordeal.pause()
        ordeal.restart_sidecar()
    ordeal.finish(f"sidecar, kill -9, {KILLS} times")


def test_the_sidecar_is_killed_and_publishers_come_and_go(ordeal):
    """What the ended have counted is in nobody's memory but the sidecar's."""
    ordeal.begin(cells=True)
    ordeal.hammer()
    for turn in range(KILLS):
        passing = ordeal.hammer()
        ordeal.pause()
        if turn % 2 == 0:
            assert passing.terminate() == 0
        else:
            passing.kill()
        ordeal.restart_sidecar()
    ordeal.finish(f"publishers end or are killed, then the sidecar, kill -9, {KILLS} times")


def test_the_sidecar_is_frozen(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    ordeal.hammer()
    for _ in range(KILLS):
        ordeal.pause()
        freeze(ordeal, ordeal.sidecar, 0.2, 1.5)
    ordeal.finish(f"sidecar, SIGSTOP and SIGCONT, {KILLS} times")


def test_nats_is_killed(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    ordeal.hammer()
    for _ in range(KILLS):
        ordeal.pause()
        ordeal.restart_nats()
    ordeal.finish(f"nats-server, kill -9, {KILLS} times")


def test_nats_is_restarted(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    ordeal.hammer()
    for _ in range(KILLS):
        ordeal.pause()
        ordeal.restart_nats(kill=False)
    ordeal.finish(f"nats-server, restarted cleanly, {KILLS} times")


def test_nats_is_frozen(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    ordeal.hammer()
    for _ in range(KILLS):
        ordeal.pause()
        freeze(ordeal, ordeal.nats, 0.2, 1.5)
    ordeal.finish(f"nats-server, SIGSTOP and SIGCONT, {KILLS} times")


def test_everything_is_killed_in_turn(ordeal):
    ordeal.begin(cells=True)
    publishers = [ordeal.hammer(), ordeal.hammer()]
    for _ in range(2 * KILLS):
        ordeal.pause(0.1, 0.6)
        what = ordeal.random.choice(["publisher", "sidecar", "nats"])
        if what == "publisher":
            publishers.pop(0).kill()
            publishers.append(ordeal.hammer())
        elif what == "sidecar":
            ordeal.restart_sidecar(wait=False)
        else:
            ordeal.restart_nats()
    ordeal.finish(f"publisher, sidecar or nats-server by chance, kill -9, {2 * KILLS} times")
