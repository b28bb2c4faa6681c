"""The counting of ./test: a stage that ran nothing, or died, is never a success."""

import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent

TWO_PASS_ONE_FAILS = (
    '<testsuites><testsuite><testcase name="a"/><testcase name="b"/>'
    '<testcase name="c"><failure/></testcase><testcase name="d"><skipped/></testcase></testsuite></testsuites>'
)
ONE_PASSES = '<testsuite><testcase name="a" status="run"/></testsuite>'


def summary(tmp_path, script):
    done = subprocess.run(
        ["bash", "-c", f'set -euo pipefail; weir_root="{SOURCE}"; . "$weir_root/packaging/setup.sh"; '
         f'. "$weir_root/packaging/stages.sh"; weir_results_dir="{tmp_path}"; report="{tmp_path}/report.xml"\n{script}\nweir_summary'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    return done.stdout.splitlines()[-1], done.returncode


def write(text):
    return f"bash -c 'echo \"$1\" >\"$2\"; exit ${{3:-0}}' - '{text}' \"$report\""


@pytest.mark.parametrize("script, last_line, status", [
    ("weir_check one true", "1 passed, 0 failed", 0),
    ("weir_check one true; weir_check two false", "1 passed, 1 failed", 1),
    ("", "0 passed, 0 failed", 1),
    (f'weir_counted some "$report" {write(ONE_PASSES)}', "1 passed, 0 failed", 0),
    (f'weir_counted some "$report" {write(TWO_PASS_ONE_FAILS)} 1', "2 passed, 1 failed", 1),
    # No report at all, an empty one, and a tool that dies after a good one.
    ('weir_counted some "$report" true', "0 passed, 1 failed", 1),
    (f'weir_counted some "$report" {write("<testsuites/>")}', "0 passed, 1 failed", 1),
    (f'weir_counted some "$report" {write(ONE_PASSES)} 3', "1 passed, 1 failed", 1),
    ('weir_built some no-such-preset || true', "0 passed, 1 failed", 1),
])
def test_counts(tmp_path, script, last_line, status):
    assert summary(tmp_path, script) == (last_line, status)


def test_what_sanitizers_say_into_logs_is_kept(tmp_path):
    (tmp_path / "t/test_a0").mkdir(parents=True)
    (tmp_path / "reports").mkdir()
    (tmp_path / "t/test_a0/sidecar.log").write_text("fine\na.cc:1:2: runtime error: load of misaligned address\n")
    (tmp_path / "t/test_a0/shop.log").write_text("fine\n")
    summary(tmp_path, f'weir_keep_reports "{tmp_path}/t" "{tmp_path}/reports"')
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["log-test_a0-sidecar.log"]


def test_unknown_stage_is_refused():
    done = subprocess.run([str(SOURCE / "test"), "--only", "nothing"], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "no such stage" in done.stderr
