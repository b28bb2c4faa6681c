"""The benchmarks of all rows run, tiny, and their checks hold."""

import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SECONDS_MAX = 300  # of a busy machine; a quiet one with two processors needs less than a minute


def test_every_row_has_a_program_that_runs_and_checks_itself():
    done = subprocess.run([SOURCE / "bench" / "run", "--smoke", "--no-build"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX)
    print(done.stdout)
    assert done.returncode == 0, done.stdout
    assert " 0 failed" in done.stdout.splitlines()[-1]
