"""A project outside of this tree uses Weir in each of the three ways that the documentation names."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BIN_DIR", SOURCE / "build/release/bin")).parent


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


def cmake(project, folder, *arguments):
    # What a strict consumer compiles with must not fail on our headers.
    run("cmake", "-G", "Ninja", "-S", HERE / project, "-B", folder,
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wno-missing-field-initializers -Werror=shadow",
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *arguments)
    run("cmake", "--build", folder)


def check_text(text):
    assert "# HELP calls_total Calls of the consumer.\n# TYPE calls_total counter\n" in text
    assert 'calls_total{from="outside"} 3\n' in text
    assert 'call_seconds_bucket{le="+Inf"} 1\n' in text
    for line in ["level{%s} 2.5", "joules_total{%s} 0.5", "read_total{%s} 7", "read_seconds_total{%s} 7.5"]:
        assert "part_" + line % 'side="left"' + "\n" in text


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installation in a path with a space, moved once it stands: nothing in it may name where it was."""
    folder = tmp_path_factory.mktemp("install")
    run("cmake", "--install", BUILD, "--prefix", folder / "first place")
    return pathlib.Path(shutil.move(folder / "first place", folder / "second place"))


def library_dir(prefix):
    found = list(prefix.glob("lib*/**/libweir_client.so"))
    assert len(found) == 1
    return found[0].parent


def test_find_package(prefix, tmp_path):
    cmake("find_package", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={prefix}")
    check_text(run(tmp_path / "b/consumer"))


def test_add_subdirectory(tmp_path):
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    cmake("add_subdirectory", tmp_path / "b", f"-DWEIR_SOURCE={SOURCE}", *launcher)
    check_text(run(tmp_path / "b/consumer"))
    # A newer compiler's new warning must not break our users' builds.
    commands = (tmp_path / "b/compile_commands.json").read_text()
    assert "client_lib/src" in commands
    assert not re.search(r"-Werror(?!=shadow)", commands)
    assert not (tmp_path / "b/weir/cmake_install.cmake").read_text().count("libweir_client")


def test_pkg_config(prefix, tmp_path):
    environment = dict(os.environ, PKG_CONFIG_PATH=str(library_dir(prefix) / "pkgconfig"))
    # eval, because the flags may hold an escaped space.
    compile_it = 'eval "c++ -std=c++20 consumer.cc $(pkg-config --cflags --libs weir-client) -o consumer"'
    shutil.copy(HERE / "consumer.cc", tmp_path)
    run("bash", "-c", compile_it, cwd=tmp_path, env=environment)
    check_text(run(tmp_path / "consumer", env=dict(os.environ, LD_LIBRARY_PATH=str(library_dir(prefix)))))
    version = run("pkg-config", "--modversion", "weir-client", env=environment).strip()
    assert f'#define WEIR_VERSION "{version}"' in (prefix / "include/weir/version.h").read_text()


@pytest.mark.parametrize("program", ["weir-sidecar", "weir-collector", "weirctl"])
def test_installed_programs_find_the_library(prefix, program):
    assert re.search(r"\d+\.\d+\.\d+", run(prefix / "bin" / program, "--version"))
    dynamic = run("readelf", "-d", prefix / "bin" / program)
    assert str(SOURCE) not in dynamic


def test_headers_are_complete_and_no_others(prefix):
    installed = {path.name for path in (prefix / "include/weir").iterdir()}
    own = {path.name for path in (SOURCE / "client_lib/include/weir").glob("*.h")}
    assert installed == own | {"version.h"}


def test_library_needs_only_the_nats_client_and_the_cpp_runtime(prefix):
    dynamic = run("readelf", "-d", library_dir(prefix) / "libweir_client.so")
    needed = {name.split(".so")[0] for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic)}
    assert needed <= {"libnats", "libstdc++", "libm", "libgcc_s", "libc", "ld-linux-x86-64", "ld-linux-aarch64"}
    assert "RUNPATH" not in dynamic or str(SOURCE) not in dynamic
