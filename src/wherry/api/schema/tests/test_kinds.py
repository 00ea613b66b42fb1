from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.schema import DecodeError, schema
from wherry.api.schema.shapes import kind_struct
from wherry.lib.depth import LEVELS

FIELDS = st.sampled_from(
    ["metadata", "spec", "status", "containers", "name", "labels", "env", "resources", "limits", "ports", "port",
     "volumes", "affinity", "creationTimestamp", "valueFrom", "livenessProbe", "httpGet", "bogus"]
)  # fmt: skip


def texts(api_version: str, kind: str, obj: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """(decode errors, missing required fields, unknown fields)"""
    faults, unknown = schema(api_version, kind).prune(obj)
    decode = [fault.detail for fault in faults if isinstance(fault, DecodeError)]
    return decode, [str(fault) for fault in faults if not isinstance(fault, DecodeError)], unknown


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", **fields}]}}


WRONG = [
    ("string for int", {"spec": {"terminationGracePeriodSeconds": "x", "containers": [{"name": "a"}]}},
     "json: cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64"),
    ("fraction for int", {"spec": {"priority": 1.5, "containers": [{"name": "a"}]}},
     "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32"),
    ("too large for int32", {"spec": {"priority": 1 << 40, "containers": [{"name": "a"}]}},
     f"json: cannot unmarshal number {1 << 40} into Go struct field PodSpec.spec.priority of type int32"),
    ("number for string", container(image=3),
     "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string"),
    ("bool for string in a list", container(args=["x", True]),
     "json: cannot unmarshal bool into Go struct field Container.spec.containers.args of type string"),
    ("string for list", {"spec": {"containers": "x"}},
     "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container"),
    ("list for struct", {"spec": []},
     "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec"),
    ("number for label", {"metadata": {"labels": {"a": 1}}, **container()},
     "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"),
    ("list for labels", {"metadata": {"labels": []}, **container()},
     "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string"),
    ("string for bool", container(tty="yes"),
     "json: cannot unmarshal string into Go struct field Container.spec.containers.tty of type bool"),
    ("quantity", container(resources={"limits": {"cpu": "lots"}}),
     "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ("bool for quantity", container(resources={"limits": {"cpu": True}}),
     "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ("bool for port", container(livenessProbe={"httpGet": {"port": True}}),
     "json: cannot unmarshal bool into Go value of type int32"),
    ("time", {"metadata": {"creationTimestamp": "yesterday"}, **container()},
     'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_types_are_decode_errors(obj: dict[str, Any], message: str) -> None:
    assert texts("v1", "Pod", obj) == ([message], [], [])


@pytest.mark.parametrize(("text", "position"), [("aGk", 0), ("aGk=aGk=", 4), ("aG!=", 2), ("aGVsbG8=\u00e4", 8)])
def test_wrong_base64(text: str, position: int) -> None:
    assert texts("v1", "Secret", {"data": {"a": text}})[0] == [f"illegal base64 data at input byte {position}"]


def test_base64_may_be_folded() -> None:
    secret = {"data": {"a": "aG\nk="}}
    assert texts("v1", "Secret", secret) == ([], [], [])
    assert secret == {"data": {"a": "aGk="}}


ROOMY_CRD = {"group": "g", "scope": "Cluster", "names": {"plural": "p", "kind": "K"}, "versions": [{"name": "v1"}]}
PROBE = {"httpGet": {"port": 1, "httpHeaders": [{"name": "x"}]}}
RBAC = ("rbac.authorization.k8s.io/v1", "Role")
INGRESS = ("networking.k8s.io/v1", "Ingress")


def backend(name: str | None) -> dict[str, Any]:
    return {"spec": {"defaultBackend": {"service": {"name": name}}}}


REQUIRED = [
    ("no list", *RBAC, {"rules": [{}]}, ["rules[0].verbs: Required value"]),
    ("empty list", *RBAC, {"rules": [{"verbs": []}]}, ["rules[0].verbs: Required value"]),
    ("empty name", *INGRESS, backend(""), ["spec.defaultBackend.service.name: Required value"]),
    ("null name", *INGRESS, backend(None), ["spec.defaultBackend.service.name: Required value"]),
    ("core kinds judge for themselves", "v1", "Pod", {"spec": {"containers": [{"name": ""}]}}, []),
    ("missing struct", "apps/v1", "Deployment", {}, ["spec.selector: Required value"]),
    ("nested", "batch/v1", "Job", {"spec": {"podFailurePolicy": {"rules": [{}]}}},
     ["spec.podFailurePolicy.rules[0].action: Required value"]),
    ("never in status", "v1", "Pod", {**container(), "status": {"conditions": [{}]}}, []),
    ("never in metadata", "v1", "ConfigMap", {"metadata": {"ownerReferences": [{}]}}, []),
    ("a zero port is judged elsewhere", "v1", "Pod", container(ports=[{}]), []),
    ("an empty header value is fine", "v1", "Pod", container(livenessProbe=PROBE), []),
    ("a node without CSI drivers", "storage.k8s.io/v1", "CSINode", {"spec": {"drivers": []}}, []),
    ("a pointer", "networking.k8s.io/v1", "IPAddress", {"spec": {}}, ["spec.parentRef: Required value"]),
    ("a missing struct counts as an empty one", "autoscaling/v1", "HorizontalPodAutoscaler", {},
     ["spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value"]),
    ("events lack most things", "v1", "Event", {"metadata": {}}, []),
    ("booleans may be false", "apiextensions.k8s.io/v1", "CustomResourceDefinition", {"spec": ROOMY_CRD}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("api_version", "kind", "obj", "expected"), [row[1:] for row in REQUIRED], ids=[row[0] for row in REQUIRED]
)
def test_required_fields(api_version: str, kind: str, obj: dict[str, Any], expected: list[str]) -> None:
    assert texts(api_version, kind, obj) == ([], expected, [])


def test_unknown_fields_are_dropped_and_named() -> None:
    obj = {"spec": {"bogus": {"a": 1}, **container(x=None, ports=[{"containerPort": 1, "y": 1}])["spec"]}}
    expected = ["spec.bogus", "spec.containers[0].x", "spec.containers[0].ports[0].y"]
    assert texts("v1", "Pod", obj) == ([], [], expected)
    assert obj == container(ports=[{"containerPort": 1}])


def test_nulls_become_what_go_makes_of_them() -> None:
    obj = {
        "metadata": {"labels": {"a": None}, "annotations": None},
        "spec": {"containers": [{"name": "a", "args": [None], "env": None}], "overhead": {"cpu": None}},
    }
    assert texts("v1", "Pod", obj) == ([], [], [])
    assert obj == {
        "metadata": {"labels": {"a": ""}},
        "spec": {"containers": [{"name": "a", "args": [""]}], "overhead": {"cpu": "0"}},
    }


def test_what_is_empty_is_left_out_as_go_does() -> None:
    obj = {
        "metadata": {"finalizers": [], "labels": {}},
        "spec": {"containers": [{"name": "a", "env": [], "args": [""], "securityContext": {}}], "nodeSelector": {}},
    }
    assert texts("v1", "Pod", obj) == ([], [], [])
    assert obj == {"metadata": {}, "spec": {"containers": [{"name": "a", "args": [""], "securityContext": {}}]}}
    review: dict[str, Any] = {"status": {"resourceRules": [], "nonResourceRules": []}}
    assert texts("authorization.k8s.io/v1", "SelfSubjectRulesReview", review) == ([], [], [])
    assert review == {"status": {"resourceRules": [], "nonResourceRules": []}}
    user: dict[str, Any] = {"spec": {"extra": {"a": []}}}
    assert texts("authorization.k8s.io/v1", "SubjectAccessReview", user) == ([], [], [])
    assert user == {"spec": {"extra": {"a": []}}}


def test_values_become_canonical() -> None:
    obj: dict[str, Any] = container(resources={"limits": {"cpu": 0.5, "memory": "1024Mi", "x/y": 3}})
    obj["metadata"] = {"creationTimestamp": "2024-01-01T02:00:00.5+02:00"}
    assert texts("v1", "Pod", obj) == ([], [], [])
    assert obj["metadata"] == {"creationTimestamp": "2024-01-01T00:00:00Z"}
    assert obj["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "1Gi", "x/y": "3"}


def test_free_json_is_kept() -> None:
    obj = {"data": {"a": None, "b": [None, 1.5]}, "revision": 1}
    assert texts("apps/v1", "ControllerRevision", obj) == ([], [], [])
    assert obj["data"] == {"a": None, "b": [None, 1.5]}


def test_schemas_of_custom_resources_are_followed() -> None:
    free = {"default": {"a": None}, "enum": [None, 1]}
    props: dict[str, Any] = {"items": {"bogus": 1}, "additionalProperties": True, **free}
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"spec": props}}}}
    unknown = texts(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", {"spec": {**ROOMY_CRD, "versions": [version]}}
    )[2]
    assert unknown == ["spec.versions[0].schema.openAPIV3Schema.properties.spec.items.bogus"]
    assert props == {"items": {}, "additionalProperties": True, **free}


def test_pruning_twice_changes_nothing() -> None:
    obj = container(resources={"requests": {"cpu": "1500m"}})
    texts("v1", "Pod", obj)
    once = json.dumps(obj)
    assert texts("v1", "Pod", obj) == ([], [], [])
    assert json.dumps(obj) == once


def test_zeros_that_say_nothing_go() -> None:
    """Go does not know them from fields that are not there, so they neither show nor count as a change."""
    obj = {
        "metadata": {"name": "a", "generateName": "", "generation": 0, "resourceVersion": ""},
        "spec": {
            "nodeName": "",
            "hostNetwork": False,
            "priority": 0,
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": "",
                    "tty": False,
                    "workingDir": "",
                    "env": [{"name": "A", "value": ""}],
                    "ports": [{"containerPort": 0, "hostPort": 0}],
                    "livenessProbe": {"initialDelaySeconds": 0, "terminationGracePeriodSeconds": 0},
                    "securityContext": {"runAsUser": 0, "privileged": False},
                }
            ],
        },
        "status": {"containerStatuses": [{"name": "", "ready": False, "restartCount": 0, "containerID": ""}]},
    }
    assert texts("v1", "Pod", obj)[::2] == ([], [])
    assert obj == {
        "metadata": {"name": "a"},
        "spec": {
            "priority": 0,
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": "",
                    "env": [{"name": "A"}],
                    "ports": [{"containerPort": 0}],
                    "livenessProbe": {"terminationGracePeriodSeconds": 0},
                    "securityContext": {"runAsUser": 0, "privileged": False},
                }
            ],
        },
        "status": {"containerStatuses": [{"name": "", "ready": False, "restartCount": 0}]},
    }


def test_too_deep() -> None:
    deep: dict[str, Any] = {}
    for _ in range(LEVELS):
        deep = {"properties": {"a": deep}}
    obj = {"spec": {**ROOMY_CRD, "versions": [{"name": "v1", "schema": {"openAPIV3Schema": deep}}]}}
    assert texts("apiextensions.k8s.io/v1", "CustomResourceDefinition", obj) == (["exceeded max depth"], [], [])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=25,
)


@given(obj=st.dictionaries(FIELDS, JUNK, max_size=4))
def test_any_json_is_judged_and_a_second_look_finds_nothing_more_to_drop(obj: dict[str, Any]) -> None:
    decode, missing, _ = texts("v1", "Pod", obj)
    assert texts("v1", "Pod", obj) == (decode, missing, [])
    json.dumps(obj)


STRATEGIES = [
    ("apps/v1", "Deployment", "spec.template.spec.containers", ("merge", "name")),
    ("apps/v1", "Deployment", "spec.template.spec.containers.ports", ("merge", "containerPort")),
    ("apps/v1", "Deployment", "spec.template.spec.containers.args", ("", "")),
    ("apps/v1", "Deployment", "spec.template.spec.volumes", ("merge,retainKeys", "name")),
    ("apps/v1", "Deployment", "spec.strategy", ("retainKeys", "")),
    ("v1", "Service", "spec.ports", ("merge", "port")),
    ("v1", "ConfigMap", "metadata.finalizers", ("merge", "")),
    ("v1", "ConfigMap", "metadata.ownerReferences", ("merge", "uid")),
    ("v1", "ConfigMap", "data.anything", ("", "")),
    ("v1", "ConfigMap", "bogus.field", ("", "")),
]


@pytest.mark.parametrize(("api_version", "kind", "path", "expected"), STRATEGIES)
def test_merge_strategy(api_version: str, kind: str, path: str, expected: tuple[str, str]) -> None:
    assert schema(api_version, kind).merge_strategy(tuple(path.split("."))) == expected


def test_unknown_kinds() -> None:
    with pytest.raises(LookupError, match="no built-in kind Bogus in v1"):
        schema("v1", "Bogus").prune({})
    with pytest.raises(LookupError):
        kind_struct("apps/v2", "Deployment")


@pytest.mark.parametrize(
    ("replicas", "template", "said"),
    [
        pytest.param("two", {}, "unrecognized type: int32", id="text for a number"),
        pytest.param(1.5, {}, "cannot convert float64 to int32", id="half a replica"),
        pytest.param(1 << 40, {}, "", id="an integer that is too large"),
        pytest.param(1, {"containers": "x"}, "cannot restore slice from string", id="text for a list"),
        pytest.param(1, {"containers": ["x"]}, "cannot restore struct from: string", id="text for a struct"),
        pytest.param(1, {"nodeSelector": [1]}, "cannot restore map from slice", id="a list for a map"),
        pytest.param(1, {"nodeName": 7}, "cannot convert int64 to string", id="a number for text"),
        pytest.param(1, {"nodeName": True}, "unrecognized type: string", id="a truth for text"),
        pytest.param(1, {"hostNetwork": {}}, "unrecognized type: bool", id="a map for a truth"),
    ],
)
def test_the_converter_has_words_of_its_own(replicas: Any, template: Any, said: str) -> None:
    spec = {"replicas": replicas, "selector": {}, "template": {"spec": template}}
    faults, _ = schema("apps/v1", "Deployment").prune({"metadata": {}, "spec": spec})
    assert [fault.converter_detail for fault in faults if isinstance(fault, DecodeError)] == [said]


_CANONICAL: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [{"name": "a"}]}}},
    "status": {"replicas": 1},
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": {"replicas": 2}}, id="nothing wrong"),
        pytest.param({"status": {"bogus": 1, "conditions": []}}, id="what is unknown, and what says nothing"),
        pytest.param({"status": None, "spec": {"bogus": 1}}, id="a null beside what is unknown"),
        pytest.param({"status": {"replicas": "x"}}, id="a wrong type"),
        pytest.param({"status": {"replicas": "x"}, "metadata": {"labels": 1}}, id="wrong types in another order"),
        pytest.param({"status": {"bogus": 1}, "metadata": {"bogus": 1}}, id="unknown ones in another order"),
        pytest.param({"spec": {"replicas": 2}}, id="what is required is missing within"),
        pytest.param({"metadata": {"labels": {}, "annotations": None}}, id="empty metadata"),
        pytest.param({"bogus": 1}, id="a member that nobody knows"),
        pytest.param({"spec": None}, id="a null for what is required"),
    ],
)
def test_a_part_is_checked_as_in_the_whole(change: dict[str, Any]) -> None:
    one, other = deepcopy({**_CANONICAL, **change}), deepcopy({**_CANONICAL, **change})
    shape = schema("apps/v1", "Deployment")
    assert shape.prune(one, change.keys()) == shape.prune(other)
    assert one == other


def test_a_member_that_is_gone_is_missed_in_the_whole() -> None:
    gone = {name: value for name, value in _CANONICAL.items() if name != "spec"}
    faults, _ = schema("apps/v1", "Deployment").prune(deepcopy(gone), {"spec"})
    assert [str(fault) for fault in faults] == [str(fault) for fault in schema("apps/v1", "Deployment").prune(gone)[0]]
    assert faults


def test_what_is_said_to_be_unchanged_is_not_looked_at() -> None:
    broken = {**_CANONICAL, "spec": "left alone"}
    assert schema("apps/v1", "Deployment").prune(broken, {"status"}) == ([], [])
