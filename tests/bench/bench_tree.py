"""A tree with the real bench/run and bench/compare, and with programs that print what a test says."""

import json
import pathlib
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LINE = {"row": "6", "what": "merge", "unit": "ns", "weir": {"median": 2.5, "low": 2, "high": 3},
        "peer": {"name": "other 1.0", "median": 30, "low": 29, "high": 31}, "target": "<= 6 ns", "value": 2.5,
        "bound": {"at_most": 6}, "met": True, "check": "1000 samples", "profile": None}
MISSED = {**LINE, "value": 7, "met": False}

# In place of the real one: what is built is what stands in the tree, ready.
SETUP = """
weir_build() {
  mkdir -p "$weir_root/build/release/bin"
  shift
  for target in "$@"; do cp "$weir_root/$target.built" "$weir_root/build/release/bin/$target"; done
}
"""


class Tree:
    def __init__(self, root):
        self.root, self.rows = root, []
        for folder in ("bench", "docs", "packaging"):
            (root / folder).mkdir()
        for name in ("run", "compare", "curve.py"):
            shutil.copy(SOURCE / "bench" / name, root / "bench")
        shutil.copytree(SOURCE / "bench" / "support", root / "bench" / "support")
        shutil.copytree(SOURCE / "tests" / "harness", root / "tests" / "harness")
        (root / "packaging" / "setup.sh").write_text(SETUP)
        self.readme = root / "bench" / "README.md"
        self.readme.write_text("before\n<!-- table -->\nold\n<!-- end -->\nafter\n")

    def _write(self, path, lines, then):
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text(f"#!{sys.executable}\nimport sys\nfor text in {texts!r}:\n    print(text)\n{then}\n")
        path.chmod(0o755)

    def _list(self, rows, name):
        self.rows.append(f"{rows} | {name}\n")
        (self.root / "bench" / "rows.txt").write_text("# comment\n" + "".join(self.rows))

    def add(self, rows, name, *lines, then=""):
        """A program of Python."""
        self._write(self.root / "bench" / name, lines, then)
        self._list(rows, name)

    def add_built(self, rows, name, *lines, then=""):
        """A program that weir_build makes, known to CMake."""
        self._write(self.root / f"{name}.built", lines, then)
        with (self.root / "bench" / "CMakeLists.txt").open("a") as listed:
            listed.write(f"weir_bench({name} SOURCES {name}.cc)\n")
        self._list(rows, name)

    def call(self, program, *arguments, status=0):
        """What it says, on both streams."""
        done = subprocess.run([self.root / "bench" / program, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        assert done.returncode == status, done.stdout
        return done.stdout

    def run(self, *arguments, status=0):
        return self.call("run", "--no-build", *arguments, status=status)

    def kept(self, name):
        return self.root / "build" / "bench" / f"{name}.jsonl"

    def git(self, *arguments):
        return subprocess.run(["git", "-C", self.root, "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments],
                              check=True, capture_output=True, text=True).stdout

    def commit(self):
        if not (self.root / ".git").exists():
            self.git("init", "-q")
            (self.root / ".gitignore").write_text("/build/\n__pycache__/\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "test")
