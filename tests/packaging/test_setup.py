"""The set-up that ./run and ./test share: says what it does, does it once, and changes nothing else."""

import os
import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
BASICS = "awk bash cat chmod cmake dpkg dpkg-deb dpkg-query env grep head ln ls mkdir mktemp ninja nproc readlink rm sed tail tar true".split()


class Tree:
    """A small source tree with a space in its path, and a PATH of chosen programs."""

    def __init__(self, folder):
        self.root = folder / "a tree"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        (self.root / "packaging").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(SOURCE / "packaging/setup.sh", self.root / "packaging")
        for name in BASICS + ["c++", "cc"]:
            if shutil.which(name):
                (self.bin / name).symlink_to(shutil.which(name))
        self.program("id", "echo 0")
        self.packages("build | bash | command:bash | is there\n")

    def program(self, name, body):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!{shutil.which("bash")}\necho "{name} $*" >>"{self.calls}"\n{body}\n')
        path.chmod(0o755)

    def packages(self, lines):
        (self.root / "packaging/packages.txt").write_text("# a comment\n\n" + lines)

    def called(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def bash(self, script, status=0):
        """What the script says."""
        done = subprocess.run(
            ["bash", "-c", f'set -euo pipefail; weir_root="{self.root}"; . "$weir_root/packaging/setup.sh"\n{script}'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": str(self.bin), "HOME": str(self.root), "LANG": "C.UTF-8"},
        )
        assert done.returncode == status, done.stdout
        return done.stdout


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_nothing_is_said_and_called_when_all_is_there(tree):
    tree.program("apt-get", "exit 1")
    assert tree.bash("weir_install_packages build test") == ""
    assert not any(call.startswith("apt-get") for call in tree.called())


def test_root_installs_what_is_missing_and_says_why(tree):
    tree.packages("build | weir-none-a | command:weir-none-a | does this\n"
                  "test | weir-none-b/weir-none-c | package | does that\n"
                  "other | weir-none-d | package | is not asked for\n")
    tree.program("apt-get", "exit 0")
    tree.program("apt-cache", '[ "$2" = weir-none-b ] || echo "$2 | 1 | here"')
    said = tree.bash("weir_install_packages build test")
    assert "weir-none-a" in said and "does this" in said and "does that" in said
    apt = [call for call in tree.called() if call.startswith("apt-get")]
    assert len(apt) == 2 and apt[0].endswith("update -q")
    # The first alternative is not known here, so the second is taken.
    assert apt[1].endswith("install -q -y --no-install-recommends weir-none-a weir-none-c")


def test_without_root_and_sudo_the_command_is_named(tree):
    tree.packages("build | weir-none-a | command:weir-none-a | does this\n")
    tree.program("apt-get", "exit 1")
    tree.program("id", "echo 1000")
    said = tree.bash("weir_install_packages build", status=1)
    assert "no sudo" in said
    assert "apt-get update && apt-get install --no-install-recommends weir-none-a" in said
    assert not any(call.startswith("apt-get") for call in tree.called())


def test_sudo_is_used_when_not_root(tree):
    tree.packages("build | weir-none-a | command:weir-none-a | does this\n")
    tree.program("id", "echo 1000")
    tree.program("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    tree.program("apt-get", "exit 0")
    tree.program("apt-cache", 'echo "$2 | 1 | here"')
    tree.bash("weir_install_packages build")
    assert any(call.startswith("sudo -n env") and "install" in call for call in tree.called())


def test_a_package_that_the_distribution_lacks_is_named(tree):
    tree.packages("build | weir-none-a | command:weir-none-a | does this\n")
    tree.program("apt-get", "exit 0")
    tree.program("apt-cache", "exit 0")
    assert "apt knows no package weir-none-a, which does this" in tree.bash("weir_install_packages build", status=1)


def tool_package(tree, name):
    """A Debian package that holds one program, below the folder returned."""
    folder = tree.root.parent / f"package-{name}"
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: test\n"
    )
    (folder / "usr/sbin").mkdir(parents=True)
    program = folder / "usr/sbin" / name
    program.write_text("#!/bin/sh\necho served\n")
    program.chmod(0o755)
    deb = tree.root.parent / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(folder), str(deb)], check=True, stdout=subprocess.DEVNULL)
    return deb


def test_tools_are_fetched_once_and_unpacked_not_installed(tree):
    deb = tool_package(tree, "nats-server")
    (tree.bin / "cp").symlink_to(shutil.which("cp"))
    tree.program("apt-get", f'cp "{deb}" .')
    assert "not installed" in tree.bash("weir_fetch_tools nats-server")
    fetched = tree.root / "build/tools/bin/nats-server"
    assert subprocess.run([str(fetched)], stdout=subprocess.PIPE, text=True).stdout == "served\n"
    assert not os.path.isabs(os.readlink(fetched)), "the folder could not be moved"
    assert tree.bash("weir_fetch_tools nats-server") == ""
    assert len([call for call in tree.called() if call.startswith("apt-get")]) == 1


def test_a_tool_that_can_not_be_fetched_names_the_reason(tree):
    tree.program("apt-get", "echo no network; exit 100")
    said = tree.bash("weir_fetch_tools nats-server", status=1)
    assert "no network" in said and "cannot fetch nats-server" in said


def test_a_tool_on_the_path_serves_where_apt_has_none(tree):
    tree.program("apt-get", "exit 100")
    tree.program("nats-server", "echo from the path")
    assert "using" in tree.bash("weir_fetch_tools nats-server")
    assert os.readlink(tree.root / "build/tools/bin/nats-server") == str(tree.bin / "nats-server")


def small_project(tree):
    (tree.root / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(small NONE)\n"
        "file(GLOB found CONFIGURE_DEPENDS *.json)\n"  # as in the real tree: ninja looks again each time
        "add_custom_command(OUTPUT made COMMAND ${CMAKE_COMMAND} -E touch made)\n"
        "add_custom_target(all_of_it ALL DEPENDS made)\n"
    )
    shutil.copy(SOURCE / "CMakePresets.json", tree.root)


def test_a_second_build_is_silent(tree):
    small_project(tree)
    assert "building" in tree.bash("weir_build release")
    assert (tree.root / "build/release/made").exists()
    assert tree.bash("weir_build release") == ""


def test_a_build_folder_of_another_place_is_made_afresh(tree):
    small_project(tree)
    tree.bash("weir_build release")
    tree.root = pathlib.Path(shutil.move(tree.root, tree.root.parent / "another tree"))
    said = tree.bash("weir_build release")
    assert "was made for" in said and "afresh" in said
    assert f"{tree.root}" in (tree.root / "build/release/CMakeCache.txt").read_text()


def test_a_tree_that_can_not_be_configured_says_why(tree):
    small_project(tree)
    (tree.root / "CMakeLists.txt").write_text('cmake_minimum_required(VERSION 3.22)\nproject(small NONE)\nmessage(FATAL_ERROR "no such thing")\n')
    said = tree.bash("weir_build release", status=1)
    assert "no such thing" in said and "cannot configure the build (preset release" in said
