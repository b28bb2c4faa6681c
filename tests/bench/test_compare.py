"""bench/compare: what got slower beyond the spread is said; the other revision leaves nothing behind."""

import sys

import pytest
from bench_tree import LINE, SOURCE, Tree

sys.path.insert(0, str(SOURCE / "bench"))

from support.results import verdict  # noqa: E402


def taking(nanoseconds):
    return {**LINE, "weir": {"median": nanoseconds, "low": nanoseconds, "high": nanoseconds}}


@pytest.fixture
def tree(tmp_path):
    made = Tree(tmp_path)
    made.add("7", "server.py", {**LINE, "row": "7"})
    made.add_built("6", "bench_merge", taking(2.0))
    made.commit()
    return made


@pytest.mark.parametrize("old, new, lower_is_better, said", [
    ([10, 11, 12], [12, 13, 14], True, ""),
    ([10, 11, 12], [10.5], True, ""),
    ([10, 11, 12], [12.1, 13], True, "SLOWER"),
    ([10, 11, 12], [8, 9.9], True, "faster"),
    ([10, 11, 12], [12.1, 13], False, "faster"),
    ([10, 11, 12], [8, 9.9], False, "SLOWER"),
])
def test_a_change_counts_where_the_rounds_do_not_overlap(old, new, lower_is_better, said):
    assert verdict(old, new, lower_is_better) == said


def test_what_got_slower_is_said_and_the_worktree_is_gone(tree):
    tree.add_built("6", "bench_merge", taking(3.0))
    said = tree.call("compare", "HEAD", "--rounds", "2")
    assert "+50.0%  SLOWER" in said and "2 (2 - 2) ns  3 (3 - 3) ns" in said
    assert "server.py" not in said
    assert len(tree.git("worktree", "list").splitlines()) == 1
    assert not list((tree.root / "build" / "compare").iterdir())
    tree.call("compare", "HEAD", "--rounds", "2", "--strict", status=1)


def test_what_did_not_change_is_no_error(tree):
    said = tree.call("compare", "HEAD", "--rounds", "2", "--strict")
    assert "+0.0%" in said and "SLOWER" not in said


def test_a_program_that_the_other_revision_lacks_is_left_out(tree):
    tree.add_built("2", "bench_new", {**LINE, "row": "2"})
    said = tree.call("compare", "HEAD", "--rounds", "1")
    assert "bench_new (row 2): not in" in said and "bench_merge (row 6): round 1" in said


def test_a_program_that_fails_is_an_error(tree):
    tree.add_built("6", "bench_merge", then="sys.exit('the sums differ')")
    assert "the sums differ" in tree.call("compare", "HEAD", "--rounds", "2", status=1)
    assert len(tree.git("worktree", "list").splitlines()) == 1


def test_what_git_does_not_know_is_refused(tree):
    assert "git knows no revision nothing" in tree.call("compare", "nothing", status=1)
