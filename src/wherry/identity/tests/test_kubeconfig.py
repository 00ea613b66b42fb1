"""The user's file keeps everything that is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.identity.kubeconfig import (
    Kubeconfig,
    KubeconfigError,
    format_kubeconfig,
    merge_into,
    parse_kubeconfig,
    read_kubeconfig,
    remove_from,
    user_file,
    write_kubeconfig,
)

OURS = Kubeconfig("https://127.0.0.1:6443", b"CA", b"CERT", b"KEY")
THEIRS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {"colors": True},
    "clusters": [{"name": "prod", "cluster": {"server": "https://prod", "proxy-url": "http://p"}}],
    "users": [{"name": "me", "user": {"exec": {"command": "login", "env": None}}}],
    "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "me", "namespace": "web"}}],
    "current-context": "prod",
    "extensions": [{"name": "x", "extension": {"a": 1}}],
}


@pytest.mark.parametrize(
    "config",
    [
        OURS,
        Kubeconfig("https://h", token="t", namespace="ns"),
        Kubeconfig("http://h", is_insecure=True, server_name="kubernetes"),
    ],
    ids=["certificate", "token", "insecure"],
)
def test_round_trip(config: Kubeconfig) -> None:
    assert parse_kubeconfig(format_kubeconfig(config)) == config


def test_secrets_stand_in_no_representation() -> None:
    text = repr(Kubeconfig("https://h", key=b"PRIVATE", token="SECRET"))
    assert "PRIVATE" not in text and "SECRET" not in text


def test_our_own_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "admin.kubeconfig"
    write_kubeconfig(path, OURS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_kubeconfig(path) == OURS


def test_merging_makes_the_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config"
    merge_into(path, OURS)
    assert read_kubeconfig(path) == OURS
    assert path.stat().st_mode & 0o777 == 0o600


def test_merging_and_removing_leave_the_rest_alone(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(THEIRS))
    path.chmod(0o640)
    merge_into(path, OURS)
    merged = yaml.safe_load(path.read_text())
    assert merged["current-context"] == "wherry"
    assert parse_kubeconfig(path.read_bytes(), "prod").server == "https://prod"
    for section in ("clusters", "users", "contexts"):
        assert merged[section][0] == THEIRS[section][0]
        assert len(merged[section]) == 2
    assert remove_from(path)
    assert yaml.safe_load(path.read_text()) == {**THEIRS, "current-context": ""}
    assert path.stat().st_mode & 0o777 == 0o640
    assert not remove_from(path)


def test_merging_again_replaces_our_entry_and_keeps_the_chosen_namespace(tmp_path: Path) -> None:
    path = tmp_path / "config"
    merge_into(path, OURS)
    document = yaml.safe_load(path.read_text())
    document["contexts"][0]["context"]["namespace"] = "web"
    path.write_text(yaml.safe_dump(document))
    merge_into(path, Kubeconfig("https://new", token="t"))
    again = read_kubeconfig(path)
    assert (again.server, again.token, again.key, again.namespace) == ("https://new", "t", b"", "web")


def test_merging_beside_does_not_take_over_the_current_context(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(THEIRS))
    merge_into(path, OURS, make_current=False)
    assert yaml.safe_load(path.read_text())["current-context"] == "prod"


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(yaml.safe_dump(THEIRS))
    link = tmp_path / "config"
    link.symlink_to(tmp_path / "real")
    merge_into(link, OURS)
    assert link.is_symlink()
    assert read_kubeconfig(tmp_path / "real") == OURS


@pytest.mark.parametrize("text", ["a: [", "- 1", "text", "clusters: x", "users: [x]"], ids=repr)
def test_a_file_that_is_no_kubeconfig_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubeconfigError):
        merge_into(path, OURS)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "no current context"),
        ({"current-context": "x"}, 'no context named "x"'),
        ({"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c"}}]}, 'no cluster named "c"'),
        ({**THEIRS, "clusters": [{"name": "prod", "cluster": {"certificate-authority-data": "%"}}]}, "not base64"),
        ({**THEIRS, "clusters": [{"name": "prod", "cluster": {"certificate-authority": "gone"}}]}, "cannot read"),
    ],
    ids=["nothing", "no context", "no cluster", "base64", "missing file"],
)
def test_what_is_missing_is_said(document: dict[str, Any], message: str) -> None:
    with pytest.raises(KubeconfigError, match=message):
        parse_kubeconfig(yaml.safe_dump(document).encode())


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"CA")
    clusters = [{"name": "prod", "cluster": {"server": "s", "certificate-authority": "ca.pem"}}]
    (tmp_path / "config").write_text(yaml.safe_dump({**THEIRS, "clusters": clusters}))
    assert read_kubeconfig(tmp_path / "config").authority == b"CA"


def test_which_file_is_the_users(tmp_path: Path) -> None:
    there = tmp_path / "b"
    there.touch()
    assert user_file({}, tmp_path) == tmp_path / ".kube" / "config"
    assert user_file({"KUBECONFIG": f"{tmp_path / 'a'}:{there}"}, tmp_path) == there
    assert user_file({"KUBECONFIG": f"{tmp_path / 'a'}:{tmp_path / 'c'}"}, tmp_path) == tmp_path / "c"
