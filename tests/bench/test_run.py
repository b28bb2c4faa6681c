"""bench/run: a program that fails, prints rubbish or is not there is never a success; a missed target is one."""

import json
import re

import pytest
from bench_tree import LINE, MISSED, SOURCE, Tree

EXPECTED_ROWS = re.search(r"EXPECTED_ROWS = \((.*)\)", (SOURCE / "bench" / "run").read_text())[1]
ALL_ROWS = re.findall(r'"(\w+)"', EXPECTED_ROWS)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.mark.parametrize("mode", [[], ["--smoke"]])
def test_a_program_that_works_is_a_success(tree, mode):
    tree.add("6", "works.py", LINE)
    tree.run(*mode, "6")


@pytest.mark.parametrize("mode", [[], ["--smoke"]])
@pytest.mark.parametrize("lines, then, said", [
    ([LINE], "sys.exit('the sums differ')", "ended with 1: the sums differ"),
    (["6 ns"], "", "not JSON"),
    (["[]"], "", "not an object"),
    ([], "", "no line for row 6"),
    ([LINE, {**LINE, "row": "7"}], "", "lines of row 7"),
    ([{**LINE, "check": ""}], "", "check is no text"),
    ([{**LINE, "weir": {"median": 4, "low": 2, "high": 3}}], "", "not between low and high"),
    ([{**LINE, "weir": None}], "", "weir has no median"),
    ([{**LINE, "peer": {"median": 1, "low": 1, "high": 1}}], "", "the peer has no name"),
    ([{**LINE, "value": float("nan")}], "", "value is no number"),
    ([{**LINE, "bound": {}}], "", "bound is neither"),
    ([{**LINE, "value": 7}], "", "met is True"),
])
def test_what_is_wrong_is_said_and_is_an_error(tree, mode, lines, then, said):
    tree.add("6", "wrong.py", *lines, then=then)
    assert said in tree.run(*mode, "6", status=1)
    assert not tree.kept("wrong.py").exists()


def test_a_program_that_is_not_there_is_an_error(tree):
    tree.add("6", "gone.py", LINE)
    (tree.root / "bench" / "gone.py").unlink()
    assert "cannot start gone.py" in tree.run("--smoke", "6", status=1)


def test_a_row_without_a_program_is_an_error(tree):
    tree.add(" ".join(ALL_ROWS), "all.py", *({**LINE, "row": row} for row in ALL_ROWS))
    tree.run("--smoke")
    tree.rows.clear()
    tree.add(" ".join(ALL_ROWS[1:]), "all.py", *({**LINE, "row": row} for row in ALL_ROWS[1:]))
    assert "without a program in bench/rows.txt: row 1\n" in tree.run("--smoke", status=1)
    assert "no program measures row 1 " in tree.run("--smoke", "1", status=1)


def test_smoke_writes_nothing(tree):
    tree.add("6", "works.py", LINE)
    tree.run("--smoke", "6")
    assert not tree.kept("works.py").exists() and "\nold\n" in tree.readme.read_text()


def test_a_program_of_several_rows_runs_once(tree):
    tree.add("6", "both.py", LINE, {**LINE, "row": "7"}, then="print('ran', file=sys.stderr)")
    tree.add("7", "both.py", LINE, {**LINE, "row": "7"}, then="print('ran', file=sys.stderr)")
    assert tree.run("6", "7").count("] ran\n") == 1


def test_a_missed_target_is_an_error_only_with_strict(tree):
    tree.add("6", "slow.py", LINE, MISSED)
    assert "1 lines missed" in tree.run("6")
    tree.run("--strict", "6", status=1)


def test_lines_are_kept_as_they_were_printed(tree):
    tree.add("6", "works.py", LINE, MISSED)
    tree.run("6")
    assert [json.loads(text) for text in tree.kept("works.py").read_text().splitlines()] == [LINE, MISSED]


def test_the_table_is_written_by_a_full_run_or_when_asked(tree):
    tree.add("6", "works.py", LINE)
    tree.add("8", "fails.py", then="sys.exit('no server')")
    tree.run("6")
    assert "\nold\n" in tree.readme.read_text()
    tree.run("6", "--write")
    text = tree.readme.read_text()
    assert text.startswith("before\n<!-- table -->\n") and text.endswith("<!-- end -->\nafter\n")
    assert "\nold\n" not in text
    assert "| 6 | merge | 2.5 (2 - 3) ns | other 1.0: 30 (29 - 31) | 2.5, at most 6 | <= 6 ns | met |" in text
    assert "| 8 | fails.py | not measured |" in text and "Commit " in text and "Machine: " in text
    tree.run(status=1)
    assert "| 8 | fails.py | failed: ended with 1: no server |" in tree.readme.read_text()


def test_points_of_curves_are_counted_and_shown_where_they_miss(tree):
    place = {"curve": "merge of a sample", "axis": "series", "x": 10, "cost": 2.5, "cost_unit": "ns"}
    point, flat = {"row": "18", "profile": place}, {**LINE, "row": "18", "what": "flat"}
    tree.add("18", "scale.py", {**LINE, **point}, {**MISSED, **point, "what": "too slow"}, flat)
    tree.run("18", "--write")
    text = tree.readme.read_text()
    assert "2 points of curves, 1 of which meet" in text and "| too slow |" in text and "| flat |" in text
    assert "| merge |" not in text
    assert "Merging a sample" in (tree.root / "docs" / "performance.svg").read_text()
