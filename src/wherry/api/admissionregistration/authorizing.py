"""`authorizer` in expressions of admission: may whoever sends the request do this or that?

    authorizer.group('apps').resource('deployments').namespace('default').check('create').allowed()

Each step is a value that knows a little more; `check` asks. Who asks is told by the attributes of the question, whom is
a function of the server (`Decide`), so that expressions stay pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.types import BOOL, STRING, OpaqueType, Type
from wherry.cel.values import Opaque

_PREFIX = "kubernetes.authorization."
AUTHORIZER = OpaqueType(_PREFIX + "Authorizer")
PATH_CHECK = OpaqueType(_PREFIX + "PathCheck")
GROUP_CHECK = OpaqueType(_PREFIX + "GroupCheck")
RESOURCE_CHECK = OpaqueType(_PREFIX + "ResourceCheck")
DECISION = OpaqueType(_PREFIX + "Decision")


class Question(Struct, frozen=True):
    """What is asked: about a path, or about a resource. No service account means the sender of the request."""

    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""
    service_account: tuple[str, str] | None = None
    """(namespace, name)"""


class Answer(Struct, frozen=True):
    """Whether, why, and what went wrong when it could not be told."""

    allowed: bool
    reason: str = ""
    error: str = ""


Decide = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class _Check(Opaque):
    """A question in the making, and whom to ask."""

    decide: Decide
    question: Question


class Authorizer(_Check):
    """The variable `authorizer`."""

    __slots__ = ()
    cel_type: ClassVar[Type] = AUTHORIZER


class PathCheck(_Check):
    __slots__ = ()
    cel_type: ClassVar[Type] = PATH_CHECK


class GroupCheck(_Check):
    __slots__ = ()
    cel_type: ClassVar[Type] = GROUP_CHECK


class ResourceCheck(_Check):
    """The variable `authorizer.requestResource`, and what `resource()` gives."""

    __slots__ = ()
    cel_type: ClassVar[Type] = RESOURCE_CHECK


@dataclass(frozen=True, slots=True)
class Decision(Opaque):
    cel_type: ClassVar[Type] = DECISION

    answer: Answer


def _path(authorizer: Authorizer, path: str) -> PathCheck:
    if not path:
        raise EvaluationError("path must not be empty")
    return PathCheck(authorizer.decide, replace(authorizer.question, path=path))


def _group(authorizer: Authorizer, group: str) -> GroupCheck:
    return GroupCheck(authorizer.decide, replace(authorizer.question, group=group))


def _service_account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    return Authorizer(authorizer.decide, replace(authorizer.question, service_account=(namespace, name)))


def _resource(check: GroupCheck, resource: str) -> ResourceCheck:
    if not resource:
        raise EvaluationError("resource must not be empty")
    return ResourceCheck(check.decide, replace(check.question, resource=resource))


def _refined(field: str) -> Callable[[ResourceCheck, str], ResourceCheck]:
    def refine(check: ResourceCheck, value: str) -> ResourceCheck:
        refined: dict[str, Any] = {field: value}
        return ResourceCheck(check.decide, replace(check.question, **refined))

    return refine


def _ask(check: _Check, verb: str) -> Decision:
    return Decision(check.decide(replace(check.question, verb=verb)))


def _member(name: str, overload: str, args: tuple[Type, ...], result: Type, does: Callable[..., object]) -> Function:
    return Function(name, Overload(overload, args, result, does, is_member=True))


AUTHORIZATION = Library(
    "kubernetes.authz",
    functions=(
        _member("path", "authorizer_path", (AUTHORIZER, STRING), PATH_CHECK, _path),
        _member("group", "authorizer_group", (AUTHORIZER, STRING), GROUP_CHECK, _group),
        _member(
            "serviceAccount", "authorizer_serviceaccount", (AUTHORIZER, STRING, STRING), AUTHORIZER, _service_account
        ),
        _member("resource", "groupcheck_resource", (GROUP_CHECK, STRING), RESOURCE_CHECK, _resource),
        *(
            _member(name, overload, (RESOURCE_CHECK, STRING), RESOURCE_CHECK, _refined(field))
            for name, overload, field in (
                ("subresource", "resourcecheck_subresource", "subresource"),
                ("namespace", "resourcecheck_namespace", "namespace"),
                ("name", "resourcecheck_name", "name"),
                ("fieldSelector", "authorizer_fieldselector", "field_selector"),
                ("labelSelector", "authorizer_labelselector", "label_selector"),
            )
        ),
        Function(
            "check",
            Overload("pathcheck_check", (PATH_CHECK, STRING), DECISION, _ask, is_member=True),
            Overload("resourcecheck_check", (RESOURCE_CHECK, STRING), DECISION, _ask, is_member=True),
        ),
        _member("errored", "decision_errored", (DECISION,), BOOL, lambda decision: bool(decision.answer.error)),
        _member("error", "decision_error", (DECISION,), STRING, lambda decision: decision.answer.error),
        _member("allowed", "decision_allowed", (DECISION,), BOOL, lambda decision: decision.answer.allowed),
        _member("reason", "decision_reason", (DECISION,), STRING, lambda decision: decision.answer.reason),
    ),
    types=(AUTHORIZER, PATH_CHECK, GROUP_CHECK, RESOURCE_CHECK, DECISION),
)
