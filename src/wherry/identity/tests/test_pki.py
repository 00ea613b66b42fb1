"""A first start, a second, and every way in which the folder can be half there or damaged."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from wherry.identity.ca import read_authority
from wherry.identity.certificates import is_issued_by, parse_certificate
from wherry.identity.pair import PkiError
from wherry.identity.pki import ADMIN, KUBELET_CLIENT, LEAF_LIFETIME, SERVING, Pki, open_pki, renewal_time
from wherry.identity.profiles import ServerNames, node_client, node_server

NOW = 1_900_000_000.0
NAMES = ServerNames(host_names=("box", "box.example.org"), addresses=("10.0.0.7", "fd00::7"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_first_start_makes_everything_private(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "pki"
    open_pki(folder, NAMES, NOW)
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {
        "ca.crt": 0o644,
        "ca.key": 0o600,
        "sa.key": 0o600,
        "apiserver.crt": 0o644,
        "apiserver.key": 0o600,
        "apiserver-kubelet-client.crt": 0o644,
        "apiserver-kubelet-client.key": 0o600,
        "admin.crt": 0o644,
        "admin.key": 0o600,
    }


def test_first_start_is_quick(tmp_path: Path) -> None:
    started = time.process_time()
    open_pki(tmp_path / "pki", NAMES, NOW)
    assert time.process_time() - started < 0.5


def test_serving_certificate_names_the_server(tmp_path: Path) -> None:
    pki = open_pki(tmp_path, NAMES, NOW)
    info = pki.certificates()[SERVING]
    assert set(info.dns_names) == {
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "box",
        "box.example.org",
    }
    assert set(info.addresses) == {"127.0.0.1", "::1", "10.43.0.1", "10.0.0.7", "fd00::7"}
    assert info.not_after - NOW == pytest.approx(LEAF_LIFETIME, abs=1)


def test_everything_is_signed_by_the_authority(tmp_path: Path) -> None:
    pki = open_pki(tmp_path, NAMES, NOW)
    authority = read_authority(pki.authority_pair).certificate
    for name in (SERVING, KUBELET_CLIENT, ADMIN):
        assert is_issued_by(parse_certificate(pki.pair(name).certificate.read_bytes()), authority)


def test_second_start_changes_nothing(tmp_path: Path) -> None:
    open_pki(tmp_path, NAMES, NOW)
    before = contents(tmp_path)
    open_pki(tmp_path, NAMES, NOW + 3600)
    assert contents(tmp_path) == before


def test_a_new_host_name_makes_only_the_serving_certificate_again(tmp_path: Path) -> None:
    open_pki(tmp_path, NAMES, NOW)
    before = contents(tmp_path)
    open_pki(tmp_path, ServerNames(host_names=("other",)), NOW + 3600)
    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"apiserver.crt"}


def test_a_kill_at_any_step_is_mended_by_the_next_start(tmp_path: Path) -> None:
    """Files appear one by one and whole; a kill leaves a prefix of them, and perhaps a temporary file."""
    open_pki(tmp_path / "whole", NAMES, NOW)
    order = sorted((tmp_path / "whole").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for step in range(len(order)):
        folder = tmp_path / f"killed-{step}"
        folder.mkdir(mode=0o700)
        for path in order[:step]:
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / f".{order[step].name}.x7k2").write_bytes(order[step].read_bytes()[:100])
        pki = open_pki(folder, NAMES, NOW + 60)
        assert len(list(folder.iterdir())) == len(order)
        assert all(
            (folder / path.name).read_bytes() == path.read_bytes() for path in order[:step] if path.suffix == ".key"
        )
        assert pki.server_context().verify_mode is ssl.CERT_OPTIONAL


@pytest.mark.parametrize("name", ["apiserver.crt", "admin.crt", "apiserver-kubelet-client.crt"])
@pytest.mark.parametrize("rest", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB", b"\xff\xfe", None], ids=repr)
def test_a_damaged_certificate_is_made_again(tmp_path: Path, name: str, rest: bytes | None) -> None:
    open_pki(tmp_path, NAMES, NOW)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if rest is None else rest)
    open_pki(tmp_path, NAMES, NOW)
    parse_certificate(path.read_bytes())


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "sa.key", "apiserver.key", "admin.key"])
def test_a_damaged_root_or_key_is_said_in_one_sentence(tmp_path: Path, name: str) -> None:
    open_pki(tmp_path, NAMES, NOW)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(PkiError, match=name) as caught:
        open_pki(tmp_path, NAMES, NOW)
    assert "\n" not in str(caught.value)
    assert "backup" in caught.value.hint


def test_a_missing_authority_key_is_refused(tmp_path: Path) -> None:
    open_pki(tmp_path, NAMES, NOW)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(PkiError, match=r"ca\.crt is there but its key ca\.key is missing"):
        open_pki(tmp_path, NAMES, NOW)


def test_a_foreign_authority_key_is_refused(tmp_path: Path) -> None:
    open_pki(tmp_path / "a", NAMES, NOW)
    open_pki(tmp_path / "b", NAMES, NOW)
    (tmp_path / "a" / "ca.key").write_bytes((tmp_path / "b" / "ca.key").read_bytes())
    with pytest.raises(PkiError, match=r"not the key of ca\.crt"):
        open_pki(tmp_path / "a", NAMES, NOW)


def test_a_new_authority_signs_everything_again(tmp_path: Path) -> None:
    open_pki(tmp_path, NAMES, NOW)
    (tmp_path / "ca.crt").unlink()
    (tmp_path / "ca.key").unlink()
    pki = open_pki(tmp_path, NAMES, NOW + 10)
    authority = read_authority(pki.authority_pair).certificate
    assert is_issued_by(parse_certificate(pki.pair(ADMIN).certificate.read_bytes()), authority)


def test_renewal_begins_after_two_thirds_and_keeps_the_key(tmp_path: Path) -> None:
    pki = open_pki(tmp_path, NAMES, NOW)
    before = contents(tmp_path)
    later = renewal_time(pki.certificates()[SERVING])
    assert pki.due(later - 1) == []
    assert pki.renew(later) == [SERVING, KUBELET_CLIENT, ADMIN]
    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {
        "apiserver.crt",
        "apiserver-kubelet-client.crt",
        "admin.crt",
    }
    assert pki.due(later) == []
    assert pki.next_due() > later + LEAF_LIFETIME / 2


def test_a_live_context_takes_the_renewed_certificate(tmp_path: Path) -> None:
    pki = open_pki(tmp_path, NAMES, NOW)
    context = pki.server_context()
    pki.renew(pki.next_due())
    pki.reload(context)


def test_node_certificates_go_to_a_folder_of_their_own(tmp_path: Path) -> None:
    pki = open_pki(tmp_path / "pki", NAMES, NOW)
    client = pki.ensure("kubelet-client", node_client("n1"), NOW, tmp_path / "agent")
    server = pki.ensure("kubelet", node_server("n1", ("10.0.0.9",)), NOW, tmp_path / "agent")
    assert client.info().common_name == "system:node:n1"
    assert client.info().organizations == ("system:nodes",)
    assert "10.0.0.9" in server.info().addresses
    assert {path.name for path in (tmp_path / "agent").iterdir()} == {
        "kubelet-client.crt",
        "kubelet-client.key",
        "kubelet.crt",
        "kubelet.key",
    }
    assert Pki(tmp_path / "pki", pki.authority).due(NOW) == []


def test_keys_stand_in_no_representation(tmp_path: Path) -> None:
    pki = open_pki(tmp_path, NAMES, NOW)
    secret = pki.authority_pair.key.read_text().splitlines()[1]
    assert secret not in repr(read_authority(pki.authority_pair))
    assert secret not in repr(pki) + repr(pki.pair(ADMIN)) + repr(vars(type(pki)))
