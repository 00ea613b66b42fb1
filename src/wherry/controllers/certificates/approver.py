"""Approves the certificates that nodes may have without asking a person."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.authorization.subjectaccessreview import SUBJECTACCESSREVIEWS
from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.core.node import NODES
from wherry.api.types.certificates_v1 import CertificateSigningRequest
from wherry.api.types.core_v1 import Node
from wherry.client import Key
from wherry.controllers.certificates import plan
from wherry.controllers.certificates.plan import Recognized, Verdict
from wherry.identity.profiles import NODE_PREFIX
from wherry.identity.signers import KUBELET_CLIENT, KUBELET_SERVING
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


async def reconcile(key: Key, deps: Deps) -> Result:
    request = deps.client.informer(CERTIFICATESIGNINGREQUESTS, CertificateSigningRequest).get(key)
    if request is None or plan.is_decided(request):
        return DONE
    verdict = _judge(request, deps)
    if verdict is None or (verdict.right is not None and not await _has_right(request, verdict.right, deps)):
        return DONE
    obj = await deps.client.get(CERTIFICATESIGNINGREQUESTS, key.name)
    status = obj.setdefault("status", {})
    now = format_time(deps.clock.time())
    approved = plan.condition("Approved", "AutoApproved", verdict.message, now)
    status["conditions"] = plan.with_condition(status.get("conditions") or [], approved)
    await deps.client.update(CERTIFICATESIGNINGREQUESTS, obj, subresource="approval")
    return DONE


def _judge(request: CertificateSigningRequest, deps: Deps) -> Verdict | None:
    """What the request is; a request of no kind that we know waits for a person."""
    signer = request.spec.signer_name
    if signer not in (KUBELET_CLIENT, KUBELET_SERVING):
        return None
    from wherry.identity import signing

    try:
        asked = signing.parse_request(request.spec.request)
    except ValueError:
        return None
    if signing.refusal(signer, asked, request.spec.usages):
        return None
    if signer == KUBELET_CLIENT:
        return plan.judge_client(request, asked.profile)
    name = asked.profile.common_name[len(NODE_PREFIX) :]
    node = deps.client.informer(NODES, Node).get(Key("", name))
    addresses = [address.address for address in node.status.addresses] if node is not None else []
    return plan.judge_server(request, asked.profile, name, addresses)


async def _has_right(request: CertificateSigningRequest, right: Recognized, deps: Deps) -> bool:
    """As upstream: whoever may `create` this pretended subresource may have the certificate."""
    spec = request.spec
    review = await deps.client.create(
        SUBJECTACCESSREVIEWS,
        {
            "spec": {
                "user": spec.username or "",
                "uid": spec.uid or "",
                "groups": list(spec.groups),
                "extra": {key: list(values) for key, values in spec.extra.items()},
                "resourceAttributes": {
                    "group": CERTIFICATESIGNINGREQUESTS.group,
                    "resource": CERTIFICATESIGNINGREQUESTS.plural,
                    "verb": "create",
                    "subresource": right.value,
                    "version": "*",
                },
            }
        },
    )
    return bool(review["status"]["allowed"])


def _of_node(_old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    """A node's addresses arrive after its request for a serving certificate."""
    if new is None or (_old is not None and _old.status.addresses == new.status.addresses):
        return
    for request in deps.client.informer(CERTIFICATESIGNINGREQUESTS, CertificateSigningRequest).list():
        if request.spec.username == NODE_PREFIX + new.metadata.name and not plan.is_decided(request):
            yield Key("", request.metadata.name)


CONTROLLER = Controller(
    name="certificatesigningrequest-approving-controller",
    reconciles=CERTIFICATESIGNINGREQUESTS,
    view=CertificateSigningRequest,
    reconcile=reconcile,
    reads=(Watch(NODES, Node, _of_node),),
    writes=("certificatesigningrequests.certificates.k8s.io/approval",),
    workers=1,
)
