"""Every way of proving an identity, and how long the proof lasts."""

from __future__ import annotations

import logging
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import Unauthorized
from wherry.apiserver.attributes import User
from wherry.apiserver.authn.authenticator import Authenticator
from wherry.apiserver.authn.bootstraptokens import format_secret
from wherry.apiserver.authn.serviceaccounts import ServiceAccountTokens
from wherry.identity import certificates
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.identity.profiles import Profile
from wherry.identity.tokens import (
    BadToken,
    BootstrapToken,
    Reference,
    ServiceAccountToken,
    format_claims,
    format_legacy_claims,
)
from wherry.lib.clock import format_time
from wherry.testing.clock import ManualClock
from wherry.testing.objects import Objects
from wherry.transport.messages import Peer, Request

PEMS = fresh_key()
KEYS = TokenKeys(lambda: PEMS)
ISSUER = "https://kubernetes.default.svc.cluster.local"
START = 1_700_000_000.0
TOKEN = ServiceAccountToken(
    "ns",
    Reference("sa", "u-sa"),
    pod=Reference("p", "u-p"),
    node=Reference("n", "u-n"),
    audiences=(ISSUER,),
    issuer=ISSUER,
    issued_at=START,
    not_before=START,
    expires_at=START + 3600,
    token_id="j1",
)


class World:
    """One authenticator over a service account, a pod, a node and a legacy secret."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.clock = ManualClock(START)
        tokens = ServiceAccountTokens(KEYS, self.objects, (ISSUER,), (ISSUER,))
        self.authenticator = Authenticator(self.objects, tokens, self.clock, {"static": User("tester")})
        self.legacy = KEYS.sign(format_legacy_claims("ns", Reference("sa", "u-sa"), "s"))
        self.objects.put(SERVICEACCOUNTS, thing("sa", "u-sa"))
        self.objects.put(PODS, thing("p", "u-p"))
        self.objects.put(NODES, thing("n", "u-n"))
        self.objects.put(SECRETS, {**thing("s", "u-s"), "data": {"token": b64encode(self.legacy.encode()).decode()}})

    def ask(
        self, token: str = "", path: str = "/api", peer: Peer | None = None, header: tuple[str, str] | None = None
    ) -> User:
        headers = dict([header]) if header else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return self.authenticator.authenticate(Request("GET", path, "", headers, b"", peer or Peer("127.0.0.1", None)))


def thing(name: str, uid: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "uid": uid, **metadata}}


def sign(token: ServiceAccountToken = TOKEN) -> str:
    return KEYS.sign(format_claims(token))


def certificate(common_name: str, *organizations: str) -> bytes:
    authority = certificates.make_authority("ca", START, 1e8)
    profile = Profile(common_name, organizations)
    leaf = certificates.issue(authority, profile, certificates.make_key().public_key(), START, START + 100)
    return leaf.public_bytes(Encoding.DER)


def test_a_bound_token_is_its_account() -> None:
    user = World().ask(sign())
    assert user.name == "system:serviceaccount:ns:sa"
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")
    assert user.uid == "u-sa"
    assert dict(user.extra) == {
        "authentication.kubernetes.io/credential-id": ("JTI=j1",),
        "authentication.kubernetes.io/pod-name": ("p",),
        "authentication.kubernetes.io/pod-uid": ("u-p",),
        "authentication.kubernetes.io/node-name": ("n",),
        "authentication.kubernetes.io/node-uid": ("u-n",),
    }


def test_a_known_token_is_the_same_user_object() -> None:
    world, token = World(), sign()
    assert world.ask(token) is world.ask(token)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (replace(TOKEN, issuer="https://other"), "issuer"),
        (replace(TOKEN, audiences=("vault",)), "audiences"),
        (replace(TOKEN, expires_at=START - 61), "expired"),
        (replace(TOKEN, not_before=START + 120), "not valid yet"),
        (replace(TOKEN, account=Reference("sa", "other")), "not the one"),
        (replace(TOKEN, account=Reference("gone", "u-sa")), "serviceaccount ns/gone has been deleted"),
        (replace(TOKEN, pod=Reference("p", "other")), "not the one"),
        (replace(TOKEN, pod=Reference("gone", "u-p")), "pod ns/gone has been deleted"),
        (replace(TOKEN, pod=None, node=Reference("gone", "u-n")), "node gone has been deleted"),
        (replace(TOKEN, pod=None, secret=Reference("gone", "u")), "secret ns/gone has been deleted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tokens_that_do_not_stand(token: ServiceAccountToken, why: str) -> None:
    world = World()
    with pytest.raises(BadToken, match=why):
        world.authenticator.review(sign(token), ())
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        world.ask(sign(token))


async def test_a_token_ends_while_it_is_remembered() -> None:
    world, token = World(), sign()
    world.ask(token)
    await world.clock.advance(3700)
    with pytest.raises(Unauthorized):
        world.ask(token)


@pytest.mark.parametrize("resource", [SERVICEACCOUNTS, PODS], ids=lambda resource: resource.plural)
def test_a_token_dies_with_what_it_is_bound_to(resource: Any) -> None:
    world, token = World(), sign()
    world.ask(token)
    world.objects.drop(resource, "ns", {"pods": "p", "serviceaccounts": "sa"}[resource.plural])
    with pytest.raises(Unauthorized):
        world.ask(token)


async def test_a_terminating_pod_keeps_its_identity_for_a_minute() -> None:
    world, token = World(), sign()
    world.ask(token)
    world.objects.put(PODS, thing("p", "u-p", deletionTimestamp=format_time(START)))
    await world.clock.advance(50)
    world.ask(token)
    await world.clock.advance(11)
    with pytest.raises(Unauthorized):
        world.ask(token)


def test_a_legacy_token_lives_as_long_as_its_secret() -> None:
    world = World()
    user = world.ask(world.legacy)
    assert user.name == "system:serviceaccount:ns:sa" and not user.extra
    world.objects.put(SECRETS, {**thing("s", "u-s"), "data": {"token": b64encode(b"another").decode()}})
    with pytest.raises(Unauthorized):
        world.ask(world.legacy)


@pytest.mark.parametrize(("resource", "name"), [(SECRETS, "s"), (SERVICEACCOUNTS, "sa")], ids=["secret", "account"])
def test_a_legacy_token_ends_when_the_deletion_begins(resource: Any, name: str) -> None:
    world = World()
    world.ask(world.legacy)
    stored = world.objects.get(resource, "ns", name)
    assert stored is not None
    obj = stored.decode()
    obj["metadata"]["deletionTimestamp"] = format_time(START)
    world.objects.put(resource, obj)
    with pytest.raises(Unauthorized):
        world.ask(world.legacy)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer nonsense", "Bearer a.b.c"])
def test_other_headers_are_refused(header: str) -> None:
    with pytest.raises(Unauthorized):
        World().ask(header=("authorization", header))


def test_a_bad_token_is_refused_even_where_all_may_go() -> None:
    with pytest.raises(Unauthorized):
        World().ask("nonsense", path="/healthz")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version", "/version/"])
def test_anonymous_gets_health_and_version(path: str) -> None:
    user = World().ask(path=path)
    assert (user.name, user.groups) == ("system:anonymous", ("system:unauthenticated",))


@pytest.mark.parametrize("path", ["/", "/api", "/apis", "/metrics", "/openapi/v2", "/healthz/../api", "/healthz/etcd"])
def test_anonymous_gets_nothing_else(path: str) -> None:
    with pytest.raises(Unauthorized):
        World().ask(path=path)


def test_static_tokens() -> None:
    world = World()
    assert world.ask("static").name == "tester"
    assert world.ask(header=("authorization", "bearer static")).name == "tester"
    assert world.authenticator.review("static", ()).user.name == "tester"


def test_a_browser_offers_its_token_as_a_subprotocol() -> None:
    encoded = urlsafe_b64encode(sign().encode()).rstrip(b"=").decode()
    protocols = f"v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.{encoded}"
    assert World().ask(header=("sec-websocket-protocol", protocols)).name == "system:serviceaccount:ns:sa"


async def test_a_certificate_is_read_once_for_a_connection_and_ends() -> None:
    world = World()
    peer = Peer("10.0.0.1", certificate("system:node:n", "system:nodes"))
    user = world.ask(peer=peer)
    assert (user.name, user.groups) == ("system:node:n", ("system:nodes", "system:authenticated"))
    assert world.ask("nonsense", peer=peer) is user
    await world.clock.advance(101)
    with pytest.raises(Unauthorized):
        world.ask(peer=peer)


def test_a_certificate_without_a_name_leaves_it_to_the_token() -> None:
    world, peer = World(), Peer("10.0.0.1", b"garbage")
    assert world.ask("static", peer=peer).name == "tester"
    with pytest.raises(Unauthorized):
        world.ask(peer=peer)


def test_bootstrap_tokens_live_in_a_secret() -> None:
    world, token = World(), BootstrapToken("abcdef", "0123456789abcdef")
    secret = format_secret(token, START + 60, ("system:bootstrappers:wherry:nodes",), "join")
    secret["data"] = {key: b64encode(value.encode()).decode() for key, value in secret.pop("stringData").items()}
    with pytest.raises(Unauthorized):
        world.ask(str(token))
    world.objects.put(SECRETS, secret)
    user = world.ask(str(token))
    assert user.name == "system:bootstrap:abcdef"
    assert user.groups == ("system:bootstrappers", "system:bootstrappers:wherry:nodes", "system:authenticated")
    with pytest.raises(Unauthorized):
        world.ask("abcdef.0123456789abcdeg")
    world.objects.drop(SECRETS, "kube-system", "bootstrap-token-abcdef")
    with pytest.raises(Unauthorized):
        world.ask(str(token))


async def test_bootstrap_tokens_expire() -> None:
    world, token = World(), BootstrapToken("abcdef", "0123456789abcdef")
    secret = format_secret(token, START + 60, (), "")
    secret["data"] = {key: b64encode(value.encode()).decode() for key, value in secret.pop("stringData").items()}
    world.objects.put(SECRETS, secret)
    world.ask(str(token))
    await world.clock.advance(61)
    with pytest.raises(Unauthorized):
        world.ask(str(token))


def test_tokens_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = sign(replace(TOKEN, audiences=("vault",)))
    with pytest.raises(Unauthorized):
        World().ask(token)
    with pytest.raises(Unauthorized):
        World().ask("abcdef.0123456789abcdef")
    assert caplog.records
    assert token not in caplog.text and "0123456789abcdef" not in caplog.text
