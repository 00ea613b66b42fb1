"""Which names a definition gets, as a table; and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.types.decoding import convert
from wherry.controllers.apiextensions.customresourcedefinition.plan import Taken, is_settled, plan, with_condition
from wherry.controllers.apiextensions.customresourcedefinition.views import Definition, Names

NOW = 1_700_000_000.0
ASKED = {"plural": "foos", "singular": "foo", "shortNames": ["fo"], "kind": "Foo", "listKind": "FooList"}


def definition(
    asked: Obj | None = None, accepted: Obj | None = None, conditions: Any = (), group: str = "example.com", **spec: Any
) -> Definition:
    document = {
        "metadata": {"name": f"foos.{group}", "annotations": spec.pop("annotations", {})},
        "spec": {"group": group, "names": {**ASKED, **(asked or {})}, **spec},
        "status": {"acceptedNames": accepted or {}, "conditions": list(conditions)},
    }
    return convert(Definition, document)


def said(status: Obj | None) -> dict[str, tuple[str, str, str]]:
    assert status is not None
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in status["conditions"]}


def others(**names: Any) -> Taken:
    return Taken.by([Names(**names)], ())


def test_free_names_are_given_and_establish() -> None:
    status = plan(definition(), others(), NOW)
    assert status is not None
    assert status["acceptedNames"] == ASKED
    assert said(status) == {
        "NamesAccepted": ("True", "NoConflicts", "no conflicts found"),
        "Established": ("True", "InitialNamesAccepted", "the initial names have been accepted"),
    }
    assert status["conditions"][0]["lastTransitionTime"] == "2023-11-14T22:13:20Z"


CONFLICTS: list[tuple[str, Taken, tuple[str, str], Obj]] = [
    ("plural", others(plural="foos"), ("PluralConflict", '"foos" is already in use'), {"plural": ""}),
    (
        "plural by short name",
        others(short_names=("foos",)),
        ("PluralConflict", '"foos" is already in use'),
        {"plural": ""},
    ),
    ("singular", others(singular="foo"), ("SingularConflict", '"foo" is already in use'), {"singular": None}),
    ("short name", others(plural="fo"), ("ShortNamesConflict", '"fo" is already in use'), {"shortNames": None}),
    ("kind", others(kind="Foo"), ("KindConflict", '"Foo" is already in use'), {"kind": ""}),
    ("list kind", others(kind="FooList"), ("ListKindConflict", '"FooList" is already in use'), {"listKind": None}),
    (
        "several: the last is told",
        others(plural="foos", kind="Foo"),
        ("KindConflict", '"Foo" is already in use'),
        {"plural": "", "kind": ""},
    ),
]


@pytest.mark.parametrize(
    ("taken", "why", "lacking"), [case[1:] for case in CONFLICTS], ids=[case[0] for case in CONFLICTS]
)
def test_names_that_others_have_are_not_given(taken: Taken, why: tuple[str, str], lacking: Obj) -> None:
    status = plan(definition(), taken, NOW)
    assert said(status)["NamesAccepted"] == ("False", *why)
    assert said(status)["Established"] == ("False", "NotAccepted", "not all names are accepted")
    expected = {name: value for name, value in {**ASKED, **lacking}.items() if value is not None}
    assert status is not None
    assert status["acceptedNames"] == expected


def test_all_short_names_that_are_taken_are_told() -> None:
    status = plan(definition({"shortNames": ["a", "b", "c"]}), others(short_names=("a", "b")), NOW)
    assert said(status)["NamesAccepted"][2] == '["a" is already in use, "b" is already in use]'


def test_who_has_a_name_keeps_it() -> None:
    """Own names are among those taken."""
    taken = others(plural="foos", singular="foo", short_names=("fo",), kind="Foo", list_kind="FooList")
    fresh = definition(accepted={**ASKED, "categories": ["all"]}, asked={"shortNames": ["fo", "f"]})
    status = plan(fresh, taken, NOW)
    assert status is not None
    assert status["acceptedNames"]["shortNames"] == ["fo", "f"]
    assert "categories" not in status["acceptedNames"]


def test_an_established_definition_stays_so_whatever_names_it_asks_for() -> None:
    first = plan(definition(), others(), NOW)
    assert first is not None
    renamed = definition({"singular": "bar"}, first["acceptedNames"], first["conditions"])
    status = plan(renamed, others(singular="bar"), NOW + 60)
    assert said(status)["Established"][0] == "True"
    assert said(status)["NamesAccepted"] == ("False", "SingularConflict", '"bar" is already in use')
    assert status is not None
    assert status["acceptedNames"]["singular"] == "foo"
    assert [each["lastTransitionTime"] for each in status["conditions"]] == [
        "2023-11-14T22:14:20Z",
        "2023-11-14T22:13:20Z",
    ]


def test_what_is_settled_is_left_alone() -> None:
    first = plan(definition(), others(), NOW)
    assert first is not None
    done = definition(accepted=first["acceptedNames"], conditions=first["conditions"])
    assert is_settled(done)
    assert plan(done, others(plural="foos"), NOW + 60) is None
    assert not is_settled(definition())


def test_names_of_built_in_kinds_are_taken() -> None:
    taken = Taken.by((), (LEASES,))
    status = plan(definition({"plural": "leases"}, group="coordination.k8s.io"), taken, NOW)
    assert said(status)["NamesAccepted"][:2] == ("False", "PluralConflict")


def test_certificates_that_cannot_be_read_keep_a_kind_from_being_established() -> None:
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": {"caBundle": "bm90IGEgY2VydGlmaWNhdGU="}}}
    status = plan(definition(conversion=conversion), others(), NOW)
    assert said(status)["Established"] == (
        "False",
        "InvalidCABundle",
        "The conversion webhook CABundle is invalid",
    )


MISSING = (
    'protected groups must have approval annotation "api-approved.kubernetes.io", '
    "see https://github.com/kubernetes/enhancements/pull/1111"
)
APPROVALS: list[tuple[str, str, tuple[str, str, str]]] = [
    ("none", "", ("False", "MissingAnnotation", MISSING)),
    ("a URL", "https://example.com/1", ("True", "ApprovedAnnotation", "approved in https://example.com/1")),
    ("unapproved", "unapproved, a test", ("False", "UnapprovedAnnotation", 'not approved: "unapproved, a test"')),
    (
        "anything",
        "yes",
        (
            "False",
            "InvalidAnnotation",
            (
                'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a '
                'reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111'
            ),
        ),
    ),
]


@pytest.mark.parametrize(
    ("annotation", "condition"), [case[1:] for case in APPROVALS], ids=[case[0] for case in APPROVALS]
)
def test_groups_of_the_project_need_approval(annotation: str, condition: tuple[str, str, str]) -> None:
    annotations = {"api-approved.kubernetes.io": annotation} if annotation else {}
    status = plan(definition(group="widgets.k8s.io", annotations=annotations), others(), NOW)
    assert said(status)["KubernetesAPIApprovalPolicyConformant"] == condition


def test_a_condition_keeps_the_time_of_its_status() -> None:
    first = with_condition((), {"type": "A", "status": "True", "reason": "x", "message": ""}, NOW)
    second = with_condition(first, {"type": "A", "status": "True", "reason": "y", "message": ""}, NOW + 60)
    assert second[0]["reason"] == "y"
    assert second[0]["lastTransitionTime"] == first[0]["lastTransitionTime"]


_WORDS = st.sampled_from(["a", "b", "c", "d"])
_ASKED = st.fixed_dictionaries(
    {
        "plural": _WORDS,
        "singular": _WORDS,
        "shortNames": st.lists(_WORDS, max_size=2, unique=True),
        "kind": _WORDS,
        "listKind": _WORDS,
    }
)


@given(st.lists(st.tuples(st.integers(0, 3), _ASKED), max_size=12))
def test_no_name_is_ever_given_twice(changes: list[tuple[int, Obj]]) -> None:
    """Definitions ask for names, again and again for others; each is planned when it has asked."""
    statuses: dict[int, Obj] = {}
    for who, asked in changes:
        held = statuses.get(who, {"acceptedNames": {}, "conditions": []})
        given_out = [convert(Names, status["acceptedNames"]) for status in statuses.values()]
        status = plan(definition(asked, held["acceptedNames"], held["conditions"]), Taken.by(given_out, ()), NOW)
        statuses[who] = status or held
        accepted = [convert(Names, each["acceptedNames"]) for each in statuses.values()]
        resources = [{each.plural, each.singular, *each.short_names} - {""} for each in accepted]
        kinds = [{each.kind, each.list_kind} - {""} for each in accepted]
        for names in (resources, kinds):
            assert sum(map(len, names)) == len(set().union(*names))
        if all(condition == "True" for condition, _, _ in said(statuses[who]).values()):
            assert convert(Names, statuses[who]["acceptedNames"]) == convert(Names, {**ASKED, **asked})


@given(_ASKED, _ASKED)
def test_plans_come_to_rest(mine: Obj, theirs: Obj) -> None:
    """At the latest after the second: who asks for one name twice, as plural and short name, is refused it then."""
    status: Obj = {"acceptedNames": {}, "conditions": []}
    for turn in range(3):
        taken = Taken.by([convert(Names, theirs), convert(Names, status["acceptedNames"])], ())
        new = plan(definition(mine, status["acceptedNames"], status["conditions"]), taken, NOW + turn)
        assert new is None or turn < 2
        status = new or status
