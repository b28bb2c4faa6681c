"""A bad network between two NATS servers: carries publishers' frames from the one to the other, and answers back.

Frames are held for a moment, and arrive in another order, twice, or not at all. Answers and control arrive as they are.
"""

import threading
import time

TURN_SECONDS = 0.05
FRAMES = "weir.v1.pub.>"
CONTROL = ("weir.v1.ctl.>", "_WEIR.>", "_INBOX.>")


class Relay:
    def __init__(self, publishers_nats, sidecar_nats, random, repeat=0.5, lose=0.1, inbox=CONTROL):
        self._random = random
        self._chances = (repeat, lose)
        self._lock = threading.Lock()
        self._held = []
        self._late = []
        self._stopping = False
        self.carried = self.repeated = self.lost = self.reordered = 0
        self._frames_in = publishers_nats.client()
        self._frames_out = sidecar_nats.client()
        self._answers_in = sidecar_nats.client()
        self._answers_out = publishers_nats.client()
        self._clients = [self._frames_in, self._frames_out, self._answers_in, self._answers_out]
        self._frames_in.subscribe(FRAMES)
        for subject in inbox:
            self._answers_in.subscribe(subject)
        self._threads = [threading.Thread(target=run, daemon=True)
                         for run in (self._hold, self._carry, self._carry_answers)]
        for thread in self._threads:
            thread.start()

    def calm(self):
        """From now on a good network."""
        self._chances = (0, 0)

    def close(self):
        self._stopping = True
        for client in self._clients:
            client.close()
        for thread in self._threads:
            thread.join(15)

    def _messages(self, client):
        while not self._stopping:
            try:
                yield client.next_message()
            except TimeoutError:
                continue  # nothing came for a while
            except OSError:
                return

    def _hold(self):
        for message in self._messages(self._frames_in):
            with self._lock:
                self._held.append(message)

    def _carry(self):
        while not self._stopping:
            time.sleep(TURN_SECONDS)
            with self._lock:
                turn, self._held = self._held, []
            repeat, lose = self._chances
            sent = []
            for message in turn + self._late:
                if self._random.random() < lose:
                    self.lost += 1
                    continue
                sent.append(message)
                if self._random.random() < repeat:
                    self.repeated += 1
                    sent.append(message)
            # Some of them once more, a turn later.
            self._late = self._random.sample(turn, len(turn) // 4) if repeat else []
            if repeat:
                self._random.shuffle(sent)
                self.reordered += len(sent)
            for message in sent:
                self._frames_out.publish(message.subject, message.data, message.reply or "")
            self.carried += len(sent)

    def _carry_answers(self):
        for message in self._messages(self._answers_in):
            self._answers_out.publish(message.subject, message.data, message.reply or "")
