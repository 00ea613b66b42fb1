"""The text form, line by line."""

from __future__ import annotations

from wherry.lib.metrics import Family, Metrics, Sample


def test_counters_and_gauges() -> None:
    metrics = Metrics()
    counter = metrics.counter("hits_total", "Hits.", ("who",))
    counter.add(('a"b',))
    counter.add(('a"b',), 12345678)
    metrics.gauge("depth", "How deep.", lambda: 1.5)
    assert metrics.text().splitlines() == [
        "# HELP hits_total Hits.",
        "# TYPE hits_total counter",
        'hits_total{who="a\\"b"} 12345679',
        "# HELP depth How deep.",
        "# TYPE depth gauge",
        "depth 1.5",
    ]


def test_buckets_of_a_histogram_add_up() -> None:
    metrics = Metrics()
    distribution = metrics.histogram("seconds", "Waited.", ("verb",), (0.1, 1)).distribution(("GET",))
    for amount in (0.05, 0.1, 0.5, 7):
        distribution.observe(amount)
    assert metrics.text().splitlines()[2:] == [
        'seconds_bucket{verb="GET",le="0.1"} 2',
        'seconds_bucket{verb="GET",le="1"} 3',
        'seconds_bucket{verb="GET",le="+Inf"} 4',
        'seconds_sum{verb="GET"} 7.65',
        'seconds_count{verb="GET"} 4',
    ]


def test_a_source_is_asked_when_somebody_looks() -> None:
    metrics, numbers = Metrics(), [1.0]
    metrics.source(lambda: [Family("x", "X.", "gauge", ("k",), [Sample(("v",), numbers[0])])])
    numbers[0] = 2**40
    assert metrics.text().splitlines()[-1] == 'x{k="v"} 1099511627776'
