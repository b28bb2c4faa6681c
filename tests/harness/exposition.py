"""A strict reader of the Prometheus text format 0.0.4 and of OpenMetrics 1.0: what it lets pass, any scraper takes.

https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import collections
import math
import re

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|\+Inf|-Inf|NaN")
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram"}
_SUFFIXES_TEXT = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("", "_count", "_sum")}
_SUFFIXES_OPENMETRICS = {"counter": ("_total", "_created"), "info": ("_info",),
                         "histogram": ("_bucket", "_count", "_sum", "_created"),
                         "summary": ("", "_count", "_sum", "_created")}


class FormatError(Exception):
    pass


class Family:
    def __init__(self, name):
        self.name = name
        self.type = None
        self.help = None
        self.unit = None
        self.samples = []


class Scrape:
    """The samples by (name, labels), and the families by name."""

    def __init__(self):
        self.families = collections.OrderedDict()
        self.values = {}

    def value(self, name, **labels):
        """The value of exactly this series; None if it is not there."""
        return self.values.get((name, frozenset(labels.items())))

    def series(self, name, **labels):
        """All series of a sample name that carry these labels, as {frozenset of labels: value}."""
        wanted = set(labels.items())
        return {key[1]: value for key, value in self.values.items() if key[0] == name and wanted <= key[1]}

    def total(self, name, **labels):
        return sum(self.series(name, **labels).values())

    def names(self):
        return {key[0] for key in self.values}


def _unescape(text, where, quotes):
    plain, i = [], 0
    while i < len(text):
        if text[i] != "\\":
            plain.append(text[i])
            i += 1
            continue
        following = text[i + 1:i + 2]
        if following not in (("\\", "n", '"') if quotes else ("\\", "n")):
            raise FormatError(f"{where}: bad escape \\{following}")
        plain.append({"n": "\n"}.get(following, following))
        i += 2
    return "".join(plain)


def _labels(text, where):
    """Parses from after the brace; returns the labels and what follows the closing brace."""
    labels, i = {}, 0
    while True:
        if text[i:i + 1] == "}":
            return labels, text[i + 1:]
        name = _LABEL.match(text, i)
        if not name:
            raise FormatError(f"{where}: bad label name")
        i = name.end()
        if text[i:i + 2] != '="':
            raise FormatError(f'{where}: label {name.group()} lacks ="')
        start = i = i + 2
        while text[i:i + 1] != '"':
            if i >= len(text):
                raise FormatError(f"{where}: label {name.group()} has no end")
            i += 2 if text[i] == "\\" else 1
        if name.group() in labels:
            raise FormatError(f"{where}: label {name.group()} twice")
        labels[name.group()] = _unescape(text[start:i], where, quotes=True)
        i += 1
        if text[i:i + 1] == ",":
            i += 1
            if text[i:i + 1] == "}":
                raise FormatError(f"{where}: comma before the closing brace")
        elif text[i:i + 1] != "}":
            raise FormatError(f"{where}: neither comma nor brace after label {name.group()}")


def _number(text, where):
    if not _NUMBER.fullmatch(text):
        raise FormatError(f"{where}: {text!r} is not a number")
    return float(text)


def _exact(text, value):
    """Integers keep every digit: a float would hide an error above 2^53."""
    return int(text) if re.fullmatch(r"-?\d+", text) else value


def _belongs(sample, family, openmetrics):
    suffixes = (_SUFFIXES_OPENMETRICS if openmetrics else _SUFFIXES_TEXT).get(family.type, ("",))
    return any(sample == family.name + suffix for suffix in suffixes)


def _meta(line, where, scrape, current, openmetrics):
    parts = line.split(" ", 3)
    if len(parts) < 3 or parts[1] not in ("HELP", "TYPE", "UNIT"):
        if openmetrics:
            raise FormatError(f"{where}: a comment that is none of HELP, TYPE, UNIT, EOF")
        return current
    keyword, name = parts[1], parts[2]
    rest = parts[3] if len(parts) == 4 else ""
    if not _NAME.fullmatch(name):
        raise FormatError(f"{where}: bad metric name {name!r}")
    if current is None or current.name != name:
        if name in scrape.families:
            raise FormatError(f"{where}: family {name} again: its lines are not together")
        current = scrape.families[name] = Family(name)
    if current.samples:
        raise FormatError(f"{where}: {keyword} of {name} after its samples")
    attribute = keyword.lower()
    if getattr(current, attribute) is not None:
        raise FormatError(f"{where}: second {keyword} of {name}")
    if keyword == "TYPE" and rest not in _TYPES:
        raise FormatError(f"{where}: unknown type {rest!r}")
    setattr(current, attribute, _unescape(rest, where, quotes=openmetrics) if keyword == "HELP" else rest)
    return current


def _sample(line, where, scrape, current, openmetrics):
    name = _NAME.match(line)
    if not name:
        raise FormatError(f"{where}: neither a comment nor a sample: {line[:80]!r}")
    rest = line[name.end():]
    labels = {}
    if rest.startswith("{"):
        labels, rest = _labels(rest[1:], where)
    if not rest.startswith(" "):
        raise FormatError(f"{where}: no single space before the value")
    fields = rest[1:].split(" # ", 1)[0].split(" ") if openmetrics else rest[1:].split(" ")
    if len(fields) != 1:
        raise FormatError(f"{where}: more than a value (Weir exposes no timestamps)")
    if current is None or not _belongs(name.group(), current, openmetrics):
        raise FormatError(f"{where}: sample {name.group()} outside its family"
                          f" ({current.name if current else 'none'})")
    if current.type is None:
        raise FormatError(f"{where}: family {current.name} has no TYPE before its samples")
    key = (name.group(), frozenset(labels.items()))
    if key in scrape.values:
        raise FormatError(f"{where}: series twice: {line}")
    value = _exact(fields[0], _number(fields[0], where))
    scrape.values[key] = value
    current.samples.append((name.group(), labels, value))


def _check_histogram(family):
    groups = collections.OrderedDict()
    for name, labels, value in family.samples:
        key = frozenset((k, v) for k, v in labels.items() if k != "le")
        group = groups.setdefault(key, {"buckets": []})
        if name.endswith("_bucket"):
            if "le" not in labels:
                raise FormatError(f"{name}: a bucket without le")
            group["buckets"].append((_number(labels["le"], name), value))
        else:
            group[name[len(family.name):]] = value
    for key, group in groups.items():
        where = f"histogram {family.name} {dict(key)}"
        bounds = [bound for bound, _ in group["buckets"]]
        counts = [count for _, count in group["buckets"]]
        if bounds != sorted(set(bounds)) or not bounds or bounds[-1] != math.inf:
            raise FormatError(f"{where}: bounds {bounds} do not rise to +Inf")
        if any(a > b for a, b in zip(counts, counts[1:])):
            raise FormatError(f"{where}: buckets are not monotonic: {counts}")
        if "_count" not in group or "_sum" not in group:
            raise FormatError(f"{where}: no _count or no _sum")
        if group["_count"] != counts[-1]:
            raise FormatError(f"{where}: _count {group['_count']} is not the +Inf bucket {counts[-1]}")


def _check_family(family, openmetrics):
    if not family.samples:
        raise FormatError(f"family {family.name} has no sample")
    if family.type == "histogram":
        _check_histogram(family)
    if family.type == "counter":
        for name, _, value in family.samples:
            if not value >= 0:
                raise FormatError(f"counter {name} is {value}")
    if family.unit and not family.name.endswith("_" + family.unit):
        raise FormatError(f"family {family.name} does not end in its unit {family.unit}")


def parse(body, openmetrics=False):
    """bytes -> Scrape. Raises FormatError at the first offence."""
    text = body.decode("utf-8")
    if not text.endswith("\n"):
        raise FormatError("no newline at the end")
    lines = text[:-1].split("\n")
    if openmetrics and lines.pop() != "# EOF":
        raise FormatError("no # EOF at the end")
    scrape, current = Scrape(), None
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if not line:
            raise FormatError(f"{where}: empty")
        if line.startswith("#"):
            current = _meta(line, where, scrape, current, openmetrics)
        else:
            _sample(line, where, scrape, current, openmetrics)
    for family in scrape.families.values():
        _check_family(family, openmetrics)
    return scrape
