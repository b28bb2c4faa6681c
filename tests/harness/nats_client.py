"""The NATS text protocol over a socket: publishes and captures raw frames, as a stranger on the network would.

https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

import collections
import json
import socket

from harness.settings import TIME_SCALE

Message = collections.namedtuple("Message", "subject reply data")


class NatsClient:
    def __init__(self, port, token=None, user=None, password=None, echo=True):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10 * TIME_SCALE)
        self._stream = self._socket.makefile("rb")
        self._pending = collections.deque()
        self._subscriptions = 0
        self.info = json.loads(self._stream.readline()[len(b"INFO "):])
        options = {"verbose": False, "pedantic": False, "lang": "test", "version": "1", "protocol": 1,
                   "headers": True, "no_responders": True, "echo": echo}
        options.update({k: v for k, v in (("auth_token", token), ("user", user), ("pass", password)) if v})
        self._send(f"CONNECT {json.dumps(options)}\r\n".encode())
        self.ping()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._socket.close()

    def _send(self, data):
        self._socket.sendall(data)

    def _read_one(self):
        """Reads one protocol line; returns a Message, b"PONG", or None for what needs no attention."""
        line = self._stream.readline()
        if not line:
            raise OSError("the NATS server closed the connection")
        words = line.split()
        if words[0] == b"PING":
            self._send(b"PONG\r\n")
        elif words[0] == b"PONG":
            return b"PONG"
        elif words[0] in (b"MSG", b"HMSG"):
            headers = int(words[-2]) if words[0] == b"HMSG" else 0
            size = int(words[-1])
            data = self._stream.read(size + 2)[:size]
            extra = len(words) - (5 if words[0] == b"HMSG" else 4)
            return Message(words[1].decode(), words[3].decode() if extra else None, data[headers:])
        elif words[0] == b"-ERR":
            raise OSError(line.decode().strip())
        return None

    def ping(self):
        """Returns once the server has handled everything that was sent."""
        self._send(b"PING\r\n")
        while True:
            got = self._read_one()
            if got == b"PONG":
                return
            if isinstance(got, Message):
                self._pending.append(got)

    def subscribe(self, subject):
        self._subscriptions += 1
        self._send(f"SUB {subject} {self._subscriptions}\r\n".encode())
        self.ping()

    def publish(self, subject, data, reply=""):
        self._send(f"PUB {subject} {reply + ' ' if reply else ''}{len(data)}\r\n".encode() + data + b"\r\n")

    def close(self):
        """From any thread: whoever reads gets an OSError."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def next_message(self):
        """The next message of any subscription; OSError when none comes within ten seconds."""
        while not self._pending:
            got = self._read_one()
            if isinstance(got, Message):
                self._pending.append(got)
        return self._pending.popleft()
