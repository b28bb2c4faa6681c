"""The strict reader of the text formats refuses what a scraper would stumble over."""

import pytest

from harness import exposition

GOOD = b"""# HELP h_seconds A \\\\ b \\n c.
# TYPE h_seconds histogram
h_seconds_bucket{a="x\\"y\\\\z\\nw",le="0.1"} 1
h_seconds_bucket{a="x\\"y\\\\z\\nw",le="+Inf"} 3
h_seconds_sum{a="x\\"y\\\\z\\nw"} 1.5e+00
h_seconds_count{a="x\\"y\\\\z\\nw"} 3
# TYPE big_total counter
big_total 9007199254740993
"""


def test_values_labels_and_help_are_read():
    scrape = exposition.parse(GOOD)
    assert scrape.families["h_seconds"].help == "A \\ b \n c."
    assert scrape.value("h_seconds_count", a='x"y\\z\nw') == 3
    assert scrape.value("big_total") == 9007199254740993  # not rounded to a double
    assert scrape.value("big_total", a="b") is None


@pytest.mark.parametrize("body, why", [
    (b"# TYPE a_total counter\na_total 1", "no newline"),
    (b"# TYPE a_total counter\n\na_total 1\n", "empty"),
    (b"a_total 1\n", "outside its family"),
    (b"# TYPE a counter\n# TYPE b counter\nb 1\n", "no sample"),
    (b"# TYPE a counter\na 1\n# TYPE a counter\n", "after its samples"),
    (b"# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# HELP a x\n", "not together"),
    (b"# TYPE a counter\n# TYPE a counter\na 1\n", "second TYPE"),
    (b"# TYPE a thing\na 1\n", "unknown type"),
    (b"# TYPE a counter\na  1\n", "not a number|more than a value"),
    (b"# TYPE a counter\na 1 1700000000\n", "more than a value"),
    (b"# TYPE a gauge\na nan\n", "not a number"),
    (b"# TYPE a counter\na -1\n", "is -1"),
    (b"# TYPE a counter\na NaN\n", "is nan"),
    (b'# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n', "series twice"),
    (b'# TYPE a gauge\na{x="1",x="2"} 1\n', "twice"),
    (b'# TYPE a gauge\na{x="\\t"} 1\n', "bad escape"),
    (b'# TYPE a gauge\na{9x="1"} 1\n', "bad label name"),
    (b'# TYPE a gauge\na{x="1} 1\n', "has no end"),
    (b'# TYPE a gauge\na{x="1",} 1\n', "comma before"),
    (b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n', "rise to"),
    (b'# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n', "not monotonic"),
    (b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 1\n', "is not the"),
    (b'# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n', "no _sum"),
])
def test_offences_are_found(body, why):
    with pytest.raises(exposition.FormatError, match=why):
        exposition.parse(body)


def test_openmetrics_has_its_own_rules():
    good = b"# HELP a x\n# TYPE a counter\na_total 1\n# EOF\n"
    assert exposition.parse(good, openmetrics=True).value("a_total") == 1
    with pytest.raises(exposition.FormatError, match="EOF"):
        exposition.parse(good[:-6], openmetrics=True)
    with pytest.raises(exposition.FormatError, match="outside"):
        exposition.parse(b"# TYPE a_total counter\na_total 1\n# EOF\n", openmetrics=True)
    with pytest.raises(exposition.FormatError, match="unit"):
        exposition.parse(b"# TYPE a counter\n# UNIT a seconds\na_total 1\n# EOF\n", openmetrics=True)
