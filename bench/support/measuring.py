"""What the Python benchmarks share: the processes of one run, their CPU and memory, and the lines they print."""

import contextlib
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))

from harness import settings  # noqa: E402
from harness.http import get as http_get  # noqa: E402,F401
from harness.process import Process, run  # noqa: E402,F401
from harness.programs import NODE, Obedient, as_flags  # noqa: E402
from harness.servers import free_port  # noqa: E402,F401
from harness.stack import Stack  # noqa: E402
from harness.waiting import wait_until  # noqa: E402,F401

SMOKE = "--smoke" in sys.argv[1:]
PATIENCE_SECONDS = 600.0


def progress(text):
    print(text, file=sys.stderr, flush=True)


# ---- what is printed ------------------------------------------------------------------------------

def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def report(row, what, unit, weir, target, value, check, peer=None, at_most=None, at_least=None, profile=None):
    """One line for bench/run. `weir` and `peer[1]` are the values of the rounds; `peer[0]` is a name with its version."""
    bound = {"at_most": at_most} if at_most is not None else {"at_least": at_least}
    met = value <= at_most if at_most is not None else value >= at_least
    line = {"row": row, "what": what, "unit": unit, "weir": spread(weir),
            "peer": {"name": peer[0], **spread(peer[1])} if peer else None,
            "target": target, "value": value, "bound": bound, "met": met, "check": check}
    if profile is not None:
        line["profile"] = profile
    print(json.dumps(line), flush=True)
    progress(f"  row {row}: {what}: {spread(weir)['median']:.4g} {unit}"
             + (f", {peer[0]}: {spread(peer[1])['median']:.4g}" if peer else "")
             + f"; {value:.4g}, target {target}: {'met' if met else 'MISSED'}")
    return line


def require(condition, text):
    """A check of what was measured: without it the figure means nothing."""
    if not condition:
        raise SystemExit(f"{pathlib.Path(sys.argv[0]).name}: the check failed: {text}")


# ---- processes ------------------------------------------------------------------------------------

@contextlib.contextmanager
def new_stack():
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        stack = Stack(pathlib.Path(folder))
        try:
            yield stack
        finally:
            stack.close()


class Worker(Obedient):
    """One of our bench programs that takes commands."""

    def __init__(self, stack, program, **options):
        name = f"{program}-{len(stack.processes)}"
        self.program = program
        super().__init__(name, [settings.program(program), *as_flags(
            {key.replace("_", "-"): value for key, value in options.items() if value is not False})],
            stack.folder / f"{name}.log")
        stack.processes.append(self)

    def ask(self, line):
        self.send(line)
        return self.answer_to(line)

    def answer_to(self, line):
        answer = self.answer(PATIENCE_SECONDS)
        require(answer.get("ok"), f"{self.program}: {line}: {answer.get('error')}")
        return answer


def feed(stack, nats, node=NODE, **options):
    return Worker(stack, "bench_feed", port=nats.port, node=node, **options)


def exposer(stack, **options):
    return Worker(stack, "bench_exposer", **options)


def scrape_client(stack, port, **options):
    return Worker(stack, "bench_scrape_client", port=port, **options)


def server(stack, name, command):
    """A foreign server, ended with the stack; its log is in the folder of the stack."""
    process = Process(name, command, stack.folder / f"{name}.log")
    stack.processes.append(process)
    return process


# ---- CPU and memory of a process ------------------------------------------------------------------

def cpu_seconds(pid):
    """User and system time of all its threads, in nanoseconds' steps: the kernel's CPU clock of a process."""
    return time.clock_gettime(~pid << 3 | 2)


def status_bytes(pid, field):
    """VmRSS, VmHWM of /proc/PID/status."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


# ---- what the sidecar says of itself ---------------------------------------------------------------

LOST = ("weir_sidecar_frames_refused_total", "weir_sidecar_samples_refused_total", "weir_sidecar_frames_shed_total",
        "weir_sidecar_gaps_total")
MERGED = "weir_sidecar_samples_total"


def own_metrics(sidecar):
    """Sums over the labels of LOST and MERGED, without rendering the series of the benchmark."""
    text = sidecar.metrics_body("?" + "&".join(f"name[]={name}" for name in (*LOST, MERGED))).decode()
    values = dict.fromkeys((*LOST, MERGED), 0)
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            values[name.partition("{")[0]] += float(value)
    return values


def require_nothing_lost(sidecar, nats=None):
    lost = {name: value for name, value in own_metrics(sidecar).items() if name in LOST and value}
    require(not lost, f"frames were lost: {lost}")
    if nats is not None:
        require(nats.slow_consumers() == 0, "the NATS server has cut a slow consumer")


# ---- versions of the peers --------------------------------------------------------------------------

def package_version(package):
    """Of Debian's package; the peers are theirs."""
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "of an unknown version"


def prometheus_cpp():
    return "prometheus-cpp " + package_version("prometheus-cpp-dev").partition("-")[0] + " Exposer"


def tool_version(tool):
    """What the program itself says."""
    said = subprocess.run([settings.tool(tool), "--version"], capture_output=True, text=True, check=False)
    return f"{tool} " + re.search(r"v?(\d+\.\d+\.\d+)", said.stdout + said.stderr)[1]
