"""Where the programs are, and how patient to be. WEIR_BIN_DIR, WEIR_TOOLS_DIR, WEIR_TEST_TIME_SCALE."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN_DIR = pathlib.Path(os.environ.get("WEIR_BIN_DIR") or ROOT / "build" / "release" / "bin")
TOOLS_DIR = pathlib.Path(os.environ.get("WEIR_TOOLS_DIR") or ROOT / "build" / "tools")

# Sanitizers slow programs down: deadlines grow, intervals do not.
_SCALE_OF_PRESET = {"asan": 3.0, "tsan": 6.0}
PRESET = os.environ.get("WEIR_PRESET", "release")
TIME_SCALE = float(os.environ.get("WEIR_TEST_TIME_SCALE") or _SCALE_OF_PRESET.get(PRESET, 1.0))

# The golden list is written anew instead of compared.
REWRITE_GOLDEN = bool(os.environ.get("WEIR_TEST_REWRITE_GOLDEN"))


def program(name):
    """The path of one of ours; a test without its program fails, it is never skipped."""
    path = BIN_DIR / name
    assert path.is_file(), f"cannot find {path}: build it, or set WEIR_BIN_DIR"
    return str(path)


def tool(name):
    """The path of a foreign server, found by walking WEIR_TOOLS_DIR, else PATH."""
    for folder, _, files in sorted(os.walk(TOOLS_DIR)):
        path = os.path.join(folder, name)
        if name in files and os.access(path, os.X_OK) and "init.d" not in folder:
            return path
    for folder in os.environ.get("PATH", "").split(os.pathsep) + ["/usr/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise AssertionError(f"cannot find {name} below {TOOLS_DIR} or in PATH: run ./test, or set WEIR_TOOLS_DIR")
