"""What a configuration file turns into, and what is wrong with others."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from wherry.scheduler.catalog import PLUGINS
from wherry.scheduler.config.reading import ConfigurationError, read_configuration
from wherry.scheduler.configuration import Configuration, ProfileSettings
from wherry.scheduler.queue import Backoff

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
CASES = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text())


def read(text: str) -> Configuration:
    return read_configuration((HEAD + text).encode())


def profile(text: str) -> ProfileSettings:
    return read("profiles:\n- " + text.replace("\n", "\n  ")).profiles[0]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_faults(case: dict[str, str]) -> None:
    text = case["file"] if case.get("whole") else HEAD + case["file"]
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(text.encode())
    assert str(caught.value) == case["says"].strip()


def test_an_empty_one_is_the_default() -> None:
    found = read("")
    only = found.profiles[0]
    assert (found.percentage, found.backoff, found.extenders) == (0, Backoff(1, 10), ())
    assert only.name == "default-scheduler"
    assert only.filters == tuple(PLUGINS)
    assert (only.scores or {})["TaintToleration"] == 3


def test_numbers() -> None:
    found = read("percentageOfNodesToScore: 30\npodInitialBackoffSeconds: 2\npodMaxBackoffSeconds: 20\n")
    assert (found.percentage, found.backoff) == (30, Backoff(2, 20))


def test_a_plugin_disabled_everywhere() -> None:
    found = profile("plugins:\n  multiPoint:\n    disabled: [{name: ImageLocality}, {name: DefaultPreemption}]")
    assert "ImageLocality" not in (found.scores or {})
    assert "DefaultPreemption" not in (found.preemption or ())


def test_only_what_is_enabled() -> None:
    found = profile("plugins:\n  score:\n    disabled: [{name: '*'}]\n    enabled: [{name: NodeAffinity, weight: 7}]\n")
    assert found.scores == {"NodeAffinity": 7}
    assert found.filters == tuple(PLUGINS)


def test_a_weight_of_its_own_comes_first() -> None:
    found = profile("plugins:\n  score:\n    enabled: [{name: ImageLocality, weight: 5}]")
    assert next(iter((found.scores or {}).items())) == ("ImageLocality", 5)
    assert len(found.scores or {}) == len(PLUGINS)


def test_a_weight_everywhere_stays_in_place() -> None:
    found = profile("plugins:\n  multiPoint:\n    enabled: [{name: ImageLocality, weight: 5}]")
    assert list(found.scores or {}) == list(PLUGINS)
    assert (found.scores or {})["ImageLocality"] == 5


def test_what_is_part_of_the_loop_may_be_named() -> None:
    found = profile(
        "plugins:\n  queueSort:\n    enabled: [{name: PrioritySort}]\n  bind:\n    enabled: [{name: DefaultBinder}]"
    )
    assert found.filters == tuple(PLUGINS)


def test_args_reach_their_plugin() -> None:
    found = profile("pluginConfig:\n- name: InterPodAffinity\n  args: {hardPodAffinityWeight: 5}")
    assert found.args == {"InterPodAffinity": {"hardPodAffinityWeight": 5}}


def test_an_extender() -> None:
    found = read(
        "extenders:\n- urlPrefix: http://example.com/x/\n  filterVerb: filter\n  httpTimeout: 100ms\n"
        "  managedResources: [{name: example.com/gpu, ignoredByScheduler: true}]\n  nodeCacheCapable: true\n"
    )
    (extender,) = found.extenders
    assert (extender.url, extender.timeout) == ("http://example.com/x", 0.1)
    assert (extender.resources, extender.has_nodes) == (frozenset(("example.com/gpu",)), True)
    assert found.profiles[0].args["NodeResourcesFit"] == {"ignoredResources": ["example.com/gpu"]}
