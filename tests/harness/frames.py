"""Real frames, captured from NATS, and what a hostile or broken publisher could make of them.

Strings and ids stand in a FlatBuffers buffer as they are: replacing bytes by as many others keeps it well formed.
"""

import os
import struct

from harness.waiting import wait_until

KIND_DELTA, KIND_KEYFRAME = "delta", "keyframe"


class Captured:
    """One frame with the subject it came on."""

    def __init__(self, message):
        self.subject = message.subject
        self.data = message.data
        self.instance = message.subject.rsplit(".", 1)[1]

    def instance_bytes(self, instance=None):
        """InstanceId is a struct of two little-endian words, high and low; the text is high, then low."""
        text = instance or self.instance
        return struct.pack("<QQ", int(text[:16], 16), int(text[16:], 16))

    def of_new_instance(self):
        """The same frame as if another instance had sent it: subject and content agree."""
        fresh = os.urandom(16).hex()
        assert self.data.count(self.instance_bytes()) == 1
        made = Captured.__new__(Captured)
        made.instance = fresh
        made.subject = self.subject.rsplit(".", 1)[0] + "." + fresh
        made.data = self.data.replace(self.instance_bytes(), self.instance_bytes(fresh))
        return made

    def replaced(self, old, new):
        assert len(old) == len(new) and old in self.data, (old, new)
        made = Captured.__new__(Captured)
        made.subject, made.instance = self.subject, self.instance
        made.data = self.data.replace(old, new)
        return made


def capture_keyframe(nats, stack, commands, service="victim", flags=()):
    """The first keyframe that says all that `commands` record; its publisher has gone when this returns."""
    with nats.client() as client:
        client.subscribe("weir.v1.pub.>")
        publisher = stack.publisher(nats, service, flags=flags)
        publisher.do(*commands)
        marker = commands[-1].split()[1].encode()

        def next_with_marker():
            message = client.next_message()
            return Captured(message) if marker in message.data and service.encode() in message.data else None
        # A goodbye is a keyframe too: it comes at the latest when the publisher exits.
        publisher.exit()
        return wait_until(next_with_marker, 10, "a keyframe")
