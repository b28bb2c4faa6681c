"""What bench/run and bench/compare share: which programs there are, one run of a program, and the lines it prints."""

import json
import math
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from harness.process import begin_as_usual, clean_environment  # noqa: E402

TEXTS = ("row", "what", "unit", "target", "check")
SPREAD = ("median", "low", "high")
ENDING_SECONDS = 10


class Program:
    """A line of bench/rows.txt, in the tree at `root`."""

    def __init__(self, root, name, rows):
        self.root, self.name, self.rows = root, name, rows

    @property
    def in_process(self):
        """It needs no server beside it."""
        return self.name.startswith("bench_")

    @property
    def path(self):
        folder = self.root / "build" / "release" / "bin" if self.in_process else self.root / "bench"
        return folder / self.name

    def __str__(self):
        return f"{self.name} (row {' '.join(self.rows)})"


def read_programs(root):
    """In the order of the file; a program that stands there twice has the rows of both lines."""
    programs = {}
    for text in (root / "bench" / "rows.txt").read_text().splitlines():
        if text.strip() and not text.startswith("#"):
            rows, _, name = text.partition("|")
            program = programs.setdefault(name.strip(), Program(root, name.strip(), []))
            program.rows += [row for row in rows.split() if row not in program.rows]
    return list(programs.values())


def chosen_programs(programs, rows):
    """Those of the rows named; raises ValueError for a row without any."""
    unknown = [row for row in rows if not any(row in program.rows for program in programs)]
    if unknown:
        raise ValueError(f"no program measures row {', '.join(unknown)} (bench/rows.txt)")
    return [program for program in programs if not rows or set(rows) & set(program.rows)]


# ---- lines ----------------------------------------------------------------------------------------

def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _spread_fault(name, spread):
    if not isinstance(spread, dict) or not all(_number(spread.get(key)) for key in SPREAD):
        return f"{name} has no median, low and high"
    if not spread["low"] <= spread["median"] <= spread["high"]:
        return f"{name}: the median is not between low and high"
    return None


def _fault_of(line):
    """What is wrong with it, in words; None: nothing."""
    if not isinstance(line, dict):
        return "not an object"
    for key in TEXTS:
        if not isinstance(line.get(key), str) or not line[key]:
            return f"{key} is no text"
    fault = _spread_fault("weir", line.get("weir"))
    if fault is None and line.get("peer") is not None:
        fault = _spread_fault("peer", line["peer"])
        if fault is None and not (isinstance(line["peer"].get("name"), str) and line["peer"]["name"]):
            fault = "the peer has no name"
    if fault is not None:
        return fault
    if not _number(line.get("value")):
        return "value is no number"
    bound = line.get("bound")
    if not isinstance(bound, dict) or len(bound) != 1 or not all(
            kind in ("at_most", "at_least") and _number(limit) for kind, limit in bound.items()):
        return "bound is neither at_most nor at_least"
    if line.get("met") is not is_met(line):
        return f"met is {line.get('met')}, and {line['value']} {bound} says otherwise"
    return None


def is_met(line):
    if "at_most" in line["bound"]:
        return line["value"] <= line["bound"]["at_most"]
    return line["value"] >= line["bound"]["at_least"]


def parse_line(text):
    """One line of a program; raises ValueError."""
    try:
        line = json.loads(text)
    except ValueError as broken:
        raise ValueError(f"not JSON ({broken}): {text[:120]}") from None
    fault = _fault_of(line)
    if fault:
        raise ValueError(f"{fault}: {text[:120]}")
    return line


# ---- one run ----------------------------------------------------------------------------------------

class Run:
    """What one run of a program gave: its lines as text and parsed, how long it took, and what was wrong, if any."""

    def __init__(self):
        self.texts, self.lines, self.seconds, self.fault, self.errors = [], [], 0.0, None, ""


_children = set()  # those that run


def end_children():
    """Of all threads: for whoever is told to stop."""
    for child in list(_children):
        _end(child)


def _end(child):
    """With Ctrl-C, upon which our programs end what they started; then by force."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            pass
        return


def run_program(program, arguments, seconds_max, on_line=None, on_progress=None, environment=None):
    """Runs it once to its end. `on_line` gets each line as it comes, `on_progress` each text of its stderr."""
    done, begun = Run(), time.monotonic()
    try:
        child = subprocess.Popen([str(program.path), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
                                 env=clean_environment(environment), preexec_fn=begin_as_usual)
    except OSError as error:
        done.fault = f"cannot start {program.path.name}: {error.strerror}"
        return done
    late = threading.Event()
    alarm = threading.Timer(seconds_max, lambda: (late.set(), _end(child)))
    errors = []

    def listen():
        for text in child.stderr:
            errors.append(text)
            if on_progress:
                on_progress(text.rstrip("\n"))

    _children.add(child)
    listener = threading.Thread(target=listen, daemon=True)
    alarm.start()
    listener.start()
    try:
        for text in child.stdout:
            try:
                line = parse_line(text)
            except ValueError as broken:
                done.fault = done.fault or f"printed a broken line: {broken}"
                continue
            done.texts.append(text.rstrip("\n"))
            done.lines.append(line)
            if on_line:
                on_line(line)
        child.wait()
    finally:
        alarm.cancel()
        if child.poll() is None:
            _end(child)
        _children.discard(child)
        listener.join(ENDING_SECONDS)
        child.stdout.close()
    done.seconds, done.errors = time.monotonic() - begun, "".join(errors)
    if late.is_set():
        done.fault = f"still ran after {seconds_max:g} s"
    elif child.returncode != 0:
        last = done.errors.strip().splitlines()[-1:] or ["it said nothing"]
        done.fault = f"ended with {child.returncode}: {last[0]}"
    printed = {line["row"] for line in done.lines}
    missing = [row for row in program.rows if row not in printed]
    foreign = sorted(printed - set(program.rows))
    if done.fault is None and missing:
        done.fault = f"printed no line for row {', '.join(missing)}"
    if done.fault is None and foreign:
        done.fault = f"printed lines of row {', '.join(foreign)}, which bench/rows.txt does not give it"
    return done


# ---- words ------------------------------------------------------------------------------------------

def short(number):
    """Four digits that matter: 12.34, 45.1 M."""
    if abs(number) >= 1e6:
        return f"{number / 1e6:.4g} M"
    return f"{number:,.0f}" if abs(number) >= 1e4 else f"{number:.4g}"


def spread_words(spread):
    if spread["low"] == spread["high"]:
        return short(spread["median"])
    return f"{short(spread['median'])} ({short(spread['low'])} - {short(spread['high'])})"


def bound_words(line):
    """What counts, and against what."""
    limit = line["bound"].get("at_most", line["bound"].get("at_least"))
    return f"{short(line['value'])}, {'at most' if 'at_most' in line['bound'] else 'at least'} {short(limit)}"


def met_word(line):
    return "met" if line["met"] else "MISSED"


def verdict(old, new, lower_is_better):
    """Of the medians of two builds' rounds: `slower`, `faster`, or nothing while they overlap."""
    if max(old) >= min(new) and max(new) >= min(old):
        return ""
    return "faster" if (statistics.median(new) < statistics.median(old)) == lower_is_better else "SLOWER"


def set_up(root, *commands):
    """Runs functions of packaging/setup.sh of the tree at `root`; raises CalledProcessError."""
    script = 'set -euo pipefail; weir_root="$1"; . "$1/packaging/setup.sh"; cd "$1"; ' + "; ".join(
        commands)
    subprocess.run(["bash", "-c", script, "bash", str(root)], check=True, stdout=sys.stderr)


def git(root, *arguments):
    """What git says, without the last newline; None where there is no repository."""
    done = subprocess.run(["git", "-C", str(root), "-c", f"safe.directory={root}", *arguments], capture_output=True,
                          text=True, check=False)
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def cache_value(root, name):
    """Of CMake's cache of the release build; empty: none."""
    cache = root / "build" / "release" / "CMakeCache.txt"
    found = re.search(rf"^{name}:\w+=(.*)$", cache.read_text(), re.MULTILINE) if cache.is_file() else None
    return found[1] if found else ""
