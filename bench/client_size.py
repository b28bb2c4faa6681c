#!/usr/bin/env python3
"""Row 17: what the client library brings into a program: its size, stripped, and the libraries that it needs.

usage: bench/client_size.py [--smoke]
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import tempfile

from support.measuring import report, require, settings

BYTES_MAX = 200_000
# nats.c, and what comes with any C++ program.
ALLOWED = re.compile(r"(libnats|libstdc\+\+|libm|libgcc_s|libc|ld-linux[-\w]*)\.so(\.\d+)*")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--smoke", action="store_true", help="the same: it takes no time")
    options.parse_args()
    built = settings.BIN_DIR.parent / "lib" / "libweir_client.so"
    require(built.is_file(), f"cannot find {built}: build weir_client")
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        stripped = shutil.copy(built, pathlib.Path(folder) / built.name)
        output_of("strip", stripped)
        size = stripped.stat().st_size
        needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "-d", stripped))
        symbols = output_of("nm", "-D", "--defined-only", "-C", stripped)
    require("weir::NatsPublisher::NatsPublisher" in symbols, "the library does not export its publisher")
    foreign = [name for name in needed if not ALLOWED.fullmatch(name)]
    require(needed and not foreign, f"the library needs {foreign or 'nothing'}")
    report("17", "libweir_client.so, stripped", "bytes", [size], "<= 200 kB, and nats.c and the C++ runtime alone", size,
           "it needs " + ", ".join(needed), at_most=BYTES_MAX, profile={"needed": needed})


if __name__ == "__main__":
    main()
