"""CertificateSigningRequests: somebody asks for a certificate, somebody approves, a signer issues."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.certificates import pem
from wherry.api.certificates.signername import validate_signer_name
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.duration import human_duration
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope, Subresource
from wherry.api.schema import schema


def _duration(request: Obj, _: float) -> Cell:
    seconds = (request.get("spec") or {}).get("expirationSeconds")
    return NONE if seconds is None else human_duration(seconds)


def _condition(request: Obj, _: float) -> Cell:
    types = _types(_conditions(request))
    text = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    if "Failed" in types:
        text += ",Failed"
    return text + ",Issued" if (request.get("status") or {}).get("certificate") else text


_MIN_SECONDS = 600
_DECISIONS = ("Approved", "Denied")
_FINAL = (*_DECISIONS, "Failed")
_STATUSES = ("False", "True", "Unknown")
_LEGACY = "kubernetes.io/legacy-unknown"
_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)


class _Old(Struct, frozen=True):
    """What an older request may go on having, and what the way of writing allows."""

    certificate: str = ""
    signer: str = ""
    usages: list[str] = field(default_factory=list)
    conditions: list[Obj] = field(default_factory=list)


def set_defaults(request: Obj) -> None:
    """A condition that does not say so holds; older clients wrote none that do."""
    request.setdefault("spec", {})
    for condition in (request.get("status") or {}).get("conditions") or ():
        condition.setdefault("status", "True")


def prepare_create(request: Obj) -> None:
    request["status"] = {}


def prepare_update(new: Obj, old: Obj) -> None:
    """What is asked for can not change; ask anew."""
    new["spec"] = old["spec"]


def prepare_status_update(new: Obj, old: Obj) -> None:
    """Decisions have a path of their own: as long as there are as many, they stay as they are."""
    for kind in _DECISIONS:
        kept = [condition for condition in _conditions(old) if condition.get("type") == kind]
        mine = [index for index, condition in enumerate(_conditions(new)) if condition.get("type") == kind]
        if len(kept) == len(mine):
            for index, condition in zip(mine, kept, strict=True):
                new["status"]["conditions"][index] = condition


def stamp(request: Obj, old: Obj | None, now: str) -> None:
    """Conditions that do not say since when they hold have held since they were first written."""
    before = {(each.get("type"), each.get("status")): each for each in _conditions(old or {})}
    for condition in _conditions(request):
        condition.setdefault("lastUpdateTime", now)
        known = before.get((condition.get("type"), condition.get("status"))) or {}
        condition.setdefault("lastTransitionTime", known.get("lastTransitionTime") or now)


def with_approval(old: Obj, new: Obj) -> tuple[Obj, list[FieldError]]:
    """(the stored request with the conditions of `new`, faults): what a write to `approval` means."""
    request = {**old, "status": {**(old.get("status") or {}), "conditions": _conditions(new)}}
    return request, _validate_change(request, old)


def validate_create(request: Obj) -> list[FieldError]:
    return _validate(request, _Old())


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate_change(new, old) + _validate_decisions(new, old)


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    faults = validate_update(new, old)
    had, has = _certificate(old), _certificate(new)
    if had and had != has:
        faults.append(forbidden("status.certificate", "updates may not modify existing certificate content"))
    return faults


def _validate_change(new: Obj, old: Obj) -> list[FieldError]:
    """What holds for every way of changing a request: it stays as good as it was, and what is decided stays so."""
    spec = old.get("spec") or {}
    known = _Old(_certificate(old), spec.get("signerName") or "", spec.get("usages") or [], _conditions(old))
    faults = _validate(new, known)
    for kind in _FINAL:
        if _count(new, kind) < _count(old, kind):
            why = f"updates may not remove a condition of type {json.dumps(kind)}"
            faults.append(forbidden("status.conditions", why))
    return faults


def _validate_decisions(new: Obj, old: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    for kind in _DECISIONS:
        if _count(new, kind) > _count(old, kind):
            why = f"updates may not add a condition of type {json.dumps(kind)}"
            faults.append(forbidden("status.conditions", why))
    return faults


def _validate(request: Obj, old: _Old) -> list[FieldError]:
    spec, faults = request["spec"], list[FieldError]()
    if why := _request_fault(spec.get("request") or ""):
        faults.append(invalid("spec.request", spec.get("request") or "", why))
    faults += _validate_usages(spec.get("usages") or [], old.usages)
    signer = spec.get("signerName") or ""
    if signer == _LEGACY:
        if old.signer != _LEGACY:
            why = "the legacy signerName is not allowed via this API version"
            faults.append(invalid("spec.signerName", signer, why))
    else:
        faults += validate_signer_name(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _MIN_SECONDS:
        why = f"may not specify a duration less than {_MIN_SECONDS} seconds (10 minutes)"
        faults.append(invalid("spec.expirationSeconds", seconds, why))
    faults += _validate_conditions(_conditions(request), old.conditions)
    certificate = _certificate(request)
    why = _certificate_fault(certificate) if certificate != old.certificate else ""
    if why and not _certificate_fault(old.certificate):
        faults.append(invalid("status.certificate", "<certificate data>", why))
    return faults


def _validate_usages(usages: list[str], old: list[str]) -> list[FieldError]:
    faults = [] if usages else [required("spec.usages")]
    if all(usage in _USAGES for usage in old):
        faults += [
            not_supported(f"spec.usages[{index}]", usage, _USAGES)
            for index, usage in enumerate(usages)
            if usage not in _USAGES
        ]
    if len(set(old)) == len(old):
        faults += [
            duplicate(f"spec.usages[{index}]", usage) for index, usage in enumerate(usages) if usage in usages[:index]
        ]
    return faults


def _validate_conditions(conditions: list[Obj], old: list[Obj]) -> list[FieldError]:
    faults: list[FieldError] = []
    had, seen = _types(old), set[str]()
    for index, condition in enumerate(conditions):
        path, kind, status = f"status.conditions[{index}]", condition.get("type") or "", condition.get("status") or ""
        if not kind and "" not in had:
            faults.append(required(path + ".type"))
        allowed = ("True",) if kind in _FINAL else _STATUSES
        if not status:
            faults.append(required(path + ".status"))
        elif status not in allowed:
            faults.append(not_supported(path + ".status", status, allowed))
        if kind in seen and len(had) == len(old):
            faults.append(duplicate(path + ".type", kind))
        seen.add(kind)
    if seen.issuperset(_DECISIONS) and not had.issuperset(_DECISIONS):
        members = [f'conditions[{{"type": "{kind}"}}]' for kind in _DECISIONS]
        why = f"must specify at most one of: {', '.join(f'`{member}`' for member in members)}"
        faults.append(invalid("status.conditions", f"{{{', '.join(members)}}}", why))
    return faults


def _request_fault(request: str) -> str:
    """What is wrong with a request, which is base64 of PEM of a PKCS#10 request that its own key has signed."""
    block = pem.first(_decoded(request))
    if block is None or block.label != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    from cryptography import x509  # requests come with nodes and people, not at every start

    try:
        parsed = x509.load_der_x509_csr(block.der)
        return "" if parsed.is_signature_valid else "x509: signature verification failure"
    except Exception as error:  # the library has a class of its own for each of the ways in which a request is bad
        return f"x509: {error}"


def _certificate_fault(certificate: str) -> str:
    if not certificate:
        return ""
    blocks = 0
    for block in pem.decode(_decoded(certificate)):
        if block.label != "CERTIFICATE":
            return f"only CERTIFICATE PEM blocks are allowed, found {json.dumps(block.label)}"
        if block.has_headers:
            return "no PEM block headers are permitted"
        from cryptography import x509  # as above

        try:
            x509.load_der_x509_certificate(block.der)
        except ValueError as error:
            return f"x509: {error}"
        blocks += 1
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text)
    except ValueError:
        return b""


def _conditions(request: Obj) -> list[Obj]:
    conditions: list[Obj] = (request.get("status") or {}).get("conditions") or []
    return conditions


def _types(conditions: list[Obj]) -> set[Any]:
    return {condition.get("type") or "" for condition in conditions}


def _count(request: Obj, kind: str) -> int:
    return sum(1 for condition in _conditions(request) if condition.get("type") == kind)


def _certificate(request: Obj) -> str:
    return (request.get("status") or {}).get("certificate") or ""


CERTIFICATESIGNINGREQUESTS = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    schema=schema("certificates.k8s.io/v1", "CertificateSigningRequest"),
    short_names=("csr",),
    scope=Scope.CLUSTER,
    subresources=(Subresource("approval"), STATUS),
    fields={"spec.signerName": lambda request: (request.get("spec") or {}).get("signerName") or ""},
    validate_name=lambda name, is_prefix: (),
    columns=(
        NAME,
        AGE,
        Column("SignerName", text("spec.signerName", NONE)),
        Column("Requestor", text("spec.username")),
        Column("RequestedDuration", _duration),
        Column("Condition", _condition),
    ),
    defaults=set_defaults,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    prepare_status_update=prepare_status_update,
    stamp=stamp,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
