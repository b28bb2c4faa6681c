"""The benchmarks run, and count what they say they measure."""

from harness import settings
from harness.process import run


def test_cells_in_a_file_are_measured_beside_private_memory():
    result = run([settings.program("bench_cells"), "--smoke"], seconds=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("counted: 300000 and 300000 of 300000") == 2, result.stdout
    assert "inc, 64 counters" in result.stdout and "observe, 11 bounds" in result.stdout
