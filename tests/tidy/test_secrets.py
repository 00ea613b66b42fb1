"""What is secret does not show in a `repr`, from which it would get into a log sooner or later."""

from __future__ import annotations

import pytest

from wherry.apiserver.attributes import User
from wherry.controlplane.settings import Settings
from wherry.identity.kubeconfig import Kubeconfig
from wherry.identity.tokens import BootstrapToken
from wherry.kubelet.pods.env import Ref
from wherry.kubelet.pods.keyring import Keyring
from wherry.kubelet.runtime.model import Credentials
from wherry.kubelet.volumes.atomic import PayloadFile
from wherry.kubelet.volumes.payload import Material, Token
from wherry.roles.jointoken import JoinToken

_SECRET = "hunter2"
_CREDENTIALS = Credentials("user", _SECRET, "registry", _SECRET, _SECRET)


@pytest.mark.parametrize(
    "value",
    [
        Settings(static_tokens={_SECRET: User("tester")}),
        Kubeconfig("https://server", b"", b"", _SECRET.encode(), token=_SECRET),
        BootstrapToken("abcdef", _SECRET),
        JoinToken("https://server", _SECRET, ""),
        PayloadFile(_SECRET.encode()),
        Material({Ref("Secret", "a"): {"data": {"a": _SECRET}}}, {Token("audience", 600): _SECRET}),
        _CREDENTIALS,
        Keyring((("registry", _CREDENTIALS),)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_do_not_show(value: object) -> None:
    assert _SECRET not in repr(value)
