"""A small disk of the test's own, which can be full; and bytes that rot. Needs root."""

import errno
import subprocess


class SmallDisk:
    def __init__(self, path, kib):
        path.mkdir()
        self.path = path
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "weir-test", path], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, f"cannot mount a small disk (this test needs root): {done.stderr.strip()}"

    def fill(self):
        with open(self.path / "ballast", "ab", buffering=0) as ballast:
            for block in (4096, 1):
                try:
                    while True:
                        ballast.write(bytes(block))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def free(self):
        (self.path / "ballast").unlink()

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=False)


def flip_bytes(path, random, count=8):
    """Turns bytes over, somewhere behind the file's beginning."""
    content = bytearray(path.read_bytes())
    assert content, f"{path} is empty"
    for _ in range(count):
        content[random.randrange(len(content) // 4, len(content))] ^= 0xFF
    path.write_bytes(content)
