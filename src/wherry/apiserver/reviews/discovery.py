"""How others verify the tokens we sign: OpenID Connect discovery and the JSON Web Key Set."""

from __future__ import annotations

import msgspec

from wherry.apiserver.attributes import User
from wherry.apiserver.reviews.token import Issuer
from wherry.transport.messages import Request, Response

CONFIGURATION_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/openid/v1/jwks"
_CACHED = (("cache-control", "public, max-age=3600"),)


def key_set(issuer: Issuer, _: Request, __: User) -> Response:
    return Response(200, msgspec.json.encode(issuer.keys.public_set()), "application/jwk-set+json", _CACHED)


def configuration(issuer: Issuer, request: Request, _: User) -> Response:
    """The key set is where the asker found us."""
    algorithms = sorted({key["alg"] for key in issuer.keys.public_set()["keys"]})
    document = {
        "issuer": issuer.url,
        "jwks_uri": f"https://{request.headers.get('host') or 'localhost'}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    }
    return Response(200, msgspec.json.encode(document), "application/json", _CACHED)
