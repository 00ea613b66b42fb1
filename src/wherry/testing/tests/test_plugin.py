"""The plugin in suites of its own, each in a process as users have it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.timeout(90)

WORKS = """
import pytest
from wherry.api.errors import Invalid, NotFound

def configmap(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}

@pytest.fixture(scope="session", autouse=True)
def shared(wherry_session_cluster):
    wherry_session_cluster.apply(configmap("shared"))

@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_its_own(wherry_cluster, turn):
    wherry_cluster.client().get("cm/shared")
    with pytest.raises(NotFound):
        wherry_cluster.client().get("cm/mine")
    wherry_cluster.apply(configmap("mine"))

@pytest.mark.wherry(nodes=2, clock="manual", seed=3)
def test_marked(wherry_cluster):
    assert len(wherry_cluster.client().list("nodes")) == 2
    assert wherry_cluster.clock.now().year == 2023

@pytest.mark.wherry(manifests=["boats.yaml"])
def test_with_manifests(wherry_cluster):
    wherry_cluster.client().get("cm/shared")
    assert wherry_cluster.client().list("boats") == []

def pod():
    spec = {"containers": [{"name": "c", "image": "i"}], "tolerations": [{"key": "k", "operator": "Lt", "value": "1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

@pytest.mark.wherry(nodes=0, features={"TaintTolerationComparisonOperators": False})
def test_features(wherry_cluster):
    with pytest.raises(Invalid):
        wherry_cluster.apply(pod())

def test_features_of_the_session(wherry_cluster):
    wherry_cluster.apply(pod())

@pytest.mark.asyncio
async def test_coroutine(wherry_async_cluster):
    assert (await wherry_async_cluster.client().get("cm/shared"))["kind"] == "ConfigMap"

def test_kubeconfig(wherry_kubeconfig):
    import os
    assert os.environ["KUBECONFIG"] == str(wherry_kubeconfig)
    assert "certificate-authority-data" in wherry_kubeconfig.read_text()

def test_of_the_session(pytestconfig, wherry_session_cluster):
    assert [node["metadata"]["name"] for node in wherry_session_cluster.client().list("nodes")] == ["node-1", "node-2"]
    wherry_session_cluster.client().get("cm/configured")
"""

BESIDE = """
import pytest

@pytest.mark.wherry(manifests=["boats.yaml"])
def test_fork(wherry_cluster):
    wherry_cluster.apply("mine.yaml")
    assert wherry_cluster.client().list("boats") == []

@pytest.mark.wherry(clock="manual", manifests=["boats.yaml"])
def test_own(wherry_cluster):
    with wherry_cluster.fork() as fork:
        fork.apply("mine.yaml")
"""

BOATS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example.com}
spec:
  group: sea.example.com
  names: {plural: boats, singular: boat, kind: Boat}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""

CONFIGURED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: configured}\n"
SETTINGS = """
[pytest]
addopts = --strict-markers -p wherry.testing.plugin -p no:wherry -p no:cacheprovider -p no:looptime_plugin
filterwarnings = error
asyncio_default_fixture_loop_scope = function
wherry_nodes = 2
wherry_features = TaintTolerationComparisonOperators=true
wherry_manifests = configured.yaml
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makefile(".ini", pytest=SETTINGS)
    pytester.makefile(".yaml", boats=BOATS, configured=CONFIGURED)
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess(*arguments, timeout=80)


def test_fixtures_and_markers(suite: pytest.Pytester) -> None:
    suite.makepyfile(WORKS)
    run(suite).assert_outcomes(passed=9)


def test_a_failure_shows_what_happened_in_the_cluster(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.wherry(clock="manual")
        def test_fails(wherry_cluster, wherry_kubeconfig):
            spec = {"containers": [{"name": "c", "image": "example.test/i"}]}
            wherry_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
            wherry_cluster.wait("pod/p", "Ready")
            with wherry_cluster.conflict_next("delete", "pods"), pytest.raises(Exception):
                wherry_cluster.client().delete("pod/p", grace_seconds=0)
            wherry_cluster.client().delete("pod/p", grace_seconds=0)
            assert 0
        """
    )
    result = run(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*wherry: who wrote what, and was refused what*",
        ]
    )
    result.stdout.fnmatch_lines(["REVISION *", "* patch *Pod default/p *new"], consecutive=True)
    refused = "-  * wherry * delete *Pod default/p *REFUSED 409 Conflict: Operation cannot be fulfilled on pods*"
    result.stdout.fnmatch_lines([refused, "* wherry * delete *Pod default/p *gone"], consecutive=True)
    for noise in ("Event default/*", "ConfigMap *", "ClusterTrustBundle *"):
        result.stdout.no_fnmatch_line(f"* create *{noise}")
    result.stdout.fnmatch_lines(
        [
            "*wherry: events*",
            "Pod/p Normal Scheduled:*",
        ]
    )


def test_manifests_stand_beside_the_test_wherever_pytest_is_run(suite: pytest.Pytester) -> None:
    folder = suite.mkdir("tests")
    for name, text in {
        "boats.yaml": BOATS,
        "mine.yaml": CONFIGURED.replace("configured", "mine"),
        "test_beside.py": BESIDE,
    }.items():
        (folder / name).write_text(text)
    run(suite).assert_outcomes(passed=2)


def test_a_manifest_that_is_nowhere_is_looked_for_where_the_report_says(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(wherry_cluster): wherry_cluster.apply('nowhere.yaml')")
    result = run(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E *no such file or folder in {suite.path}: 'nowhere.yaml'"])
    result.stdout.no_fnmatch_line("*manifests.py*")


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("nods=2", "*takes the words nodes, clock, seed, start, behave, storage, stages, features, manifests*"),
        ('clock="slow"', '*clock is "real" or "manual", not \'slow\'*'),
    ],
    ids=["a word that is not known", "a value that is not known"],
)
def test_markers_that_are_not_understood(suite: pytest.Pytester, marker: str, message: str) -> None:
    suite.makepyfile(f"import pytest\n@pytest.mark.wherry({marker})\ndef test_it(wherry_cluster): pass\n")
    result = run(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


def test_workers_of_xdist_have_clusters_of_their_own(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(4))
        def test_it(wherry_cluster, wherry_kubeconfig, turn):
            wherry_cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
            assert wherry_kubeconfig.exists()
        """
    )
    run(suite, "-p", "xdist", "-n", "2").assert_outcomes(passed=4)


def test_a_suite_that_does_not_use_it_loads_no_cluster() -> None:
    code = (
        "import sys, wherry.testing.plugin;"
        "print(sorted(name for name in sys.modules if name.startswith('wherry') and name != 'wherry.testing.plugin'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path("/"))
    assert done.stdout.strip() == "['wherry', 'wherry.lib', 'wherry.lib.collecting', 'wherry.testing']"
