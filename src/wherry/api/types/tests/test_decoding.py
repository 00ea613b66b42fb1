from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from wherry.api.types.coordination_v1 import Lease
from wherry.api.types.core_v1 import Pod, Secret, Service
from wherry.api.types.decoding import convert, decode, to_obj
from wherry.api.types.rbac_v1 import Role


def test_values() -> None:
    secret = decode(Secret, b'{"data":{"a":"aGk="},"metadata":{"creationTimestamp":"2024-05-06T07:08:09Z"}}')
    assert secret.data["a"] == b"hi"
    assert secret.metadata.creation_timestamp == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    service = decode(Service, b'{"spec":{"clusterIP":"10.0.0.1","ports":[{"port":80,"targetPort":"http"}]}}')
    assert service.spec.cluster_ip == "10.0.0.1"
    assert service.spec.ports[0].target_port == "http"
    lease = decode(Lease, b'{"spec":{"renewTime":"2024-05-06T07:08:09.123456Z"}}')
    assert lease.spec.renew_time is not None and lease.spec.renew_time.microsecond == 123456


def test_nulls_of_other_servers() -> None:
    assert decode(Role, b'{"metadata":{"name":"r","creationTimestamp":null},"rules":null}').rules == ()
    assert convert(Role, {"rules": None}).rules == ()


def test_refuses_what_is_not_of_the_type() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(Pod, b'{"spec":{"containers":7}}')


def test_back_to_plain() -> None:
    obj = {"spec": {"containers": [{"name": "a", "env": [{"name": "X"}]}], "volumes": [{"name": "v", "emptyDir": {}}]}}
    assert to_obj(convert(Pod, obj)) == obj
