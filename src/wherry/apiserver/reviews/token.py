"""Tokens for service accounts: short-lived, for an audience, and bound to a pod, secret or node if asked."""

from __future__ import annotations

from msgspec import Struct

from wherry.api import Obj
from wherry.api.authentication.tokenrequest import TOKENREQUESTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import BadRequest, Conflict, NotFound
from wherry.apiserver import pipeline
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.reviews.answering import answer, question
from wherry.apiserver.subresources import Handler, Target
from wherry.identity.keys import TokenKeys
from wherry.identity.tokens import Reference, ServiceAccountToken, format_claims
from wherry.lib.clock import format_time

_BINDABLE = {"Pod": PODS, "Secret": SECRETS, "Node": NODES}


class Issuer(Struct, frozen=True):
    """In whose name tokens are signed, and for whom they are unless asked otherwise."""

    keys: TokenKeys
    url: str
    audiences: tuple[str, ...]


def token_request(issuer: Issuer) -> Handler:
    """`serviceaccounts/<name>/token`."""

    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        account = _stored(core, target)
        request, faults = question(TOKENREQUESTS, call, body)
        _check_names(request, target)
        spec = request["spec"]
        key = (target.namespace, target.name)
        pipeline.admit(core.mutating, core, call, "CREATE", SERVICEACCOUNTS, "token", key, request, None)
        spec["audiences"] = list(spec.get("audiences") or issuer.audiences)
        pipeline.refuse_invalid(TOKENREQUESTS, "", faults, TOKENREQUESTS.validate(request))
        seconds = spec["expirationSeconds"]
        pipeline.admit(core.validating, core, call, "CREATE", SERVICEACCOUNTS, "token", key, request, None)
        now = core.clock.time()
        token = ServiceAccountToken(
            namespace=target.namespace,
            account=Reference(target.name, account["metadata"]["uid"]),
            **_bound(core, target, spec.get("boundObjectRef")),
            audiences=tuple(spec["audiences"]),
            issuer=issuer.url,
            issued_at=now,
            not_before=now,
            expires_at=now + seconds,
            token_id=core.ids.uid(),
        )
        metadata = {"name": target.name, "namespace": target.namespace, "creationTimestamp": format_time(now)}
        status = {
            "token": issuer.keys.sign(format_claims(token)),
            "expirationTimestamp": format_time(int(now) + seconds),
        }
        return answer({**request, "metadata": metadata}, status)

    return create


def _stored(core: Core, target: Target) -> Obj:
    item = core.reader.get(SERVICEACCOUNTS, target.namespace, target.name)
    if item is None:
        raise NotFound.of(SERVICEACCOUNTS, target.name)
    return item.decode()


def _check_names(request: Obj, target: Target) -> None:
    metadata = request["metadata"]
    if metadata.get("name") not in (None, "", target.name):
        raise BadRequest("name in URL does not match name in TokenRequest object")
    if metadata.get("namespace") not in (None, "", target.namespace):
        raise BadRequest("namespace in URL does not match namespace in TokenRequest object")


def _bound(core: Core, target: Target, reference: Obj | None) -> dict[str, Reference]:
    """What the token shall die with; a pod's token names the pod's node too."""
    if not reference:
        return {}
    kind, name, uid = reference.get("kind") or "", reference.get("name") or "", reference.get("uid") or ""
    version = reference.get("apiVersion") or ""
    resource = _BINDABLE.get(kind) if version == "v1" else None
    if resource is None:
        group, _, short = version.rpartition("/")
        raise BadRequest(f"cannot bind token to object of type {group}/{short}, Kind={kind}")
    item = core.reader.get(resource, target.namespace if resource.is_namespaced else "", name)
    if item is None:
        raise NotFound.of(resource, name)
    obj = item.decode()
    found = obj["metadata"]["uid"]
    if uid and uid != found:
        raise Conflict(
            f'Operation cannot be fulfilled on {kind} "{name}": the UID in the bound object reference ({uid}) does not '
            "match the UID in record. The object might have been deleted and then recreated",
            {"name": name, "kind": kind},
        )
    bound = {kind.lower(): Reference(name, found)}
    if resource is PODS:
        if (obj["spec"].get("serviceAccountName") or "") != target.name:
            why = "to pod running with different serviceaccount name."
            raise BadRequest(f'cannot bind token for serviceaccount "{target.name}" {why}')
        if node := _node(core, obj["spec"].get("nodeName") or ""):
            bound["node"] = node
    return bound


def _node(core: Core, name: str) -> Reference | None:
    """A node that does not exist (yet) is named without its identity."""
    if not name:
        return None
    item = core.reader.get(NODES, "", name)
    return Reference(name, item.decode()["metadata"]["uid"] if item else "")
