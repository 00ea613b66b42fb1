"""Certificates for the servers of these tests."""

from __future__ import annotations

import pytest

from wherry.transport.tests.rawclient import Authority, Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    return Certificates(folder, authority.path, authority.issue("server"), authority.issue("client"))
