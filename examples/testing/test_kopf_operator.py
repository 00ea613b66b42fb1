"""An operator of kopf's, run by kopf itself against a cluster of the test's own."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.wherry(manifests=[HERE / "lanterns.yaml"]),
    pytest.mark.filterwarnings("ignore"),
]


def lantern(colour):
    return {"apiVersion": "example.com/v1", "kind": "Lantern", "metadata": {"name": "l"}, "spec": {"colour": colour}}


@pytest.fixture
def operator(wherry_kubeconfig):
    testing = pytest.importorskip("kopf.testing")
    with testing.KopfRunner(["run", "--all-namespaces", str(HERE / "lantern_operator.py")], timeout=30) as runner:
        yield runner
    assert runner.exit_code == 0


def test_a_lantern_is_painted_and_its_paint_goes_with_it(wherry_cluster, operator):
    wherry_cluster.apply(lantern("red"))
    wherry_cluster.wait("cm/l-colour", "jsonpath={.data.colour}=red")
    wherry_cluster.apply(lantern("green"))
    wherry_cluster.wait("cm/l-colour", "jsonpath={.data.colour}=green")
    wherry_cluster.client().delete("lantern/l")
    wherry_cluster.wait("cm/l-colour", "delete")
