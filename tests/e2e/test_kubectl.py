"""Unmodified kubectl, old and new, against a control plane: everything that needs no container."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.e2e.cluster import ROOT, Cluster

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "web:1", ports: [{containerPort: 80}]}
"""


class In:
    """kubectl in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        return self._cluster.kubectl("-n", self.namespace, *words, stdin=stdin)

    def fails(self, *words: str, stdin: str | None = None) -> str:
        return self._cluster.failure("-n", self.namespace, *words, stdin=stdin)


@pytest.fixture
def kubectl(api: Cluster, namespace: str) -> Iterator[In]:
    yield In(api, namespace)


def test_version_and_discovery(api: Cluster) -> None:
    assert json.loads(api.kubectl("version", "-o", "json"))["serverVersion"]["minor"] == "37"
    resources = api.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    assert {"pods", "deployments.apps", "leases.coordination.k8s.io"} <= set(resources)
    assert "apps/v1" in api.kubectl("api-versions").split()


def test_create_apply_and_diff(kubectl: In) -> None:
    assert kubectl("apply", "-f", "-", stdin=WEB) == "deployment.apps/web created\n"
    assert kubectl("apply", "-f", "-", stdin=WEB) == "deployment.apps/web unchanged\n"
    assert kubectl("diff", "-f", "-", stdin=WEB) == ""
    assert kubectl("apply", "-f", "-", stdin=WEB.replace("web:1", "web:2")) == "deployment.apps/web configured\n"
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}") == "web:2"
    assert "already exists" in kubectl.fails("create", "-f", "-", stdin=WEB)


def test_dry_run_changes_nothing(kubectl: In) -> None:
    assert "created (server dry run)" in kubectl("apply", "--dry-run=server", "-f", "-", stdin=WEB)
    assert 'deployments.apps "web" not found' in kubectl.fails("get", "deploy", "web")


def test_typed_creates(kubectl: In) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "s", "--from-literal=password=x")
    kubectl("create", "deployment", "d", "--image=web:1", "--replicas=2")
    kubectl("create", "job", "j", "--image=web:1")
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "readers", "--role=reader", f"--serviceaccount={kubectl.namespace}:robot")
    kubectl("run", "p", "--image=web:1", "--restart=Never")
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.password}") == "eA=="
    assert kubectl("get", "configmap", "c", "-o", "jsonpath={.data.a}") == "b"
    names = kubectl("get", "all", "-o", "name").split()
    assert {"deployment.apps/d", "job.batch/j", "pod/p"} <= set(names)


def test_columns(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    header = kubectl("get", "deploy", "-o", "wide").splitlines()[0]
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]
    assert kubectl("get", "deploy", "--show-labels", "--no-headers").split()[0] == "web"
    assert kubectl("get", "deploy", "-o", "custom-columns=N:.metadata.name").split() == ["N", "web"]


def test_describe(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    text = kubectl("describe", "deployment", "web")
    assert "StrategyType:           RollingUpdate" in text
    assert "Selector:               app=web" in text


def test_patch_three_ways(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("patch", "deploy", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"web","tty":true}]}}}}')
    kubectl("patch", "deploy", "web", "--type=merge", "-p", '{"spec":{"paused":true}}')
    kubectl("patch", "deploy", "web", "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":7}]')
    spec = json.loads(kubectl("get", "deploy", "web", "-o", "json"))["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert (spec["replicas"], spec["paused"], container["tty"], container["image"]) == (7, True, True, "web:1")


def test_label_annotate_and_select(kubectl: In) -> None:
    kubectl("create", "configmap", "a")
    kubectl("create", "configmap", "b")
    kubectl("label", "configmap", "a", "tier=front")
    kubectl("annotate", "configmap", "a", "note=here")
    assert kubectl("get", "cm", "-l", "tier in (front,back)", "-o", "name") == "configmap/a\n"
    assert kubectl("get", "cm", "--field-selector", "metadata.name=b", "-o", "name") == "configmap/b\n"
    kubectl("label", "configmap", "a", "tier-")
    assert kubectl("get", "cm", "-l", "tier", "-o", "name") == ""


def test_edit(api: Cluster, kubectl: In) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=old")
    environment = {**api.environment, "KUBE_EDITOR": "sed -i s/old/new/"}
    done = api.start(api.kubectl_path, "-n", kubectl.namespace, "edit", "configmap", "c", env=environment, stdout=-1)
    assert done.communicate(timeout=30)[0] == "configmap/c edited\n"
    assert kubectl("get", "configmap", "c", "-o", "jsonpath={.data.a}") == "new"


def test_scale_and_wait(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    assert kubectl("scale", "deploy", "web", "--replicas=3") == "deployment.apps/web scaled\n"
    kubectl("wait", "deploy/web", "--for=jsonpath={.status.replicas}=3", "--timeout=20s")
    kubectl("delete", "deploy", "web", "--wait=true", "--timeout=20s")
    kubectl("wait", "pods", "-l", "app=web", "--for=delete", "--timeout=20s")


def test_delete_orphans_and_cascades(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("wait", "deploy/web", "--for=jsonpath={.status.replicas}=2", "--timeout=20s")
    kubectl("delete", "deploy", "web", "--cascade=orphan")
    assert kubectl("get", "rs", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.ownerReferences}") == ""
    kubectl("delete", "rs", "-l", "app=web", "--cascade=foreground", "--timeout=20s")
    kubectl("wait", "pods", "-l", "app=web", "--for=delete", "--timeout=20s")


def test_explain_and_openapi(api: Cluster) -> None:
    assert "Number of desired pods" in api.kubectl("explain", "deployment.spec.replicas")
    assert "FIELDS:" in api.kubectl("explain", "pod.spec.containers")
    assert "containers" in api.kubectl("explain", "pod.spec", "--recursive")


def test_what_is_wrong_is_said(kubectl: In) -> None:
    wrong = WEB.replace("replicas: 2", "replicas: -1").replace("image:", "imagee:")
    assert 'unknown field "spec.template.spec.containers[0].imagee"' in kubectl.fails("create", "-f", "-", stdin=wrong)
    negative = kubectl.fails("create", "-f", "-", stdin=WEB.replace("replicas: 2", "replicas: -1"))
    assert (
        'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
        in negative
    )
    assert "namespaces" in kubectl.fails("create", "configmap", "x", "-n", "no-such-namespace")


def test_permissions(api: Cluster, kubectl: In) -> None:
    robot = f"system:serviceaccount:{kubectl.namespace}:robot"
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "role", "reader", "--verb=list", "--resource=pods")
    kubectl("create", "rolebinding", "readers", "--role=reader", f"--serviceaccount={kubectl.namespace}:robot")
    assert kubectl("auth", "can-i", "list", "pods", f"--as={robot}") == "yes\n"
    assert (
        "no"
        in api.run(
            api.kubectl_path, "-n", kubectl.namespace, "auth", "can-i", "delete", "pods", f"--as={robot}", check=False
        ).stdout
    )
    assert "pods" in kubectl("auth", "can-i", "--list", f"--as={robot}")
    assert f'User "{robot}" cannot list resource "secrets"' in kubectl.fails("get", "secrets", f"--as={robot}")
    assert "kubernetes-super-admin" in kubectl("auth", "whoami")


def test_tokens_of_service_accounts(api: Cluster, kubectl: In) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot").strip()
    who = kubectl("auth", "whoami", "--token", token, "-o", "jsonpath={.status.userInfo.username}")
    # The certificate of the kubeconfig speaks louder than a token, so ask without it.
    assert who in (f"system:serviceaccount:{kubectl.namespace}:robot", "kubernetes-super-admin")
    server = f"https://127.0.0.1:{api.port}"
    bare = ["--kubeconfig", "/dev/null", "--server", server, "--token", token]
    authority = str(api.state / "server/pki/ca.crt")
    name = kubectl("auth", "whoami", *bare, "--certificate-authority", authority, "-o", "json")
    assert json.loads(name)["status"]["userInfo"]["username"] == f"system:serviceaccount:{kubectl.namespace}:robot"


def test_nodes_can_be_cordoned_tainted_and_drained(api: Cluster) -> None:
    name = f"fake-{'old' if 'bin/kubectl' in api.kubectl_path else 'new'}"
    api.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}))
    api.kubectl("cordon", name)
    api.kubectl("taint", "node", name, "gpu=yes:NoSchedule")
    node = api.get("node", name)
    assert node["spec"]["unschedulable"] is True
    assert {"key": "gpu", "value": "yes", "effect": "NoSchedule"} in node["spec"]["taints"]
    api.kubectl("drain", name, "--ignore-daemonsets", "--timeout=20s")
    api.kubectl("uncordon", name)
    api.kubectl("delete", "node", name)


def test_watch_sees_changes(api: Cluster, kubectl: In) -> None:
    watch = api.start(
        api.kubectl_path, "-n", kubectl.namespace, "get", "cm", "-w", "-o", "name", "--watch-only", stdout=-1
    )
    try:
        assert watch.stdout is not None
        for number in range(50):
            kubectl("create", "configmap", f"c{number}")
            if number == 2:
                break
        seen = {watch.stdout.readline().strip() for _ in range(1)}
        assert seen <= {"configmap/c0", "configmap/c1", "configmap/c2", "configmap/kube-root-ca.crt"}
    finally:
        watch.terminate()
        watch.communicate(timeout=10)


def test_namespaces_take_their_contents_along(api: Cluster, namespace: str) -> None:
    name = f"{namespace}-gone"
    api.kubectl("create", "namespace", name)
    api.kubectl("-n", name, "apply", "-f", "-", stdin=WEB)
    api.kubectl("delete", "namespace", name, "--timeout=30s")
    assert "not found" in api.failure("get", "namespace", name)


def test_the_example_is_valid(api: Cluster, kubectl: In) -> None:
    kubectl("apply", "-f", str(ROOT / "examples/hello.yaml"))
