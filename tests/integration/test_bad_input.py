"""Whatever comes over the network: refused whole, counted under its reason, named in the API, harmless to others."""

import os
import random

import pytest

from harness.frames import capture_keyframe
from harness.waiting import wait_until

# A keyframe with one of each, so that every part of the decoder has something to break.
COMMANDS = ("double joules_total 0.5", "gauge open_files 3", "observe took_seconds 0.5 @bounds=1,2",
            "counter zvictim_total 4 kind=aaaa")


@pytest.fixture
def scene(stack):
    """A NATS server without a sidecar first: the captured instance must be unknown to the sidecar."""
    nats = stack.nats()
    frame = capture_keyframe(nats, stack, COMMANDS)
    sidecar = stack.sidecar(nats)
    witness = stack.publisher(nats, "witness")
    witness.do("counter witness_total 5")
    sidecar.wait_value(5, "witness_total", service_name="witness")
    with nats.client() as client:
        yield Scene(sidecar, witness, client, frame)


class Scene:
    def __init__(self, sidecar, witness, client, frame):
        self.sidecar, self.witness, self.client, self.frame = sidecar, witness, client, frame

    def refused(self, reason=None):
        scrape = self.sidecar.scrape()
        labels = {"reason": reason} if reason else {}
        return scrape.total("weir_sidecar_frames_refused_total", **labels)

    def received(self):
        return self.sidecar.scrape().total("weir_sidecar_frames_total")

    def send_and_expect(self, subject, data, reason, words=""):
        before = self.refused(reason)
        self.client.publish(subject, data)
        self.client.ping()
        wait_until(lambda: self.refused(reason) == before + 1, 10, f"one more frame refused as {reason}")

        def listed():
            newest = self.sidecar.publishers()["refusals"][0]
            assert newest["reason"] == reason and newest["subject"] == subject, newest
            assert words in newest["detail"], newest
            return True
        wait_until(listed, 5, "the refusal in the API")
        self.others_are_well()

    def others_are_well(self):
        self.witness.do("counter witness_total 1")
        self.expected = getattr(self, "expected", 5) + 1
        self.sidecar.wait_value(self.expected, "witness_total", service_name="witness")
        assert self.sidecar.publisher("witness")["state"] == "up"
        assert not self.sidecar.scrape().series("zvictim_total")


def test_a_frame_as_captured_is_accepted(scene):
    """The control experiment: it is the mutation that the other tests see refused."""
    fresh = scene.frame.of_new_instance()
    scene.client.publish(fresh.subject, fresh.data)
    scene.sidecar.wait_value(4, "zvictim_total", service_name="victim", kind="aaaa")


@pytest.mark.parametrize("data", [b"", b"x", b"hello, this is no frame", b'{"json": true}', b"\0" * 64, b"\xff" * 4096],
                         ids=["empty", "short", "text", "json", "zeros", "ones"])
def test_a_foreign_message_is_counted_as_foreign(scene, data):
    scene.send_and_expect(scene.frame.of_new_instance().subject, data, "foreign")


def test_truncated_frames_are_malformed_or_foreign(scene):
    fresh = scene.frame.of_new_instance()
    before = scene.refused()
    cuts = [len(fresh.data) * part // 16 for part in range(16)]
    for cut in cuts:
        scene.client.publish(fresh.subject, fresh.data[:cut])
    scene.client.ping()
    wait_until(lambda: scene.refused() == before + len(cuts), 10, "all of them refused")
    assert scene.refused("malformed") + scene.refused("foreign") == before + len(cuts)
    scene.others_are_well()


def test_mutated_frames_never_hurt_others(scene):
    """Random bytes changed: accepted or refused, but each counted once, and nobody else's totals move."""
    seed = random.randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    before = scene.received()
    count = 400
    for _ in range(count):
        fresh = scene.frame.of_new_instance()
        data = bytearray(fresh.data)
        for _ in range(generator.randrange(1, 8)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        scene.client.publish(fresh.subject, bytes(data))
    scene.client.ping()
    wait_until(lambda: scene.received() >= before + count, 20, "every frame in one of the outcomes")
    scene.sidecar.scrape()
    witness = scene.sidecar.scrape().value("witness_total", service_name="witness")
    assert witness == 5


def test_a_frame_on_somebody_elses_subject_is_a_bad_identity(scene):
    fresh = scene.frame.of_new_instance()
    words = fresh.subject.split(".")
    scene.send_and_expect(".".join(words[:4] + ["witness"] + words[5:]), fresh.data, "bad_identity", "victim")
    scene.send_and_expect(".".join(words[:5] + [os.urandom(16).hex()]), fresh.data, "bad_identity", fresh.instance)


def test_a_frame_for_a_living_instance_of_another_is_refused(scene):
    """Who knows an instance's id still may not speak for it on a subject of his own."""
    witness = scene.witness.instance
    stolen = scene.frame.of_new_instance()
    stolen = stolen.replaced(stolen.instance_bytes(), stolen.instance_bytes(witness))
    scene.send_and_expect(scene.frame.subject.rsplit(".", 1)[0] + "." + witness, stolen.data, "bad_identity")


@pytest.mark.parametrize("old, new, reason, words", [
    (b"zvictim_total", b"9victim_total", "bad_name", "begins with a digit"),
    (b"zvictim_total", b"zvictim-total", "bad_name", "zvictim-total"),
    (b"zvictim_total", b"zvictim\n_tota", "bad_name", ""),
    (b"kind", b"ki-d", "bad_name", "ki-d"),
    (b"kind", b"__in", "bad_name", "__in"),
    (b"aaaa", b"aa\xff\xfe", "bad_labels", ""),
], ids=["digit", "hyphen", "newline", "label", "reserved-label", "utf-8"])
def test_bad_names_are_refused_by_the_sidecar_too(scene, old, new, reason, words):
    fresh = scene.frame.of_new_instance().replaced(old, new)
    scene.send_and_expect(fresh.subject, fresh.data, reason, words)


def test_a_label_value_with_a_line_break_is_escaped(scene):
    fresh = scene.frame.of_new_instance().replaced(b"aaaa", b'a\n"\\')
    scene.client.publish(fresh.subject, fresh.data)
    scene.sidecar.wait_value(4, "zvictim_total", service_name="victim", kind='a\n"\\')


def test_another_type_for_a_known_name_is_refused_with_a_reason(stack):
    """The newest started living instance wins; the other's series are refused, and named."""
    nats, sidecar = stack.pair()
    first = stack.publisher(nats, "shop")
    first.do("gauge depth_seconds 3")
    sidecar.wait_value(3, "depth_seconds", service_name="shop")
    second = stack.publisher(nats, "shop")
    second.do("observe depth_seconds 7 @bounds=1", "counter fine_total 1")

    def refused():
        newest = [one for one in sidecar.publishers()["refusals"] if one["reason"] == "conflict"]
        assert newest and "depth_seconds" in newest[0]["detail"], sidecar.publishers()["refusals"]
        return True
    wait_until(refused, 10, "the conflict in the API")
    sidecar.wait_value(1, "fine_total", service_name="shop")  # the rest of that publisher is not harmed
    sidecar.wait_value(1, "depth_seconds_count", service_name="shop")
    assert sidecar.scrape().value("depth_seconds", service_name="shop") is None
    stated = [one for one in sidecar.publishers()["publishers"] if one["last_refusal"]]
    assert stated and all("depth_seconds" in one["last_refusal"] for one in stated)


def test_bad_registrations_name_the_metric_and_the_reason(stack):
    nats = stack.nats()
    publisher = stack.publisher(nats)
    for line, words in (("counter 9x_total 1", ["9x_total", "digit"]), ("counter x_total 1 __a=b", ["__a"]),
                        ("counter x_total 1 service_name=b", ["service_name"]),
                        ("observe h_seconds 1 @bounds=2,1", ["h_seconds"]),
                        ("gauge speed_meters 1 @unit=seconds", ["speed_meters", "seconds"])):
        publisher.send(line)
        answer = publisher.answer()
        assert not answer["ok"], line
        for word in words:
            assert word in answer["error"], answer
