"""What expressions of admission may speak of.

The variables are upstream's: `object`, `oldObject` and `params` are of no known type, since a policy may be about any
kind; `request` and `namespaceObject` are; `variables` holds what the policy has computed before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from wherry.api.admissionregistration.authorizing import AUTHORIZATION, AUTHORIZER, RESOURCE_CHECK
from wherry.api.admissionregistration.expressions import Result, Terms
from wherry.cel.checked import Name
from wherry.cel.environment import Environment, type_name
from wherry.cel.errors import CompileError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.kubernetes import KUBERNETES
from wherry.cel.types import BOOL, DYN, INT, NULL, STRING, TIMESTAMP, ListType, MapType, ObjectType, Type, TypeType
from wherry.cel.values import TypeValue

_STRINGS, _MAP = ListType(STRING), MapType(STRING, STRING)
_KIND = ObjectType("kubernetes.GroupVersionKind", {"group": STRING, "version": STRING, "kind": STRING})
_RESOURCE = ObjectType("kubernetes.GroupVersionResource", {"group": STRING, "version": STRING, "resource": STRING})
_USER = ObjectType(
    "kubernetes.UserInfo",
    {"username": STRING, "uid": STRING, "groups": _STRINGS, "extra": MapType(STRING, _STRINGS)},
)
REQUEST = ObjectType(
    "kubernetes.AdmissionRequest",
    {
        "kind": _KIND,
        "resource": _RESOURCE,
        "subResource": STRING,
        "requestKind": _KIND,
        "requestResource": _RESOURCE,
        "requestSubResource": STRING,
        "name": STRING,
        "namespace": STRING,
        "operation": STRING,
        "userInfo": _USER,
        "dryRun": BOOL,
        "options": DYN,
    },
)
_METADATA = ObjectType(
    "kubernetes.NamespaceMetadata",
    {
        "name": STRING,
        "generateName": STRING,
        "namespace": STRING,
        "labels": _MAP,
        "annotations": _MAP,
        "UID": STRING,
        "creationTimestamp": TIMESTAMP,
        "deletionGracePeriodSeconds": INT,
        "deletionTimestamp": TIMESTAMP,
        "generation": INT,
        "resourceVersion": STRING,
        "finalizers": _STRINGS,
    },
)
_CONDITION = ObjectType(
    "kubernetes.NamespaceCondition",
    {"status": STRING, "type": STRING, "lastTransitionTime": TIMESTAMP, "message": STRING, "reason": STRING},
)
_STATUS = ObjectType("kubernetes.NamespaceStatus", {"conditions": ListType(_CONDITION), "phase": STRING})
NAMESPACE = ObjectType(
    "kubernetes.Namespace",
    {
        "metadata": _METADATA,
        "spec": ObjectType("kubernetes.NamespaceSpec", {"finalizers": _STRINGS}),
        "status": _STATUS,
    },
)
_JSON_PATCH = ObjectType("JSONPatch", {"op": STRING, "from": STRING, "path": STRING, "value": DYN})
_OBJECT = ObjectType("Object", {}, open=True)
"""What an apply configuration evaluates to; its parts are `Object.spec` and so on."""
_RESULTS: dict[Result, Type] = {
    Result.BOOL: BOOL,
    Result.STRING: STRING,
    Result.NULL: NULL,
    Result.APPLY_CONFIGURATION: _OBJECT,
    Result.JSON_PATCH: ListType(_JSON_PATCH),
}


def _escape_key(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


_ESCAPE = Overload("string_jsonpatch_escapeKey_string", (STRING,), STRING, _escape_key)
_PATCHING = Library("kubernetes.jsonpatch", functions=(Function("jsonpatch.escapeKey", _ESCAPE),), types=(_JSON_PATCH,))


class _PatchEnvironment(Environment):
    """Knows a type for every place in an object, without knowing the object."""

    __slots__ = ()

    def find_name(self, name: str) -> Name | None:
        if name == _OBJECT.name or name.startswith(_OBJECT.name + "."):
            return Name(name, TypeType(ObjectType(name, {}, open=True)), TypeValue(name), is_constant=True)
        return super().find_name(name)


def compile_type(
    text: str, terms: Terms, results: tuple[Result, ...] = (), *, has_authorizer: bool | None = None
) -> tuple[Type, str]:
    """(the type of an expression, what is wrong with it or ""); any type will do when there are no results."""
    try:
        checked = _environment(terms, terms.has_authorizer if has_authorizer is None else has_authorizer).check(text)
    except CompileError as error:
        return DYN, f"compilation failed: {error}"
    found, wanted = checked.type_of(checked.expr), [_RESULTS[result] for result in results]
    if not wanted or found in wanted:
        return found, ""
    if len(wanted) == 1:
        return found, f"must evaluate to {_shown(wanted[0])} but got {_shown(found)}"
    return found, f"must evaluate to one of [{' '.join(map(_shown, wanted))}] but got {_shown(found)}"


def _environment(terms: Terms, has_authorizer: bool) -> Environment:
    variables = dict(_declared(terms.has_params, has_authorizer))
    if terms.variables is not None:
        variables["variables"] = ObjectType("kubernetes.variables", dict(terms.variables))
    libraries = (*KUBERNETES, AUTHORIZATION)
    if terms.can_patch:
        return _PatchEnvironment(variables, libraries=(*libraries, _PATCHING), is_homogeneous=True, is_strict=True)
    return Environment(variables, libraries=libraries, is_homogeneous=True, is_strict=True)


@lru_cache
def _declared(has_params: bool, has_authorizer: bool) -> Mapping[str, Type]:
    variables: dict[str, Type] = {"object": DYN, "oldObject": DYN, "namespaceObject": NAMESPACE, "request": REQUEST}
    if has_params:
        variables["params"] = DYN
    if has_authorizer:
        variables.update({"authorizer": AUTHORIZER, "authorizer.requestResource": RESOURCE_CHECK})
    return variables


def _shown(type_: Type) -> str:
    if not type_.parameters:
        return type_name(type_)
    return f"{type_name(type_)}({', '.join(map(_shown, type_.parameters))})"
