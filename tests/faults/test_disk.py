"""The state directory's disk is full, and what stands there rots."""

import pytest

from harness.disk import SmallDisk, flip_bytes
from harness.ordeal import RATE

RECOVERY_SECONDS = 2


def test_the_disk_is_full_and_is_freed(ordeal, tmp_path):
    disk = SmallDisk(tmp_path / "disk", kib=512)
    try:
        ordeal.begin(cells=True, state__dir=disk.path / "state", state__interval="1s")
        ordeal.hammer()
        ordeal.sidecar.wait_value(1, "weir_sidecar_state_durable")
        disk.fill()
        ordeal.sidecar.wait_value(0, "weir_sidecar_state_durable", seconds=20)
        passing = ordeal.hammer()
        ordeal.pause()
        passing.terminate()  # nobody has its totals on disk
        assert ordeal.sidecar.scrape().value("weir_sidecar_state_errors_total") > 0
        disk.free()
        ordeal.sidecar.wait_value(1, "weir_sidecar_state_durable", seconds=20)
        ordeal.pause()
        ordeal.restart_sidecar()
        ordeal.finish("disk of the state directory full, then freed, then the sidecar killed")
    finally:
        ordeal.close()
        ordeal.sidecar.close()
        disk.close()


@pytest.mark.parametrize("kind", ["checkpoint", "journal", "definitions"])
def test_what_was_written_rots_while_the_sidecar_is_down(ordeal, kind):
    """No counter dips, none doubles: what may be missing begins again at 0, openly."""
    ordeal.begin(cells=True, state__interval="1s", recovery__timeout=f"{RECOVERY_SECONDS}s")
    ordeal.hammer()
    passing = ordeal.hammer()
    ordeal.pause()
    assert passing.terminate() == 0
    checkpoints = ordeal.sidecar.scrape().value("weir_sidecar_checkpoints_total")
    ordeal.sidecar.wait_for(lambda scrape: scrape.value("weir_sidecar_checkpoints_total") > checkpoints, 10)
    ordeal.pause()

    def rot():
        files = [path for path in ordeal.sidecar.state_dir.iterdir() if kind in path.name]
        assert files, f"no {kind}"
        flip_bytes(max(files, key=lambda path: path.stat().st_size), ordeal.random)
    ordeal.restart_sidecar(between=rot)
    lines = [line for line in ordeal.sidecar.log().splitlines() if " warning " in line]
    print("\n".join(lines))
    assert any(kind in line for line in lines), "it says nothing of it"
    ordeal.pause()
    seconds_unseen = RECOVERY_SECONDS + 5
    ordeal.finish(f"{kind} corrupted while the sidecar was down", openly=True, loss_max=2 * RATE * seconds_unseen,
                  loss_reason="what was counted between the last scrape and the recovery")
