"""Whose token is this? And: who am I?"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.authentication.selfsubjectreview import SELFSUBJECTREVIEWS
from wherry.api.authentication.tokenreview import TOKENREVIEWS
from wherry.api.errors import BadRequest
from wherry.apiserver.authn.authenticator import Authenticator
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.reviews.answering import answer, question, refuse, user_info
from wherry.apiserver.subresources import Handler, Target
from wherry.identity.tokens import BadToken


def token_review(authenticator: Authenticator) -> Handler:
    """A token that does not stand is no error: the answer says so, and why."""

    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(TOKENREVIEWS, call, body)
        refuse(TOKENREVIEWS, faults)
        token = review["spec"].get("token")
        if not token:
            raise BadRequest("token is required for TokenReview in authentication")
        try:
            verified = authenticator.review(token, tuple(review["spec"].get("audiences") or ()))
        except BadToken as error:
            return answer(review, {"user": {}, "error": f"[invalid bearer token, {error}]"})
        status = {"authenticated": True, "user": user_info(verified.user)}
        if verified.audiences:
            status["audiences"] = list(verified.audiences)
        return answer(review, status)

    return create


async def self_subject_review(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
    review, faults = question(SELFSUBJECTREVIEWS, call, body)
    refuse(SELFSUBJECTREVIEWS, faults)
    review["metadata"] = {"creationTimestamp": core.now()}
    review.pop("spec", None)
    return answer(review, {"userInfo": user_info(call.user)})
