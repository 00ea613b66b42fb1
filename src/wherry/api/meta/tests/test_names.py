"""Names: what passes, and upstream's words for what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from wherry.api.meta import names

Rule = Callable[[str], Sequence[str]]


@pytest.mark.parametrize(
    ("rule", "good"),
    [
        pytest.param(names.dns1123_label_faults, ["a", "0", "a-b", "a" * 63], id="label"),
        pytest.param(names.dns1123_subdomain_faults, ["a", "a.b", "0.0", "a" * 63 + ".b"], id="subdomain"),
        pytest.param(names.dns1035_label_faults, ["a", "a0", "a-b"], id="1035"),
        pytest.param(names.qualified_name_faults, ["a", "A.b_c-d", "example.com/A", "1"], id="qualified"),
        pytest.param(names.label_value_faults, ["", "a", "A.b_c-d", "1"], id="value"),
        pytest.param(names.config_key_faults, ["a", ".a", "a..b", "A_B-c.d"], id="config key"),
        pytest.param(names.env_name_faults, ["A", "a b", "1.x-y"], id="environment"),
        pytest.param(names.port_name_faults, ["http", "a-1", "0a"], id="port"),
        pytest.param(names.ip_faults, ["10.0.0.1", "::1"], id="ip"),
        pytest.param(names.cidr_faults, ["10.0.0.0/8", "::/0"], id="cidr"),
        pytest.param(names.header_name_faults, ["X-Header"], id="header"),
        pytest.param(names.c_identifier_faults, ["_a1"], id="identifier"),
        pytest.param(names.path_segment_faults, ["system:node", "a.b"], id="segment"),
    ],
)
def test_good_names(rule: Rule, good: list[str]) -> None:
    for name in good:
        assert not rule(name), name


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        pytest.param(names.dns1123_label_faults, ["", "A", "-a", "a-", "a.b", "a" * 64, "a\n"], id="label"),
        pytest.param(names.dns1123_subdomain_faults, ["", "A", ".a", "a..b", "a" * 254, "a\n"], id="subdomain"),
        pytest.param(names.dns1035_label_faults, ["", "0a", "a-"], id="1035"),
        pytest.param(names.qualified_name_faults, ["", "/a", "a/", "a/b/c", "A/b", "-a", "a" * 64], id="qualified"),
        pytest.param(names.label_value_faults, ["-", "a b", "a" * 64, "a\n"], id="value"),
        pytest.param(names.config_key_faults, ["", ".", "..", "..a", "a b", "a" * 254], id="config key"),
        pytest.param(names.env_name_faults, ["", "a=b", "é", "a\n"], id="environment"),
        pytest.param(names.port_name_faults, ["", "8080", "-a", "a--b", "A", "a" * 16], id="port"),
        pytest.param(names.ip_faults, ["", "1.2.3", "1.2.3.256"], id="ip"),
        pytest.param(names.cidr_faults, ["", "10.0.0.1", "10.0.0.0/33"], id="cidr"),
        pytest.param(names.path_segment_faults, [".", "..", "a/b", "a%b"], id="segment"),
        pytest.param(names.routable_faults, ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "::1"], id="endpoint"),
    ],
)
def test_bad_names(rule: Rule, bad: list[str]) -> None:
    for name in bad:
        assert rule(name), name


def test_every_reason_is_told() -> None:
    assert names.dns1123_label_faults("A" * 64) == [
        "must be no more than 63 characters",
        (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
            "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ),
    ]
    assert names.qualified_name_faults("/") == (
        "prefix part must be non-empty",
        "name part must be non-empty",
        (
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        ),
    )


def test_lengths_are_told_in_bytes_of_labels_and_in_characters_of_all_else() -> None:
    long = "a" * 254
    assert names.label_value_faults(long) == ["must be no more than 63 bytes"]
    assert names.qualified_name_faults(f"{long}/{long}") == (
        "prefix part must be no more than 253 bytes",
        "name part must be no more than 63 bytes",
    )
    assert names.dns1123_subdomain_faults(long) == ["must be no more than 253 characters"]
    assert names.dns1035_label_faults(long) == ["must be no more than 63 characters"]
    assert names.config_key_faults(long) == ["must be no more than 253 characters"]
    assert names.port_name_faults(long) == ["must be no more than 15 characters"]
    assert names.dns1123_label_faults("é" * 32)[0] == "must be no more than 63 characters", "bytes are what is counted"


def test_a_label_that_would_be_a_subdomain_is_told_of_its_dots() -> None:
    assert names.dns1123_label_faults("a.b") == ["must not contain dots"]
    assert names.qualified_name_faults("a/b/c")[0].startswith("a valid label key must consist of")


def test_prefixes_may_end_with_a_dash() -> None:
    assert not names.subdomain_name("web-", True)
    assert names.subdomain_name("web-", False)
    assert not names.label_name("web-", True)
    assert names.label_1035_name("1x-", True)
    assert names.mask_trailing_dash("-") == "-"
