"""The verbs of the API through `handle`, on a memory store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.apiserver.tests.harness import CONFIGMAPS, PODS, Server, configmap, pod, serving
from wherry.transport.messages import Response

MERGE = {"content-type": "application/merge-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"content-type": "application/json-patch+json"}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


async def test_life_of_an_object(server: Server) -> None:
    made = await server.post(CONFIGMAPS, configmap("a", x="1"))
    assert made["metadata"]["uid"]
    assert await server.get(f"{CONFIGMAPS}/a") == made
    page = await server.get(CONFIGMAPS)
    assert page["items"] == [made]
    made["data"] = {"x": "2"}
    changed = await server.call("PUT", f"{CONFIGMAPS}/a", made)
    assert (changed.status, changed.body["data"]) == (200, {"x": "2"})
    stale = await server.call("PUT", f"{CONFIGMAPS}/a", made)
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    gone = await server.call("DELETE", f"{CONFIGMAPS}/a")
    assert (gone.status, gone.body["status"]) == (200, "Success")
    assert gone.body["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    missing = await server.call("GET", f"{CONFIGMAPS}/a")
    assert missing.body["message"] == 'configmaps "a" not found'


async def test_generated_names_are_unique(server: Server) -> None:
    body = {"metadata": {"generateName": "a-"}}
    names = {(await server.post(CONFIGMAPS, body))["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 7 for name in names)


async def test_update_without_change_is_no_write(server: Server) -> None:
    made = await server.post(CONFIGMAPS, configmap("a", x="1"))
    answer = await server.call("PUT", f"{CONFIGMAPS}/a", made)
    assert answer.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_finalizers_keep_a_deleted_object(server: Server) -> None:
    body = configmap("a")
    body["metadata"]["finalizers"] = ["example.com/keep"]
    await server.post(CONFIGMAPS, body)
    answer = await server.call("DELETE", f"{CONFIGMAPS}/a")
    assert answer.body["metadata"]["deletionTimestamp"]
    assert answer.body["metadata"]["deletionGracePeriodSeconds"] == 0
    again = await server.call("DELETE", f"{CONFIGMAPS}/a")
    assert again.body["metadata"]["resourceVersion"] == answer.body["metadata"]["resourceVersion"]
    freed = await server.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"finalizers": None}}, MERGE)
    assert freed.status == 200
    assert (await server.call("GET", f"{CONFIGMAPS}/a")).status == 404


@pytest.mark.parametrize(
    ("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")], ids=["foreground", "orphan"]
)
async def test_propagation_policy_leaves_the_rest_to_the_collector(server: Server, policy: str, finalizer: str) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    answer = await server.call("DELETE", f"{CONFIGMAPS}/a", {"propagationPolicy": policy})
    assert answer.body["metadata"]["finalizers"] == [finalizer]


@pytest.mark.parametrize(
    ("patch", "headers", "data"),
    [
        ({"data": {"b": "2"}}, MERGE, {"a": "1", "b": "2"}),
        ({"data": {"a": None}}, STRATEGIC, {}),
        ([{"op": "replace", "path": "/data/a", "value": "3"}], JSON_PATCH, {"a": "3"}),
    ],
    ids=["merge", "strategic", "json"],
)
async def test_patches(server: Server, patch: Any, headers: dict[str, str], data: dict[str, str]) -> None:
    await server.post(CONFIGMAPS, configmap("x", a="1"))
    answer = await server.call("PATCH", f"{CONFIGMAPS}/x", patch, headers)
    assert answer.status == 200, answer.body
    assert answer.body.get("data", {}) == data


async def test_of_writers_at_the_same_moment_who_read_the_same_one_wins(server: Server) -> None:
    made = await server.post(CONFIGMAPS, configmap("a", x="old"))
    wanted = [{**made, "data": {"x": str(number)}} for number in range(4)]
    answers = await asyncio.gather(*(server.call("PUT", f"{CONFIGMAPS}/a", obj) for obj in wanted))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert all(answer.body["reason"] == "Conflict" for answer in answers if answer.status == 409)
    assert (await server.get(f"{CONFIGMAPS}/a")) in [answer.body for answer in answers]


@pytest.mark.parametrize("version", [{}, {"resourceVersion": ""}, {"resourceVersion": "0"}], ids=str)
async def test_writers_who_name_no_version_all_get_through(server: Server, version: dict[str, str]) -> None:
    await server.post(CONFIGMAPS, configmap("a", x="0"))
    wanted = [{**configmap("a", x=str(number)), "metadata": {"name": "a", **version}} for number in range(4)]
    answers = await asyncio.gather(*(server.call("PUT", f"{CONFIGMAPS}/a", obj) for obj in wanted))
    assert [(answer.status, answer.body["data"]) for answer in answers] == [(200, obj["data"]) for obj in wanted]


async def test_graceful_deletion_of_a_pod(server: Server) -> None:
    await server.post(PODS, pod("a", nodeName="n"))
    answer = await server.call("DELETE", f"{PODS}/a")
    assert answer.body["metadata"]["deletionGracePeriodSeconds"] == 30
    sooner = await server.call("DELETE", f"{PODS}/a", {"gracePeriodSeconds": 5})
    assert sooner.body["metadata"]["deletionGracePeriodSeconds"] == 5
    now = await server.call("DELETE", f"{PODS}/a", {"gracePeriodSeconds": 0})
    assert now.status == 200
    assert (await server.call("GET", f"{PODS}/a")).status == 404


async def test_status_and_spec_are_written_apart(server: Server) -> None:
    url = "/apis/apps/v1/namespaces/default/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
    body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    made = await server.post(url, {**body, "status": {"replicas": 9}})
    assert made["status"] == {}
    assert made["metadata"]["generation"] == 1
    made["spec"]["replicas"], made["status"] = 3, {"replicas": 7}
    changed = (await server.call("PUT", f"{url}/d", made)).body
    assert (changed["metadata"]["generation"], changed["status"]) == (2, {})
    changed["spec"]["replicas"], changed["status"] = 5, {"replicas": 7}
    after = (await server.call("PUT", f"{url}/d/status", changed)).body
    assert (after["spec"]["replicas"], after["status"]) == (3, {"replicas": 7})
    assert after["metadata"]["generation"] == 2
    scale = await server.get(f"{url}/d/scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 7, "selector": "a=b"})
    scale["spec"]["replicas"] = 4
    assert (await server.call("PUT", f"{url}/d/scale", scale)).body["spec"] == {"replicas": 4}
    patched = await server.call("PATCH", f"{url}/d/scale", {"spec": {"replicas": 6}}, MERGE)
    assert patched.body["spec"] == {"replicas": 6}
    assert (await server.get(f"{url}/d"))["spec"]["replicas"] == 6


async def test_binding(server: Server) -> None:
    made = await server.post(PODS, pod("a"))
    waiting = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    made["status"] |= {"conditions": [waiting, {"type": "Ready", "status": "False"}], "nominatedNodeName": "n"}
    await server.call("PUT", f"{PODS}/a/status", made)
    binding = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n"}}
    done = await server.call("POST", f"{PODS}/a/binding", binding)
    assert (done.status, done.body["status"]) == (201, "Success")
    bound = await server.get(f"{PODS}/a")
    assert bound["spec"]["nodeName"] == "n"
    scheduled = bound["status"]["conditions"][0]
    assert (scheduled["type"], scheduled["status"], scheduled.get("reason")) == ("PodScheduled", "True", None)
    assert "nominatedNodeName" not in bound["status"]
    again = await server.call("POST", f"{PODS}/a/binding", binding)
    expected = 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n"'
    assert (again.status, again.body["message"]) == (409, expected)


async def test_deletecollection_takes_what_is_selected(server: Server) -> None:
    for index in range(150):
        await server.post(CONFIGMAPS, configmap(f"c{index}", {"half": str(index % 2)}))
    answer = await server.call("DELETE", f"{CONFIGMAPS}?labelSelector=half%3D0")
    assert len(answer.body["items"]) == 75
    assert len((await server.get(CONFIGMAPS))["items"]) == 75


async def test_dry_run_writes_nothing(server: Server) -> None:
    answer = await server.call("POST", f"{CONFIGMAPS}?dryRun=All", configmap("a"))
    assert answer.status == 201
    assert (await server.call("GET", f"{CONFIGMAPS}/a")).status == 404
    await server.post(CONFIGMAPS, configmap("a"))
    await server.call("DELETE", f"{CONFIGMAPS}/a?dryRun=All")
    await server.call("PATCH", f"{CONFIGMAPS}/a?dryRun=All", {"data": {"x": "1"}}, MERGE)
    assert "x" not in (await server.get(f"{CONFIGMAPS}/a")).get("data", {})


async def test_owners_count_once(server: Server) -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    body = configmap("a")
    body["metadata"]["ownerReferences"] = [owner, owner, {**owner, "controller": True}]
    made = await server.call("POST", CONFIGMAPS, body)
    assert made.body["metadata"]["ownerReferences"] == [owner, {**owner, "controller": True}]
    assert made.headers["Warning"].endswith('duplicate UID(s) observed: u"')
    more = [{"op": "add", "path": "/metadata/ownerReferences/-", "value": owner}]
    patched = await server.call("PATCH", f"{CONFIGMAPS}/a", more, JSON_PATCH)
    assert "after mutating admission happens" in patched.headers["Warning"]


@pytest.mark.parametrize(
    ("method", "query", "why"),
    [
        ("POST", f"fieldManager={'x' * 129}", "fieldManager: Too long: may not be more than 128 bytes"),
        ("POST", "fieldManager=a%01", "fieldManager: Invalid value"),
        ("PATCH", "force=true", "force: Forbidden: may not be specified for non-apply patch"),
    ],
    ids=["long", "unprintable", "force"],
)
async def test_options_that_are_wrong(server: Server, method: str, query: str, why: str) -> None:
    url = CONFIGMAPS if method == "POST" else f"{CONFIGMAPS}/a"
    answer = await server.call(method, f"{url}?{query}", configmap("a"), MERGE if method == "PATCH" else None)
    assert answer.status == 422
    assert why in answer.body["message"]


async def test_duplicate_keys_of_yaml(server: Server) -> None:
    body = b"metadata:\n  name: a\ndata:\n  k: '1'\n  k: '2'\nbogus: 1\nbogus: 2\n"
    yaml = {"content-type": "application/yaml"}
    strict = await server.call("POST", f"{CONFIGMAPS}?fieldValidation=Strict", body, yaml)
    assert (strict.status, strict.body["message"]) == (
        400,
        (
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
            "yaml: unmarshal errors:\n"
            '  line 5: key "k" already set in map\n  line 7: key "bogus" already set in map, unknown field "bogus"'
        ),
    )
    warned = await server.raw("POST", CONFIGMAPS, body, yaml)
    warnings = [text for name, text in warned.headers if name == "Warning"]  # type: ignore[union-attr]
    assert warnings[0] == '299 - "line 5: key \\"k\\" already set in map"'
    assert len(warnings) == 3


async def test_a_list_that_a_patch_empties_is_gone(server: Server) -> None:
    held = configmap("a")
    held["metadata"]["finalizers"] = ["example.com/x"]
    await server.post(CONFIGMAPS, held)
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/x"]}}
    answer = await server.call("PATCH", f"{CONFIGMAPS}/a", patch, STRATEGIC)
    assert answer.status == 200
    assert "finalizers" not in answer.body["metadata"]
    assert "finalizers" not in (await server.get(f"{CONFIGMAPS}/a"))["metadata"]


UNDECODABLE = [
    pytest.param(MERGE, {"data": {"k": 1}}, '{\\"', "json: cannot unmarshal number into Go", id="merge"),
    pytest.param(JSON_PATCH, [{"op": "add", "path": "/data", "value": 7}], '{\\"', "json: cannot", id="json"),
    pytest.param(
        STRATEGIC, {"data": {"k": 1}}, "map[data:map[k:1]]", ": cannot convert int64 to string", id="strategic"
    ),
    pytest.param(MERGE, {"bogus": 1}, '{\\"', 'strict decoding error: unknown field "bogus"', id="unknown field"),
]


@pytest.mark.parametrize(("headers", "patch", "shown", "why"), UNDECODABLE)
async def test_a_patch_that_makes_no_object_is_invalid(
    server: Server, headers: dict[str, str], patch: Any, shown: str, why: str
) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    answer = await server.call("PATCH", f"{CONFIGMAPS}/a?fieldValidation=Strict", patch, headers)
    assert (answer.status, answer.body["reason"]) == (422, "Invalid")
    assert answer.body["message"].startswith(f' "" is invalid: patch: Invalid value: "{shown}')
    assert why in answer.body["message"]
    assert answer.body["details"]["causes"][0]["field"] == "patch"


@pytest.mark.parametrize(
    ("headers", "patch", "status"),
    [
        pytest.param(STRATEGIC, {"kind": "Secret"}, 200, id="strategic does not heed kinds"),
        pytest.param(MERGE, {"kind": None, "apiVersion": None}, 200, id="no kind is the right kind"),
        pytest.param(MERGE, {"kind": "Secret"}, 422, id="another kind"),
    ],
)
async def test_patches_of_the_kind(server: Server, headers: dict[str, str], patch: Any, status: int) -> None:
    await server.call("POST", CONFIGMAPS, configmap("a"))
    answer = await server.call("PATCH", f"{CONFIGMAPS}/a", patch, headers)
    assert answer.status == status
    assert (await server.call("GET", f"{CONFIGMAPS}/a")).body["kind"] == "ConfigMap"


async def test_unknown_and_duplicate_fields(server: Server) -> None:
    body = b'{"metadata":{"name":"a"},"bogus":1,"data":{"k":"1","k":"2"}}'
    strict = await server.call("POST", f"{CONFIGMAPS}?fieldValidation=Strict", body)
    assert strict.status == 400
    assert strict.body["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
        'unknown field "bogus", duplicate field "data.k"'
    )
    warned = await server.raw("POST", CONFIGMAPS, body)
    assert ("Warning", '299 - "unknown field \\"bogus\\""') in warned.headers  # type: ignore[union-attr]
    ignored = await server.call("POST", f"{CONFIGMAPS}?fieldValidation=Ignore", body.replace(b'"a"', b'"b"'))
    assert (ignored.status, ignored.headers.get("Warning")) == (201, None)


async def test_yaml_in_and_out(server: Server) -> None:
    body = b"metadata:\n  name: a\n  annotations: {when: 2024-01-01}\ndata: {x: 'y'}\n"
    headers = {"content-type": "application/yaml", "accept": "application/yaml"}
    answer = await server.call("POST", CONFIGMAPS, body.replace(b"2024-01-01", b"'2024-01-01'"), headers)
    assert (answer.status, answer.content_type) == (201, "application/yaml")
    assert "kind: ConfigMap" in answer.body


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "message"),
    [
        ("GET", "/nowhere", None, 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/nowhere", None, 404, "the server could not find the requested resource"),
        ("GET", f"{CONFIGMAPS}/x/status", None, 404, "the server could not find the requested resource"),
        ("POST", f"{CONFIGMAPS}/x", {}, 405, "the server does not allow this method on the requested resource"),
        ("DELETE", "/api/v1/namespaces", None, 405, "the server does not allow this method on the requested resource"),
        ("POST", "/api/v1/configmaps", configmap("a"), 405, None),
        (
            "POST",
            CONFIGMAPS,
            {"metadata": {"name": "a", "namespace": "other"}},
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            "POST",
            CONFIGMAPS,
            b"{",
            400,
            (
                "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; "
                "json parse error: Input data was truncated ({)"
            ),
        ),
        (
            "POST",
            CONFIGMAPS,
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}},
            400,
            (
                'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): '
                "unknown conversion"
            ),
        ),
        (
            "POST",
            CONFIGMAPS,
            {"metadata": {}},
            422,
            'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
        ),
        (
            "POST",
            CONFIGMAPS,
            {"metadata": {"name": "a"}, "data": {"x": 1}},
            400,
            (
                'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go '
                "struct field ConfigMap.data of type string"
            ),
        ),
        (
            "PUT",
            f"{CONFIGMAPS}/x",
            configmap("y"),
            400,
            "the name of the object (y) does not match the name on the URL (x)",
        ),
        ("PUT", f"{CONFIGMAPS}/x", configmap("x"), 404, 'configmaps "x" not found'),
        ("GET", f"{CONFIGMAPS}?limit=x", None, 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("GET", f"{CONFIGMAPS}?continue=x", None, 400, None),
        ("GET", f"{CONFIGMAPS}?fieldSelector=spec.x%3D1", None, 400, None),
        ("GET", f"{CONFIGMAPS}?labelSelector=%21%21", None, 400, None),
        (
            "GET",
            f"{CONFIGMAPS}?resourceVersionMatch=Exact",
            None,
            422,
            (
                'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
                "resourceVersionMatch is forbidden unless resourceVersion is provided"
            ),
        ),
        ("DELETE", f"{CONFIGMAPS}/x", {"propagationPolicy": "Never"}, 422, None),
        ("PATCH", f"{CONFIGMAPS}/x", {}, 415, None),
    ],
)
async def test_refusals(server: Server, method: str, url: str, body: Any, status: int, message: str | None) -> None:
    answer = await server.call(method, url, body)
    assert answer.status == status, answer.body
    assert answer.body["kind"] == "Status"
    assert answer.body["code"] == status
    if message is not None:
        assert answer.body["message"] == message


async def test_not_acceptable(server: Server) -> None:
    answer = await server.call("GET", CONFIGMAPS, headers={"accept": "text/html"})
    assert (answer.status, answer.body["reason"]) == (406, "NotAcceptable")
    body = await server.call("POST", CONFIGMAPS, b"x", {"content-type": "application/cbor"})
    assert (body.status, body.body["reason"]) == (415, "UnsupportedMediaType")


async def test_leases_are_created_by_update(server: Server) -> None:
    url = "/apis/coordination.k8s.io/v1/namespaces/default/leases/a"
    answer = await server.call("PUT", url, {"metadata": {"name": "a", "resourceVersion": "7"}, "spec": {}})
    assert answer.status == 201, answer.body
    blind = await server.call("PUT", url, {"metadata": {"name": "a"}, "spec": {"holderIdentity": "x"}})
    assert (blind.status, blind.body["message"]) == (
        422,
        (
            'leases.coordination.k8s.io "a" is invalid: metadata.resourceVersion: Invalid value: 0x0: '
            "must be specified for an update"
        ),
    )


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/nodes",
        "/api/v1/namespaces/default/namespaces",
        "/api/v1/namespaces/default/namespaces/default",
        "/api/v1/namespaces/default/namespaces?fieldSelector=metadata.name%3Ddefault",
        "/api/v1/pods/web",
    ],
)
async def test_a_path_must_suit_the_kinds_scope(server: Server, path: str) -> None:
    assert (await server.call("GET", path)).status == 404
    assert (await server.call("GET", "/api/v1/namespaces/default")).status == 200


@pytest.mark.parametrize(
    ("content_type", "patch", "told"),
    [
        pytest.param(
            "application/json-patch+json",
            b'[{"op":"add","op":"add","path":"/data","value":{},"bogus":1}]',
            ['json patch unknown field "[0].bogus"', 'json patch duplicate field "[0].op"'],
            id="json",
        ),
        pytest.param(
            "application/merge-patch+json",
            b'{"data":{"a":"1","a":"2"},"bogus":1,"bogus":2}',
            ['duplicate field "data.a"', 'duplicate field "bogus"', 'unknown field "bogus"'],
            id="merge",
        ),
        pytest.param(
            "application/strategic-merge-patch+json",
            b'{"data":{"a":"1","a":"2"}}',
            ['duplicate field "data.a"'],
            id="strategic",
        ),
    ],
)
async def test_what_a_patch_says_in_vain(server: Server, content_type: str, patch: bytes, told: list[str]) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    headers = {"content-type": content_type}
    reply = await server.raw("PATCH", f"{CONFIGMAPS}/a", patch, headers)
    assert isinstance(reply, Response)
    warnings = [text for name, text in reply.headers if name == "Warning"]
    assert warnings == ['299 - "' + text.replace('"', '\\"') + '"' for text in told]
    refused = await server.call("PATCH", f"{CONFIGMAPS}/a?fieldValidation=Strict", patch, headers)
    assert refused.status == 422
    assert "strict decoding error: " + ", ".join(told) in refused.body["details"]["causes"][0]["message"]
    quiet = await server.raw("PATCH", f"{CONFIGMAPS}/a?fieldValidation=Ignore", patch, headers)
    assert isinstance(quiet, Response)
    assert "Warning" not in dict(quiet.headers)


async def test_faulty_fields_are_told_of_in_the_order_of_the_body(server: Server) -> None:
    body = (
        b'{"metadata":{"name":"a","bogus":1},"data":{"x":"1","y":"2","x":"3"},"immutable":true,"late":{},"immutable":false,'
        b'"late":1}'
    )
    told = [
        'unknown field "metadata.bogus"',
        'duplicate field "data.x"',
        'unknown field "late"',
        'duplicate field "immutable"',
    ]
    refused = await server.call("POST", f"{CONFIGMAPS}?fieldValidation=Strict", body)
    assert refused.body["message"].endswith("strict decoding error: " + ", ".join(told))
    warned = await server.raw("POST", CONFIGMAPS, body, {"content-type": "application/json"})
    assert isinstance(warned, Response)
    warnings = [value for name, value in warned.headers if name == "Warning"]
    assert warnings == ['299 - "' + text.replace('"', '\\"') + '"' for text in told]


@pytest.mark.parametrize(
    ("method", "content_type", "body"),
    [
        pytest.param("PUT", "application/json", {"data": {}}, id="put"),
        pytest.param("PATCH", "application/merge-patch+json", {"metadata": {"name": None}}, id="merge"),
        pytest.param("PATCH", "application/strategic-merge-patch+json", {"metadata": {"name": ""}}, id="strategic"),
    ],
)
async def test_what_is_written_has_a_name(server: Server, method: str, content_type: str, body: Any) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    answer = await server.call(method, f"{CONFIGMAPS}/a", body, {"content-type": content_type})
    assert (answer.status, answer.body["message"]) == (
        400,
        "the name of the object (a based on URL) was undeterminable: name must be provided",
    )
