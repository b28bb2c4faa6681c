"""One child process: started by us, killed by us, its output kept for the report of a failed test."""

import ctypes
import os
import signal
import subprocess

from harness.settings import TIME_SCALE
from harness.waiting import wait_until

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def begin_as_usual():
    # A shell ignores these for what it runs in the background, and that is inherited.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def clean_environment(extra=None):
    """Ours without what the user's shell says about Weir."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    kept.pop("XDG_RUNTIME_DIR", None)
    kept.update(extra or {})
    return kept


class Process:
    """Owns the child and its session; `close` ends whatever is left of both."""

    def __init__(self, name, arguments, log_path, env=None, cwd=None, stdin=None, stdout=None):
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = log_path
        with open(log_path, "ab") as log:
            log.write(f"---- {' '.join(self.arguments)}\n".encode())
            log.flush()
            # A session of its own: Ctrl-C reaches us alone, and we end what the child started too.
            self.child = subprocess.Popen(
                self.arguments, env=clean_environment(env), cwd=cwd, stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or log, stderr=log, start_new_session=True, preexec_fn=begin_as_usual)
        self.pid = self.child.pid

    @property
    def running(self):
        return self.child.poll() is None

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=10.0):
        """The exit code; negative: the signal that ended it."""
        try:
            return self.child.wait(seconds * TIME_SCALE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} (pid {self.pid}) still runs after {seconds * TIME_SCALE:.1f} s") from None

    def terminate(self, seconds=10.0):
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def close(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            if stream:
                stream.close()


def pid_runs(pid):
    """Whether a process of that id runs: a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b") ")[2][:1] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid):
    """The living children of a process, as {pid: command name}."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                head, _, tail = stat.read().rpartition(b") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = tail.split()[:2]
        if int(parent) == pid and state not in (b"Z", b"X"):
            found[int(entry)] = head.partition(b" (")[2].decode()
    return found


def run(arguments, env=None, cwd=None, seconds=20.0, input_text=None):
    """Runs a program to its end. The result has returncode, stdout and stderr."""
    return subprocess.run([str(a) for a in arguments], env=clean_environment(env), cwd=cwd, input=input_text,
                          capture_output=True, text=True, timeout=seconds * TIME_SCALE, check=False)


def wait_for_end(pid, seconds=10.0):
    wait_until(lambda: not pid_runs(pid), seconds, f"the end of process {pid}")
