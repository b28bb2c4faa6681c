"""Frames arrive late, in another order, twice or never; and the cable is cut."""

from harness.network import HERE_ADDRESS, TwoNetworks
from harness.relay import Relay
from harness.waiting import wait_until


def test_frames_are_repeated_reordered_and_lost(ordeal):
    ordeal.begin(cells=True)
    far = ordeal.stack.nats()
    relay = Relay(far, ordeal.nats, ordeal.random)
    try:
        ordeal.hammer(nats=far)
        ordeal.hammer(nats=far)
        wait_until(lambda: relay.repeated > 300 and relay.lost > 50, 30, "enough bad luck")
        relay.calm()
        ordeal.finish("frames repeated, reordered, every tenth lost")
        print("carried", relay.carried, "repeated", relay.repeated, "lost", relay.lost)
        counts = ordeal.sidecar.scrape()
        assert counts.value("weir_sidecar_frames_total", outcome="duplicate") > 100
        assert counts.value("weir_sidecar_gaps_total") > 20
    finally:
        relay.close()


def test_the_cable_is_cut(ordeal):
    """Connections hang, and may break on one side only. Short cuts and one that outlives the leases and the writes."""
    network = TwoNetworks()
    try:
        ordeal.begin(cells=True, nats_host="0.0.0.0")
        url = f"nats://{HERE_ADDRESS}:{ordeal.nats.port}"
        for _ in range(2):
            ordeal.hammer(url=url, prefix=network.prefix_there())
        for low, high in ((0.2, 1.0), (0.2, 1.0), (4.0, 5.0)):
            ordeal.pause()
            network.cut()
            ordeal.pause(low, high)
            network.mend()
        ordeal.heard(ordeal.made()[0])
        ordeal.finish("network cut between publishers and nats-server, 3 times")
    finally:
        ordeal.close()
        network.close()
