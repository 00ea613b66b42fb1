"""What a change of a stored object begins with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.resource import STATUS, Subresource
from wherry.apiserver.encode import copy
from wherry.apiserver.verbs.patch import Apply
from wherry.apiserver.verbs.update import draft
from wherry.client import Patch

PATHS = [pytest.param(None, id="the object"), pytest.param(STATUS, id="status")]


def stored() -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "labels": {"a": "b"},
            "managedFields": [{"manager": "me", "operation": "Update", "fieldsV1": {"f:spec": {}}}],
        },
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "a", "image": "one"}]}}},
        "status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]},
    }


def test_what_a_path_puts_back_is_shared_unless_the_change_begins_with_it() -> None:
    old = stored()
    assert draft(DEPLOYMENTS, STATUS, old, {"status"})["spec"] is old["spec"]
    assert draft(DEPLOYMENTS, STATUS, old, {"status", "spec"})["spec"] is not old["spec"]
    assert draft(DEPLOYMENTS, None, old, {"spec"})["status"] is old["status"]
    assert draft(DEPLOYMENTS, None, old, {"metadata"})["spec"] is not old["spec"]
    assert draft(DEPLOYMENTS, STATUS, old, None)["spec"] is not old["spec"]


TEXTS = st.sampled_from(["a", "b", "name", "image", "type", "status", "replicas", "conditions", "labels", "$patch"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["x", "delete", "replace", "True"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["metadata", "spec", "status", "bogus", "$patch", "$retainKeys"])
ENTRIES = st.fixed_dictionaries({"managedFields": VALUES})
PATCHES = st.dictionaries(MEMBERS, VALUES | ENTRIES, max_size=3)


@pytest.mark.parametrize("sub", PATHS)
@pytest.mark.parametrize("kind", [Patch.MERGE, Patch.STRATEGIC], ids=["merge", "strategic"])
@given(PATCHES)
def test_a_patch_makes_the_same_of_a_draft_as_of_a_copy(kind: Patch, sub: Subresource | None, document: Obj) -> None:
    old = stored()
    apply = Apply(kind, document, DEPLOYMENTS)

    assert _outcome(apply, draft(DEPLOYMENTS, sub, old, apply.members())) == _outcome(apply, copy(old))
    assert old == stored(), "a patch changed what is stored"


def _outcome(apply: Apply, obj: Obj) -> Obj | str:
    try:
        return apply(obj)
    except Exception as error:
        return repr(error)


@pytest.mark.parametrize(
    ("kind", "document", "members"),
    [
        pytest.param(Patch.MERGE, {"status": {}}, {"status"}, id="merge"),
        pytest.param(Patch.STRATEGIC, {"status": {}, "metadata": {}}, {"status", "metadata"}, id="strategic"),
        pytest.param(Patch.STRATEGIC, {"$retainKeys": ["spec"], "spec": {}}, None, id="directives say more"),
        pytest.param(Patch.JSON, [{"op": "remove", "path": "/status"}], None, id="operations"),
        pytest.param(Patch.MERGE, [], None, id="no patch at all"),
    ],
)
def test_which_members_a_patch_may_change(kind: Patch, document: Any, members: set[str] | None) -> None:
    assert Apply(kind, document, DEPLOYMENTS).members() == members
