"""The routes: formats, codings, filters, health, and refusals in words."""

import gzip
import io
import zlib

import pytest

from harness import exposition, http

# As Prometheus 2.42 sends it.
PROMETHEUS_ACCEPT = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")


@pytest.fixture
def busy(stack):
    nats, sidecar = stack.pair()
    stack.publisher(nats, "shop").do("counter sold_total 3 @help=Sold.", "gauge open_total_number 2 @group=gauges",
                                     "observe took_seconds 0.5 @unit=seconds @bounds=1")
    stack.publisher(nats, "cart").do("counter sold_total 4", "counter dropped_total 1")
    sidecar.wait_value(3, "sold_total", service_name="shop")
    sidecar.wait_value(1, "took_seconds_count", service_name="shop")
    sidecar.wait_value(1, "dropped_total", service_name="cart")
    return sidecar


def test_text_is_the_default(busy):
    answer = http.get(busy.port, "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "content-encoding" not in answer.headers


def test_openmetrics_where_it_is_preferred(busy):
    answer = http.get(busy.port, "/metrics", {"Accept": PROMETHEUS_ACCEPT})
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    scrape = exposition.parse(answer.body, openmetrics=True)
    assert scrape.families["sold"].type == "counter"
    assert scrape.value("sold_total", service_name="shop") == 3
    assert scrape.families["took_seconds"].unit == "seconds"
    assert not any(name.endswith("_created") for name in scrape.names())


def test_both_formats_hold_the_same_values(busy):
    text = busy.scrape()
    openmetrics = exposition.parse(http.get(busy.port, "/metrics", {"Accept": PROMETHEUS_ACCEPT}).body, openmetrics=True)
    ours = {key for key in text.values if not key[0].startswith(("weir_", "process_"))}
    assert ours and all(openmetrics.values[key] == text.values[key] for key in ours)


@pytest.mark.parametrize("accept", ["text/plain", "*/*", "application/json", "application/openmetrics-text;q=0,*/*", ";;;"])
def test_other_wishes_get_text(busy, accept):
    assert http.get(busy.port, "/metrics", {"Accept": accept}).headers["content-type"].startswith("text/plain")


def test_gzip_is_one_member(busy):
    answer = http.get(busy.port, "/metrics", {"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    decompressor = zlib.decompressobj(wbits=31)
    body = decompressor.decompress(answer.body)
    assert decompressor.eof and not decompressor.unused_data  # curl and wget stop after the first member
    assert exposition.parse(body).value("sold_total", service_name="shop") == 3
    assert gzip.GzipFile(fileobj=io.BytesIO(answer.body)).read() == body


def test_gzip_refused_is_not_sent(busy):
    for wish in ("identity", "gzip;q=0", "br"):
        assert "content-encoding" not in http.get(busy.port, "/metrics", {"Accept-Encoding": wish}).headers


def test_names_select_families(busy):
    assert busy.scrape("?name[]=sold_total").names() == {"sold_total"}
    assert busy.scrape("?name[]=sold_total&name[]=dropped_total").names() == {"sold_total", "dropped_total"}
    assert busy.scrape("?name[]=took_seconds_bucket").names() >= {"took_seconds_bucket"}
    assert busy.scrape("?name%5B%5D=sold_*").names() == {"sold_total"}
    assert busy.metrics_body("?name[]=no_such_metric").strip() == b""


def test_collect_selects_services_and_groups(busy):
    shop = busy.scrape("?collect[]=shop")
    assert shop.names() >= {"sold_total", "open_total_number"}
    assert all(("service_name", "shop") in labels for _, labels in shop.values)
    assert busy.scrape("?collect[]=gauges").names() == {"open_total_number"}
    assert busy.scrape("?collect[]=cart&name[]=sold_total").value("sold_total", service_name="cart") == 4
    assert not busy.scrape("?collect[]=cart&name[]=sold_total").series("sold_total", service_name="shop")


def test_health_readiness_status_and_page(busy):
    assert http.get(busy.port, "/healthz").code == 200
    assert http.get(busy.port, "/readyz").code == 200
    assert http.get(busy.port, "/readyz?strict").code == 200
    page = http.get(busy.port, "/")
    assert page.code == 200 and page.headers["content-type"].startswith("text/html")
    assert b"/metrics" in page.body
    status = busy.status()
    assert status["status"] == "ok" and status["degraded"] == [] and status["nats"]["connected"]
    assert status["registry"]["series"] > 0


def test_what_is_not_there_is_said(busy):
    answer = http.get(busy.port, "/nope")
    assert answer.code == 404 and b"/metrics" in answer.body


def test_self_metrics_have_help_and_count_scrapes(busy):
    before = busy.scrape()
    for family in before.families.values():
        if family.name.startswith(("weir_", "process_")):
            assert family.help, family.name
    assert before.value("weir_build_info", **dict(next(iter(before.series("weir_build_info"))))) == 1
    assert before.value("process_cpu_seconds_total") is not None


def test_a_new_counter_is_zero_once_for_a_scraper_and_never_for_a_person(stack):
    nats = stack.nats()
    sidecar = stack.sidecar(nats)
    publisher = stack.publisher(nats)
    publisher.do("counter fresh_total 3")
    sidecar.wait_value(3, "fresh_total", service_name="service")  # a person's look takes nothing away

    def scraped():
        answer = http.get(sidecar.port, "/metrics", {"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        return exposition.parse(answer.body).value("fresh_total", service_name="service")

    assert [scraped(), scraped()] == [0, 3]
