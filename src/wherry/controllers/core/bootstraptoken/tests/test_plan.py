from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from wherry.api.types.core_v1 import Secret
from wherry.api.types.decoding import convert
from wherry.controllers.core.bootstraptoken.plan import NEVER, expires, sign, signatures, signing_token
from wherry.lib.clock import format_time

NOW = 1_700_000_000.0
TOKEN = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true"}


def secret(name: str = "bootstrap-token-abcdef", type: str = "bootstrap.kubernetes.io/token", **data: str) -> Secret:
    encoded = {key.replace("_", "-"): b64encode(value.encode()).decode() for key, value in {**TOKEN, **data}.items()}
    return convert(Secret, {"metadata": {"name": name, "namespace": "kube-system"}, "type": type, "data": encoded})


def test_signature_of_a_known_message() -> None:
    """As kubeadm makes it, and checks it."""
    assert sign("", "joshua", "my voice is my passcode") == (
        "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk"
    )


@pytest.mark.parametrize(
    "data",
    [
        {"name": "bootstrap-token-other"},
        {"type": "Opaque"},
        {"usage_bootstrap_signing": "false"},
        {"token_secret": ""},
        {"expiration": format_time(NOW)},
        {"expiration": "soon"},
    ],
    ids=str,
)
def test_tokens_that_may_not_sign(data: dict[str, Any]) -> None:
    assert signing_token(secret(), NOW) == ("abcdef", "0123456789abcdef")
    assert signing_token(secret(**data), NOW) is None


def test_expiry() -> None:
    assert expires(secret()) == NEVER
    assert expires(secret(expiration=format_time(NOW))) == NOW
    assert expires(secret(expiration="soon")) == 0


def test_signatures_are_added_mended_and_taken_away() -> None:
    right = sign("k", "abcdef", "0123456789abcdef")
    assert signatures({"kubeconfig": "k"}, [secret()], NOW) == {"jws-kubeconfig-abcdef": right}
    assert signatures({"kubeconfig": "k", "jws-kubeconfig-abcdef": right}, [secret()], NOW) == {}
    assert (
        signatures({"kubeconfig": "k", "jws-kubeconfig-abcdef": "x"}, [secret()], NOW)["jws-kubeconfig-abcdef"] == right
    )
    assert signatures({"kubeconfig": "k", "jws-kubeconfig-gone99": "x"}, [], NOW) == {"jws-kubeconfig-gone99": None}
    assert signatures({"other": "k"}, [secret()], NOW) == {}
