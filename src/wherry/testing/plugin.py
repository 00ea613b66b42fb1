"""The pytest plugin: clusters as fixtures.

- `wherry_cluster`: a cluster of the test's own, a fork of the session's, or another if its marker asks for one
- `wherry_async_cluster`: the same cluster, awaitable
- `wherry_session_cluster`: what all forks begin with; put there what every test needs, or override it
- `wherry_kubeconfig`: the path of the test's kubeconfig, which is in the environment as well
- `@pytest.mark.wherry(nodes=2, clock="manual", seed=1, start=..., behave=..., features={...}, manifests=[...])`
- `wherry_nodes`, `wherry_clock`, `wherry_features`, `wherry_manifests` in pytest's configuration: what the session's
  cluster is like

Relative paths of manifests begin at the test's own file, or else at the working folder.

When a test fails, its report shows who wrote what in its cluster, who was refused what, and the Events there.

A suite that asks for none of this pays for nothing: only what stands in this file is loaded with pytest. Every process
of pytest-xdist has a session, and so a cluster, of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from wherry import testing

_MARKER = 'wherry(nodes=1, clock="real", seed=0, ..., manifests=()): what wherry_cluster is like; see Cluster'
_OWN = ("nodes", "clock", "seed", "start", "behave", "storage", "stages", "features")
"""Words of the marker that ask for another cluster than a fork of the session's."""
_OF_AUTHORITY = ("kube-root-ca.crt", "extension-apiserver-authentication", "kubernetes.io:kube-apiserver-serving:")
"""What tells others of the cluster's authority, by how its name begins."""
_MANIFESTS = ("manifests", "crds")
_SHOWN = 60
_CLUSTER = pytest.StashKey["testing.Cluster"]()
_BEGAN = pytest.StashKey[int]()
"""The last revision before anything was written for the test: what a new cluster is born with is no news."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("wherry_nodes", "how many nodes the cluster of the session has", default="1")
    parser.addini("wherry_clock", 'whether its time is "real" or "manual"', default="real")
    parser.addini("wherry_features", "features of Kubernetes to switch on or off: A=true,B=false", default="")
    parser.addini("wherry_manifests", "files and folders that are applied to it at first", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    # pytest rewrites the assertions of whatever is in a distribution with a plugin; those of a control plane are its
    # own business, and rewriting six hundred modules takes seconds.
    marked = getattr(config.pluginmanager.rewrite_hook, "_must_rewrite", None)
    if isinstance(marked, set):
        marked.discard("wherry")


@pytest.fixture(scope="session")
def wherry_session_cluster(pytestconfig: pytest.Config) -> Iterator[testing.Cluster]:
    """One cluster for the whole session, as the configuration says."""
    clock, nodes = pytestconfig.getini("wherry_clock"), pytestconfig.getini("wherry_nodes")
    if not nodes.isdigit():
        raise pytest.UsageError(f"wherry_nodes is a number, not {nodes!r}")
    features = _gates(pytestconfig.getini("wherry_features"))
    with _cluster(pytestconfig.rootpath, nodes=int(nodes), clock=clock, features=features) as cluster:
        cluster.apply(pytestconfig.getini("wherry_manifests"))
        yield cluster


@pytest.fixture
def wherry_cluster(request: pytest.FixtureRequest) -> Iterator[testing.Cluster]:
    """A cluster that only this test sees."""
    words = _words(request)
    manifests = [words.pop(word) for word in _MANIFESTS if word in words]
    folder = request.path.parent
    if words:
        made = _cluster(folder, **words)
    else:
        session: testing.Cluster = request.getfixturevalue("wherry_session_cluster")
        made = session.fork()
        made.folder = folder
    with made as cluster:
        request.node.stash[_CLUSTER] = cluster
        request.node.stash[_BEGAN] = max((entry.revision for entry in cluster.history()), default=0)
        cluster.apply(manifests)
        yield cluster


@pytest.fixture
def wherry_async_cluster(wherry_cluster: testing.Cluster) -> testing.AsyncCluster:
    """The test's cluster for tests that are coroutines; whichever plugin runs those."""
    return wherry_cluster.awaitable()


@pytest.fixture
def wherry_kubeconfig(wherry_cluster: testing.Cluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where clients find the test's cluster; KUBECONFIG says so too."""
    path = wherry_cluster.kubeconfig
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    cluster = item.stash.get(_CLUSTER, None)
    if cluster is not None and report.failed and cluster.is_open:
        for title, text in _story(cluster, item.stash[_BEGAN]):
            report.sections.append((title, text))
    return report


def _cluster(folder: Path, **words: Any) -> testing.Cluster:
    try:
        return testing.Cluster(folder=folder, **words)
    except (ValueError, OSError) as error:
        raise pytest.UsageError(str(error)) from error


def _gates(text: str) -> dict[str, bool] | None:
    if not text:
        return None
    from wherry.api.features import FeatureError, parse_gates

    try:
        return parse_gates(text)
    except FeatureError as error:
        raise pytest.UsageError(f"wherry_features: {error}") from error


def _words(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers of a test say; the nearest counts."""
    words: dict[str, Any] = {}
    for marker in request.node.iter_markers("wherry"):
        if marker.args or set(marker.kwargs) - {*_OWN, *_MANIFESTS}:
            raise pytest.UsageError(f"@pytest.mark.wherry takes the words {', '.join((*_OWN, *_MANIFESTS))}")
        words = {**marker.kwargs, **words}
    return words


def _is_noise(entry: Any) -> bool:
    """Events are told by themselves; the authority is published when a kubeconfig is first asked for; and that an
    object is gone, there already or has changed is daily bread to the control plane's own controllers."""
    return bool(
        entry.kind == "Event"
        or (entry.name.startswith(_OF_AUTHORITY) and not entry.is_refused)
        or (entry.controller and entry.code in (404, 409))
    )


def _story(cluster: testing.Cluster, began: int) -> Iterator[tuple[str, str]]:
    """(title, text) of what a person wants to see of a cluster in which a test failed."""
    from wherry.testing.history import Entries

    entries = cluster.history(since=began, refused=True)
    lines = Entries(entry for entry in entries if not _is_noise(entry)).lines()
    if len(lines) > _SHOWN + 1:
        lines = [lines[0], f"... {len(lines) - 1 - _SHOWN} older lines", *lines[-_SHOWN:]]
    yield "wherry: who wrote what, and was refused what", "\n".join(lines)
    events = [
        f"{event['involvedObject'].get('kind')}/{event['involvedObject'].get('name')} "
        f"{event.get('type')} {event.get('reason')}: {event.get('message')}"
        for event in cluster.events(namespace="*")
    ]
    if events:
        yield "wherry: events", "\n".join(events[-_SHOWN:])
