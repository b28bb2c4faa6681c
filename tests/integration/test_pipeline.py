"""What publishers record is what /metrics shows, to the last increment."""

import math
import random

import pytest

from harness.waiting import stays


def test_every_kind_of_metric_shows_exactly_what_was_recorded(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, "checkout")
    publisher.do("counter requests_total 3 @help=Requests.", "counter requests_total 39",
                 "double busy_seconds_total 0.1", "double busy_seconds_total 0.2", "double busy_seconds_total 0.3",
                 "external kernel_total 9007199254740993",
                 "gauge temperature_celsius -21.5",
                 *(f"observe latency_seconds {value} @bounds=0.1,1,10" for value in (0.05, 0.1, 0.5, 5, 50)))
    sidecar.wait_value(5, "latency_seconds_count", service_name="checkout")
    sidecar.wait_value(42, "requests_total", service_name="checkout")
    scrape = sidecar.scrape()

    assert scrape.families["requests_total"].type == "counter"
    assert scrape.families["requests_total"].help == "Requests."
    assert scrape.value("busy_seconds_total", service_name="checkout") == 0.1 + 0.2 + 0.3
    assert scrape.value("kernel_total", service_name="checkout") == 9007199254740993  # above 2^53: not rounded
    assert scrape.value("temperature_celsius", service_name="checkout") == -21.5
    assert scrape.families["temperature_celsius"].type == "gauge"
    assert scrape.families["latency_seconds"].type == "histogram"
    buckets = {bound: scrape.value("latency_seconds_bucket", service_name="checkout", le=bound)
               for bound in ("0.1", "1.0", "10.0", "+Inf")}
    assert buckets == {"0.1": 2, "1.0": 3, "10.0": 4, "+Inf": 5}
    assert scrape.value("latency_seconds_sum", service_name="checkout") == 55.65


def test_increments_of_many_threads_and_flushes_add_up(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats, flush="10ms", flags=["--threads", "8"])
    seed = random.randrange(2**32)
    print("seed", seed)
    amounts = [random.Random(seed).randrange(1, 10_000_000) for _ in range(200)]
    publisher.do(*(f"counter work_total {amount}" for amount in amounts))
    sidecar.wait_value(sum(amounts), "work_total", service_name="service")


def test_special_values_of_gauges_are_spelled_as_prometheus_wants(stack):
    nats, sidecar = stack.pair()
    stack.publisher(nats).do("gauge a_ratio nan", "gauge b_ratio inf", "gauge c_ratio -inf", "gauge d_ratio 1e-7",
                             "gauge e_ratio 0.1")
    scrape = sidecar.wait_for(lambda s: s.value("e_ratio", service_name="service") is not None)
    assert math.isnan(scrape.value("a_ratio", service_name="service"))
    assert scrape.value("b_ratio", service_name="service") == math.inf
    assert scrape.value("c_ratio", service_name="service") == -math.inf
    assert scrape.value("d_ratio", service_name="service") == 1e-7
    assert scrape.value("e_ratio", service_name="service") == 0.1


def test_label_values_with_quotes_backslashes_and_foreign_letters_come_through(stack):
    nats, sidecar = stack.pair()
    stack.publisher(nats).do(r'counter odd_total 7 path="C:\\dir \"x\" {a=b}, é日本" empty=""')
    sidecar.wait_for(lambda s: s.value("odd_total", service_name="service", path='C:\\dir "x" {a=b}, é日本') == 7 or
                     s.value("odd_total", service_name="service", path='C:\\dir "x" {a=b}, é日本', empty="") == 7)


def test_two_publishers_of_one_service_add_up_and_two_services_do_not(stack):
    nats, sidecar = stack.pair()
    first, second = stack.publisher(nats, "shop"), stack.publisher(nats, "shop")
    other = stack.publisher(nats, "cart")
    first.do("counter sold_total 10 kind=a", "observe took_seconds 0.5 @bounds=1,2")
    second.do("counter sold_total 5 kind=a", "counter sold_total 2 kind=b", "observe took_seconds 1.5 @bounds=1,2")
    other.do("counter sold_total 100 kind=a")
    sidecar.wait_value(15, "sold_total", service_name="shop", kind="a")
    sidecar.wait_value(2, "sold_total", service_name="shop", kind="b")
    sidecar.wait_value(100, "sold_total", service_name="cart", kind="a")
    sidecar.wait_value(2, "took_seconds_count", service_name="shop")
    scrape = sidecar.scrape()
    assert scrape.value("took_seconds_bucket", service_name="shop", le="1.0") == 1
    assert scrape.value("took_seconds_sum", service_name="shop") == 2
    assert len(scrape.series("sold_total")) == 3
    assert {one["state"] for one in sidecar.publishers()["publishers"]} == {"up"}
    assert sidecar.service("shop")["up"] == 2


def test_a_publisher_that_ends_leaves_its_counts_and_takes_its_gauges(stack):
    nats, sidecar = stack.pair()
    leaver, stayer = stack.publisher(nats), stack.publisher(nats)
    leaver.do("counter done_total 40", "gauge open_connections 3")
    stayer.do("counter done_total 2", "gauge open_connections 4")
    sidecar.wait_value(42, "done_total", service_name="service")
    sidecar.wait_value(7, "open_connections", service_name="service")
    leaver.exit()
    sidecar.wait_value(4, "open_connections", service_name="service")
    assert sidecar.scrape().value("done_total", service_name="service") == 42


@pytest.mark.parametrize("aggregation, expected", [("sum", 12), ("min", 2), ("max", 7), ("mean", 4), ("last", 3)])
def test_gauges_add_up_as_their_family_declares(stack, aggregation, expected):
    nats, sidecar = stack.pair()
    for value in (7, 2, 3):
        # One after the other: "last" means the most recently started instance.
        publisher = stack.publisher(nats)
        publisher.do(f"gauge load_ratio {value} @aggregation={aggregation}")
        publisher.wait_state("publishing")
    sidecar.wait_value(expected, "load_ratio", service_name="service")


def test_gauges_per_instance_keep_a_label(stack):
    nats, sidecar = stack.pair()
    publishers = [stack.publisher(nats) for _ in range(2)]
    for value, publisher in enumerate(publishers):
        publisher.do(f"gauge slot_number {value} @aggregation=per_instance")
    scrape = sidecar.wait_for(lambda s: len(s.series("slot_number")) == 2)
    found = {dict(labels)["weir_instance"]: value for labels, value in scrape.series("slot_number").items()}
    assert found == {publisher.instance: value for value, publisher in enumerate(publishers)}


def test_a_removed_series_leaves_and_comes_back_with_its_total(stack):
    nats, sidecar = stack.pair()
    publisher = stack.publisher(nats)
    publisher.do("counter seen_total 5 who=a", "counter seen_total 6 who=b")
    sidecar.wait_value(5, "seen_total", service_name="service", who="a")
    sidecar.wait_value(6, "seen_total", service_name="service", who="b")
    publisher.do("remove seen_total who=a")
    sidecar.wait_for(lambda s: s.value("seen_total", service_name="service", who="a") is None)
    assert sidecar.scrape().value("seen_total", service_name="service", who="b") == 6
    publisher.do("counter seen_total 1 who=a")
    sidecar.wait_value(6, "seen_total", service_name="service", who="a")


def test_readings_of_the_node_itself_carry_no_service_label(stack):
    nats, sidecar = stack.pair()
    stack.publisher(nats, "weir-collector", flags=["--no-service-label"]).do("gauge node_load1 0.5")
    sidecar.wait_value(0.5, "node_load1")


def test_the_service_label_is_renamed_or_left_off_by_configuration(stack):
    nats = stack.nats()
    renamed = stack.sidecar(nats, exposition__service_label="app")
    without = stack.sidecar(nats, exposition__service_label="")
    stack.publisher(nats, "checkout").do("counter a_total 1")
    renamed.wait_value(1, "a_total", app="checkout")
    without.wait_value(1, "a_total")


def test_publishers_of_another_node_are_not_merged(stack):
    nats, sidecar = stack.pair(node="here")
    stranger = stack.publisher(nats, "elsewhere", node="there")
    stack.publisher(nats, "local", node="here").do("counter a_total 1")
    stranger.do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="local")
    stranger.wait_state("no_sidecar")
    stays(lambda: _assert_absent(sidecar, "elsewhere"), 0.3)


def _assert_absent(sidecar, service):
    assert not sidecar.scrape().series("a_total", service_name=service)
    assert all(one["service"] != service for one in sidecar.publishers()["publishers"])
