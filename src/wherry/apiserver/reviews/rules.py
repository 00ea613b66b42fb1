"""What may I do in a namespace? An overview for people and consoles; the authorizer alone decides."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.authorization.selfsubjectrulesreview import SELFSUBJECTRULESREVIEWS
from wherry.api.errors import BadRequest
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.authz.rules import Rule
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.reviews.answering import answer, question, refuse
from wherry.apiserver.subresources import Handler, Target
from wherry.identity.profiles import NODES


def self_subject_rules_review(authorization: Authorization) -> Handler:
    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(SELFSUBJECTRULESREVIEWS, call, body)
        refuse(SELFSUBJECTRULESREVIEWS, faults)
        namespace = review["spec"].get("namespace")
        if not namespace:
            raise BadRequest("no namespace on request")
        rules = [grant.rule for grant in authorization.rbac.grants(call.user, namespace)]
        status: dict[str, Any] = {
            "resourceRules": [_resource_rule(rule) for rule in rules if not rule.paths],
            "nonResourceRules": [_path_rule(rule) for rule in rules if rule.paths],
            "incomplete": NODES in call.user.groups,
        }
        errors = list(authorization.rbac.missing(call.user))
        if status["incomplete"]:
            errors.append("node authorizer does not support user rule resolution")
        if errors:
            status["evaluationError"] = ", ".join(errors)
        return answer(review, status)

    return create


def _resource_rule(rule: Rule) -> Obj:
    shown: Obj = {
        "verbs": sorted(rule.verbs),
        "apiGroups": sorted(rule.groups),
        "resources": sorted(rule.resources),
    }
    if rule.names:
        shown["resourceNames"] = sorted(rule.names)
    return shown


def _path_rule(rule: Rule) -> Obj:
    return {"verbs": sorted(rule.verbs), "nonResourceURLs": list(rule.paths)}
