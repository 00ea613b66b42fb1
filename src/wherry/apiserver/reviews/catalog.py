"""The tables of reviews, tokens and discovery, as the API server takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from wherry.apiserver.attributes import User
from wherry.apiserver.authn.authenticator import Authenticator
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.reviews import approval
from wherry.apiserver.reviews.access import (
    local_subject_access_review,
    self_subject_access_review,
    subject_access_review,
)
from wherry.apiserver.reviews.discovery import CONFIGURATION_PATH, KEYS_PATH, configuration, key_set
from wherry.apiserver.reviews.rules import self_subject_rules_review
from wherry.apiserver.reviews.token import Issuer, token_request
from wherry.apiserver.reviews.tokenreview import self_subject_review, token_review
from wherry.apiserver.subresources import Handlers
from wherry.transport.messages import Request, Response

APPROVAL = {"get": approval.get, "update": approval.update}


def handlers(authenticator: Authenticator, authorization: Authorization, issuer: Issuer) -> Handlers:
    """Who answers each question."""
    return {
        ("serviceaccounts", "token"): {"create": token_request(issuer)},
        ("certificatesigningrequests.certificates.k8s.io", "approval"): {
            "get": approval.get,
            "update": approval.update,
        },
        ("tokenreviews.authentication.k8s.io", ""): {"create": token_review(authenticator)},
        ("selfsubjectreviews.authentication.k8s.io", ""): {"create": self_subject_review},
        ("subjectaccessreviews.authorization.k8s.io", ""): {"create": subject_access_review(authorization)},
        ("localsubjectaccessreviews.authorization.k8s.io", ""): {"create": local_subject_access_review(authorization)},
        ("selfsubjectaccessreviews.authorization.k8s.io", ""): {"create": self_subject_access_review(authorization)},
        ("selfsubjectrulesreviews.authorization.k8s.io", ""): {"create": self_subject_rules_review(authorization)},
    }


def paths(issuer: Issuer) -> Mapping[str, Callable[[Request, User], Response]]:
    """What is found by a plain path."""
    return {CONFIGURATION_PATH: partial(configuration, issuer), KEYS_PATH: partial(key_set, issuer)}
