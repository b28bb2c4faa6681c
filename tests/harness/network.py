"""Two network namespaces and a cable between them, which can be cut. Needs root.

One holds nats-server, the sidecar and the test itself (its main thread moves there), the other the publishers.
"""

import ctypes
import os
import subprocess

from harness.process import begin_as_usual

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
HERE_ADDRESS, THERE_ADDRESS = "10.113.7.1", "10.113.7.2"


def _set_network(descriptor):
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


class TwoNetworks:
    def __init__(self):
        self._holders = []
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            here, there = self._make(), self._make()
            self.there = there
            self._in(here, "link", "set", "lo", "up")
            self._in(there, "link", "set", "lo", "up")
            self._in(here, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(there))
            self._in(here, "address", "add", f"{HERE_ADDRESS}/24", "dev", "cable")
            self._in(there, "address", "add", f"{THERE_ADDRESS}/24", "dev", "cable")
            self._in(here, "link", "set", "cable", "up")
            self._in(there, "link", "set", "cable", "up")
            self._here = here
            namespace = os.open(f"/proc/{here}/ns/net", os.O_RDONLY)
            _set_network(namespace)
            os.close(namespace)
        except Exception:
            self.close()
            raise

    def _make(self):
        """A process that holds a namespace of its own; its id."""
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 3600"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, preexec_fn=begin_as_usual, start_new_session=True)
        self._holders.append(holder)
        said = holder.stdout.readline()
        assert said == b"\n", f"cannot make a network namespace (this test needs root): {said.decode().strip()}"
        return holder.pid

    def _in(self, pid, *arguments):
        done = subprocess.run(["nsenter", "--target", str(pid), "--net", "ip", *arguments], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, f"ip {' '.join(arguments)} (this test needs root): {done.stderr.strip()}"

    def prefix_there(self):
        """What a command begins with that is to run on the other side."""
        return ["nsenter", "--target", str(self.there), "--net"]

    def cut(self):
        self._in(self._here, "link", "set", "cable", "down")

    def mend(self):
        self._in(self._here, "link", "set", "cable", "up")

    def close(self):
        """Namespaces end with the processes that hold them."""
        _set_network(self._home)
        os.close(self._home)
        for holder in self._holders:
            holder.kill()
            holder.wait()
            holder.stdout.close()
