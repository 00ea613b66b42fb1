"""PodCertificateRequests: a kubelet asks for a certificate on behalf of a pod."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.certificates.issued import validate_issued, validate_request
from wherry.api.certificates.signername import is_kubernetes_signer, validate_signer_name
from wherry.api.field import OMITTED, FieldError, invalid, not_supported, too_long
from wherry.api.meta.columns import NAME, text
from wherry.api.meta.conditions import is_true, validate_conditions
from wherry.api.meta.labels import format_labels
from wherry.api.meta.names import dns1123_subdomain_faults, qualified_name_faults
from wherry.api.meta.objectmeta import ANNOTATIONS_LIMIT, IMMUTABLE, keep_metadata
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema

_FINAL = ("Issued", "Denied", "Failed")


def _state(request: Obj, _: float) -> Cell:
    types = {
        condition["type"]
        for condition in (request.get("status") or {}).get("conditions") or ()
        if condition.get("status") == "True"
    }
    return next((name for name in _FINAL if name in types), "Pending")


def _annotations(request: Obj, _: float) -> Cell:
    return format_labels((request.get("spec") or {}).get("unverifiedUserAnnotations"))


_DAY = 24 * 60 * 60
_MIN_SECONDS, _MAX_SECONDS = 60 * 60, 91 * _DAY
_MAX_UID = 128


def set_defaults(request: Obj) -> None:
    spec = request.setdefault("spec", {})
    if spec.get("maxExpirationSeconds") is None:
        spec["maxExpirationSeconds"] = _DAY


def validate_create(request: Obj) -> list[FieldError]:
    spec = request["spec"]
    faults = validate_signer_name(spec.get("signerName") or "", "spec.signerName")
    faults += _validate_annotations(spec.get("unverifiedUserAnnotations") or {}, "spec.unverifiedUserAnnotations")
    for name in ("pod", "serviceAccount", "node"):
        value, uid = spec.get(name + "Name") or "", spec.get(name + "UID") or ""
        faults += [invalid(f"spec.{name}Name", value, why) for why in dns1123_subdomain_faults(value)]
        if not uid:
            faults.append(invalid(f"spec.{name}UID", uid, "must not be empty"))
        elif len(uid.encode()) > _MAX_UID:
            faults.append(too_long(f"spec.{name}UID", _MAX_UID))
    seconds = spec["maxExpirationSeconds"]
    longest = _DAY if is_kubernetes_signer(spec.get("signerName") or "") else _MAX_SECONDS
    if not _MIN_SECONDS <= seconds <= longest:
        why = f"must be in the range [{_MIN_SECONDS}, {longest}]"
        faults.append(invalid("spec.maxExpirationSeconds", seconds, why))
    if not spec.get("stubPKCS10Request"):
        why = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
        return [*faults, invalid("spec", OMITTED, why)]
    return faults + validate_request(spec["stubPKCS10Request"], "spec.stubPKCS10Request")


def _validate_annotations(annotations: dict[str, str], path: str) -> list[FieldError]:
    """Each key has a domain, so that signers can tell whose it is."""
    faults: list[FieldError] = []
    for key in map(str.lower, sorted(annotations)):
        wrong = [invalid(path, key, why) for why in qualified_name_faults(key)]
        if not wrong and "/" not in key:
            wrong.append(invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")'))
        faults += wrong
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT:
        faults.append(too_long(path, ANNOTATIONS_LIMIT))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("spec") == old.get("spec") else [invalid("spec", new.get("spec"), IMMUTABLE)]


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    """A request is issued, denied or failed, once; until then it has no status, and after that it keeps it."""
    status, before = new.get("status") or {}, old.get("status") or {}
    conditions = status.get("conditions") or []
    if faults := _validate_final(conditions) + validate_conditions(conditions, "status.conditions"):
        return faults
    others = {key: value for key, value in status.items() if value and key != "conditions"}
    why = ""
    if _is_final(before):
        why = "immutable after PodCertificateRequest is issued, denied, or failed" if status != before else ""
    elif is_true(conditions, "Denied") or is_true(conditions, "Failed"):
        why = "non-condition status fields must be empty when denying or failing the PodCertificateRequest"
        why = why if others else ""
    elif is_true(conditions, "Issued"):
        return validate_issued(status, new["spec"])
    elif (conditions or others) and status != before:
        why = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"'
    return [invalid("status", OMITTED, why)] if why else []


def _validate_final(conditions: list[dict[str, Any]]) -> list[FieldError]:
    faults: list[FieldError] = []
    for index, condition in enumerate(conditions):
        kind, path = condition.get("type") or "", f"status.conditions.[{index}]"
        if kind not in _FINAL:
            faults.append(not_supported(path + ".type", kind, _FINAL))
            continue
        if any(earlier.get("type") in _FINAL for earlier in conditions[:index]):
            why = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
            faults.append(invalid(path + ".type", kind, why))
        if condition.get("status") != "True":
            faults.append(not_supported(path + ".status", condition.get("status") or "", ("True",)))
    return faults


def _is_final(status: dict[str, Any]) -> bool:
    return any(is_true(status.get("conditions"), kind) for kind in _FINAL)


PODCERTIFICATEREQUESTS = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="PodCertificateRequest",
    plural="podcertificaterequests",
    schema=schema("certificates.k8s.io/v1", "PodCertificateRequest"),
    subresources=(STATUS,),
    unconditional_update=False,
    fields={
        "spec.signerName": lambda request: (request.get("spec") or {}).get("signerName") or "",
        "spec.podName": lambda request: (request.get("spec") or {}).get("podName") or "",
        "spec.nodeName": lambda request: (request.get("spec") or {}).get("nodeName") or "",
    },
    columns=(
        NAME,
        Column("PodName", text("spec.podName")),
        Column("ServiceAccountName", text("spec.serviceAccountName")),
        Column("NodeName", text("spec.nodeName")),
        Column("SignerName", text("spec.signerName")),
        Column("State", _state),
        Column("UnverifiedUserAnnotations", _annotations),
    ),
    defaults=set_defaults,
    prepare_status_update=keep_metadata,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
