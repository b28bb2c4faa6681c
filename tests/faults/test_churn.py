"""Publishers, or the sidecar, that begin anew all the time."""

import json

PROCESSES = 200
SECONDS_OF_RESTARTS = 8


def test_two_hundred_publishers_restart_in_a_loop(ordeal):
    ordeal.begin(cells=True)
    swarm = ordeal.hammer(processes=PROCESSES, rate=200, life_ms_min=1500, life_ms_max=4500, killed_part=0.25,
                          seed=ordeal.random.randrange(2**32), heartbeat_ms=1000, flush_ms=200,
                          goodbye_ms=20_000)  # so many share few processors: an answer may take some seconds
    ordeal.pause(10, 11)
    assert swarm.terminate(60) == 0
    lives = json.loads(swarm.log().splitlines()[-1])
    print(lives)
    ordeal.finish(f"{PROCESSES} publishers restart in a loop, every fourth is killed")
    assert lives["unanswered"] == 0


def test_the_sidecar_is_restarted_every_second(ordeal):
    ordeal.begin(cells=True)
    ordeal.hammer()
    for turn in range(SECONDS_OF_RESTARTS):
        passing = ordeal.hammer(goodbye_ms=300)
        ordeal.pause(0.4, 0.6)
        ordeal.restart_sidecar(kill=turn % 2 == 0, between=passing.kill if turn % 3 == 0 else passing.terminate)
    ordeal.finish(f"sidecar restarted every second, {SECONDS_OF_RESTARTS} times, publishers end while it is away")
