"""A real Prometheus, as Debian ships it, scrapes the sidecar; promtool finds nothing wrong with the text."""

from harness import http
from harness.servers import promtool_check
from harness.waiting import wait_until

# The names of node_exporter and of the kernel's values are older than promtool's rules.
FOREIGN_NAMES = ("node_", "process_")


def _complaints(text):
    return [line for line in promtool_check(text) if line and not line.startswith(FOREIGN_NAMES)]


def test_promtool_accepts_services(stack):
    nats, sidecar = stack.pair()
    stack.publisher(nats).do('counter a_total 1 path="x\\"y" @help="With \\"quotes\\"."', "gauge b_ratio nan",
                             "observe c_seconds 0.5 @bounds=1", "double d_seconds_total 0.25")
    sidecar.wait_value(1, "c_seconds_count", service_name="service")
    assert _complaints(sidecar.metrics_body()) == []


def test_promtool_accepts_collectors(stack):
    nats, sidecar = stack.pair()
    stack.collector(nats)
    sidecar.wait_for(lambda s: s.series("node_cpu_seconds_total"))
    assert _complaints(sidecar.metrics_body()) == []


def test_prometheus_stores_exactly_what_was_recorded(stack):
    nats, sidecar = stack.pair()
    shop, cart = stack.publisher(nats, "shop"), stack.publisher(nats, "cart")
    shop.do("counter sold_total 7 kind=a", "counter sold_total 8 kind=b", "double energy_joules_total 0.1",
            "gauge temperature_celsius 21.5", *(f"observe took_seconds {v} @bounds=0.1,1" for v in (0.05, 0.5, 5)))
    cart.do("counter sold_total 1000000007 kind=a")
    sidecar.wait_value(7, "sold_total", service_name="shop", kind="a")
    prometheus = stack.prometheus({"weir": f"127.0.0.1:{sidecar.port}"})

    def stored():
        assert prometheus.query("temperature_celsius"), "nothing is stored yet"
        assert list(prometheus.query('sold_total{service_name="cart"}').values()) == ["1000000007"]
        assert list(prometheus.query("took_seconds_count").values()) == ["3"]
        return True
    wait_until(stored, 20, "Prometheus to have scraped")

    def value(expression):
        (only,) = prometheus.query(expression).values()
        return only
    assert value('up{job="weir"}') == "1"
    assert value('sold_total{service_name="shop",kind="a"}') == "7"
    assert value('sold_total{service_name="shop",kind="b"}') == "8"
    assert value("sum(sold_total)") == "1000000022"
    assert value("energy_joules_total") == "0.1"
    assert value("temperature_celsius") == "21.5"
    assert value('took_seconds_bucket{le="0.1"}') == "1"
    assert value('took_seconds_bucket{le="+Inf"}') == "3"
    assert value("took_seconds_sum") == "5.55"
    (labels,) = prometheus.query('sold_total{service_name="cart"}')
    # Nothing that Prometheus would have had to rename to exported_...
    assert set(dict(labels)) == {"service_name", "kind", "instance", "job"}
    target = prometheus.targets()["weir"]
    assert target["health"] == "up" and target["lastError"] == ""
    assert "level=error" not in prometheus.log() and "level=warn" not in prometheus.log()


def test_one_port_serves_two_jobs(stack):
    """The second job selects node metrics, as dashboards for node_exporter expect."""
    nats, sidecar = stack.pair()
    stack.collector(nats)
    stack.publisher(nats, "shop").do("counter sold_total 7")
    sidecar.wait_value(7, "sold_total", service_name="shop")
    sidecar.wait_for(lambda s: s.series("node_cpu_seconds_total"))
    node = sidecar.scrape("?name[]=node_*")
    assert node.names() and all(name.startswith("node_") for name in node.names())
    assert http.get(sidecar.port, "/metrics?name[]=node_*").code == 200
