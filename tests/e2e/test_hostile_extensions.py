"""Definitions, rules and applies that are meant to hurt: others are served meanwhile, and a kill leaves no halves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.serving import Answer, ServerProcess, Talk

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
_SERVICES = "/api/v1/namespaces/default/services"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_APPLY = "application/apply-patch+yaml"
_GROUP = "hostile.example.com"
_MANAGERS, _ROUNDS = 20, 4

Json = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "state")
    server.start()
    yield server
    server.kill()


def _definition(plural: str, spec: Json, group: str = _GROUP, **meta: Any) -> Json:
    schema = {"type": "object", "properties": {"spec": spec}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", **meta},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": plural.capitalize()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _path(plural: str) -> str:
    return f"/apis/{_GROUP}/v1/namespaces/default/{plural}"


def _custom(plural: str, name: str, spec: Any) -> Json:
    kind = {"apiVersion": f"{_GROUP}/v1", "kind": plural.capitalize()}
    return {**kind, "metadata": {"name": name}, "spec": spec}


_FREE: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_KEYED: Json = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k"],
    "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}}},
}
_RULES: Json = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "x-kubernetes-validations": [{"rule": f"self.a != {number}"} for number in range(5000)],
}
_ALTERNATIVES: Json = {"type": "object", "anyOf": [{"required": [f"f{number}"]} for number in range(2**15)]}
_NUMBERS: Json = {"type": "array", "maxItems": 1000, "items": {"type": "integer"}}
_LOOPS: Json = {**_NUMBERS, "x-kubernetes-validations": [{"rule": "self.all(x, self.all(y, x == y))"}]}
_LARGE_DEFAULT: Json = {"type": "object", "properties": {"a": {"type": "string", "default": "x" * 100_000}}}
_OWNER: Json = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o"}


def test_definitions_and_objects_that_are_much_work_disturb_nobody(server: ServerProcess) -> None:
    definitions = {
        "rules": _RULES,
        "alternatives": _ALTERNATIVES,
        "loops": _LOOPS,
        "defaults": {"type": "array", "items": _LARGE_DEFAULT},
        "keyed": _KEYED,
    }
    with server.talk(timeout=60) as talk, _served_quickly(server):
        for plural, schema in definitions.items():
            assert talk.ask("POST", _CRDS, _definition(plural, schema)).status == 201
        _until(lambda: talk.ask("GET", _path("keyed")).status == 200)

        def create(plural: str, spec: Any) -> Answer:
            return talk.ask("POST", _path(plural), _custom(plural, "a", spec))

        assert create("rules", {"a": -1}).status == 201
        assert "must validate at least one schema" in create("alternatives", {}).message
        assert "cost exceeds limit" in create("loops", [1] * 1000).message
        assert create("defaults", [{} for _ in range(20_000)]).reason == "RequestEntityTooLarge"
        keyed = _custom("keyed", "b", [{"k": f"k{number}"} for number in range(20_000)])
        for manager, status in (("one", 201), ("other", 200)):
            assert talk.ask("PATCH", f"{_path('keyed')}/b?fieldManager={manager}", keyed, _APPLY).status == status
        owners = [{**_OWNER, "uid": f"u{number}"} for number in range(10_000)]
        assert talk.ask("POST", _CONFIG_MAPS, {"metadata": {"name": "c", "ownerReferences": owners}}).status == 201
        assert talk.ask("GET", _path("keyed"), headers={"Accept": "application/yaml"}).status == 200
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@contextmanager
def _served_quickly(server: ServerProcess) -> Iterator[None]:
    """What others wait meanwhile: bounds far above what is measured, and far below what these attacks once did."""
    over, waits = threading.Event(), [0.0]

    def ask() -> None:
        with server.talk(timeout=60) as talk:
            while not over.wait(0.01):
                began = time.perf_counter()
                assert talk.ask("GET", "/api/v1/namespaces/default").status == 200
                waits.append(time.perf_counter() - began)

    other = threading.Thread(target=ask)
    other.start()
    try:
        yield
    finally:
        over.set()
        other.join()
    waits.sort()
    assert len(waits) > 100
    assert waits[len(waits) // 2] < 0.2
    assert waits[-1] < 2.0


def test_applies_that_race_lose_nothing(server: ServerProcess) -> None:
    """Twenty managers apply to one object at once, which the first of them creates."""
    with server.talk() as talk:
        assert talk.ask("POST", _CRDS, _definition("shared", _FREE)).status == 201
        _until(lambda: talk.ask("GET", _path("shared")).status == 200)
        faults: list[str] = []
        managers = [threading.Thread(target=_apply_often, args=(server, number, faults)) for number in range(_MANAGERS)]
        for each in managers:
            each.start()
        for each in managers:
            each.join()
        assert faults == []
        obj = talk.ask("GET", f"{_path('shared')}/one").json
        assert obj["spec"] == {f"m{number}": _ROUNDS - 1 for number in range(_MANAGERS)}
        owned = {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}
        assert owned == {f"m{number}": {"f:spec": {f"f:m{number}": {}}} for number in range(_MANAGERS)}


def _apply_often(server: ServerProcess, number: int, faults: list[str]) -> None:
    name = f"m{number}"
    with server.talk() as talk:
        for value in range(_ROUNDS):
            body = _custom("shared", "one", {name: value})
            answer = talk.ask("PATCH", f"{_path('shared')}/one?fieldManager={name}", body, _APPLY)
            if answer.status not in (200, 201):
                faults.append(answer.message)


def test_a_kill_while_kinds_come_and_go_leaves_nothing_half_done(server: ServerProcess) -> None:
    for plural in ("first", "second"):
        with server.talk() as talk:
            assert talk.ask("POST", _CRDS, _definition(plural, _FREE)).status == 201
            _until(lambda: talk.ask("GET", _path(plural)).status == 200)  # noqa: B023
            names = {f"o{number}" for number in range(300)}
            for name in names:
                assert talk.ask("POST", _path(plural), _custom(plural, name, {"a": 1})).status == 201
        _kill_while(server, lambda talk: talk.ask("PUT", *_changed(talk, plural)))  # noqa: B023
        with server.talk() as talk:
            assert {item["metadata"]["name"] for item in talk.ask("GET", _path(plural)).json["items"]} == names
        _kill_while(server, lambda talk: talk.ask("DELETE", f"{_CRDS}/{plural}.{_GROUP}"), once=True)  # noqa: B023
        with server.talk() as talk:
            talk.ask("DELETE", f"{_CRDS}/{plural}.{_GROUP}")  # The kill may have come before the request.
            _until(lambda: talk.ask("GET", f"{_CRDS}/{plural}.{_GROUP}").status == 404)  # noqa: B023
            assert talk.ask("POST", _CRDS, _definition(plural, _FREE)).status == 201
            _until(lambda: talk.ask("GET", _path(plural)).status == 200)  # noqa: B023
            assert talk.ask("GET", _path(plural)).json["items"] == []


def _changed(talk: Talk, plural: str) -> tuple[str, Json]:
    path = f"{_CRDS}/{plural}.{_GROUP}"
    definition: Json = talk.ask("GET", path).json
    definition["spec"]["names"]["shortNames"] = [f"s{time.monotonic_ns() % 1000}"]
    return path, definition


def test_a_kill_while_services_are_made_gives_nothing_twice_and_leaks_nothing(server: ServerProcess) -> None:
    count = iter(range(1_000_000))
    acknowledged: list[Json] = []

    def create(talk: Talk) -> None:
        body = {"metadata": {"name": f"s{next(count)}"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
        answer = talk.ask("POST", _SERVICES, body)
        assert answer.status == 201, answer.message
        acknowledged.append(answer.json)

    for _ in range(2):
        _kill_while(server, create)
        with server.talk() as talk:
            for _ in range(5):
                create(talk)
    with server.talk() as talk:
        items = talk.ask("GET", _SERVICES).json["items"]
        by_name = {item["metadata"]["name"]: _given(item) for item in items}
        assert all(by_name[each["metadata"]["name"]] == _given(each) for each in acknowledged)
        for kind in (0, 1):
            given = [each[kind] for each in by_name.values() if each[kind]]
            assert len(set(given)) == len(given)
        for each in acknowledged[:20]:
            name, (address, port) = each["metadata"]["name"], _given(each)
            assert talk.ask("DELETE", f"{_SERVICES}/{name}").status == 200
            spec = {"type": "NodePort", "clusterIP": address, "ports": [{"port": 80, "nodePort": port}]}
            again = talk.ask("POST", _SERVICES, {"metadata": {"name": f"{name}-again"}, "spec": spec})
            assert again.status == 201, again.message


def _given(service: Json) -> tuple[str, int]:
    return service["spec"]["clusterIP"], service["spec"]["ports"][0].get("nodePort") or 0


def _kill_while(server: ServerProcess, act: Callable[[Talk], object], *, once: bool = False) -> None:
    """Kill the server a moment after the first of these acts, and start it again."""
    begun = threading.Event()

    def go_on() -> None:
        try:
            with server.talk() as talk:
                while True:
                    begun.set()
                    act(talk)
                    if once:
                        return
        except (OSError, ValueError):
            return  # killed

    actor = threading.Thread(target=go_on)
    actor.start()
    assert begun.wait(10)
    time.sleep(0.02 if once else 0.3)
    server.kill()
    actor.join()
    server.start()


def test_who_may_only_touch_one_group_can_do_no_more(server: ServerProcess) -> None:
    with server.talk() as talk:
        for plural in ("mine", "other"):
            assert talk.ask("POST", _CRDS, _definition(plural, _FREE)).status == 201
            _until(lambda: talk.ask("GET", _path(plural)).status == 200)  # noqa: B023
        rule = {"apiGroups": [_GROUP], "resources": ["mine"], "verbs": ["get", "patch"]}
        bearer = _user(talk, "limited", [rule])
        assert talk.ask("POST", _path("mine"), _custom("mine", "there", {"a": 1})).status == 201
    with server.talk(with_certificate=False) as talk:

        def apply(plural: str, name: str) -> int:
            path, body = f"{_path(plural)}/{name}?fieldManager=m", _custom(plural, name, {"b": 1})
            return talk.ask("PATCH", path, body, _APPLY, bearer).status

        assert apply("mine", "there") == 200
        assert apply("mine", "new") == 403, "to apply what does not exist is to create it"
        assert apply("other", "there") == 403
        assert talk.ask("POST", _CRDS, _definition("more", _FREE), headers=bearer).status == 403
        assert talk.ask("GET", f"{_path('mine')}/there/status", headers=bearer).status in (403, 404)
    with server.talk() as talk:
        role = {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["create"]}
        bearer = _user(talk, "granting", [role, rule])
    with server.talk(with_certificate=False) as talk:
        for verb, status in (("get", 201), ("delete", 403)):
            wanted = {"metadata": {"name": f"may-{verb}"}, "rules": [{**rule, "verbs": [verb]}]}
            path = f"{_RBAC}/namespaces/default/roles"
            assert talk.ask("POST", path, wanted, headers=bearer).status == status, verb


def _user(talk: Talk, name: str, rules: list[Json]) -> Mapping[str, str]:
    """A service account with these rights in the namespace `default`; what it sends to be known."""
    accounts, in_default = "/api/v1/namespaces/default/serviceaccounts", f"{_RBAC}/namespaces/default"
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    for path, body in (
        (accounts, {"metadata": {"name": name}}),
        (f"{in_default}/roles", {"metadata": {"name": name}, "rules": rules}),
        (f"{in_default}/rolebindings", binding),
    ):
        assert talk.ask("POST", path, body).status == 201
    token = talk.ask("POST", f"{accounts}/{name}/token", {}).json["status"]["token"]
    return {"Authorization": f"Bearer {token}"}


def test_no_definition_stands_before_a_built_in_kind(server: ServerProcess) -> None:
    group = "rbac.authorization.k8s.io"
    with server.talk() as talk:
        mimic = _definition("roles", _FREE, group)
        assert talk.ask("POST", _CRDS, mimic).status == 422, "the group is protected"
        mimic["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, a test"}
        assert talk.ask("POST", _CRDS, mimic).status == 201
        bad = {"metadata": {"name": "r"}, "rules": [{"verbs": []}]}
        path = f"{_RBAC}/namespaces/default/roles"
        assert talk.ask("POST", path, bad).status == 422, "the kind's own rules hold"
        assert talk.ask("DELETE", f"{_CRDS}/roles.{group}").status == 200
        assert talk.ask("GET", path).status == 200


def _until(is_true: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.01)
