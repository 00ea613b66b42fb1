"""Time zones by name."""

from __future__ import annotations

import pytest

from wherry.api.batch.timezones import find_time_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3"])
def test_zones(name: str) -> None:
    assert str(find_time_zone(name)) == name


@pytest.mark.parametrize("name", ["Mars/Base", "europe/nowhere", "Europe", "a" * 300])
def test_what_is_none(name: str) -> None:
    with pytest.raises(ValueError, match=f"unknown time zone {name}"):
        find_time_zone(name)


@pytest.mark.parametrize("name", ["../UTC", "/etc/passwd", "a\\b"])
def test_no_way_out_of_the_database(name: str) -> None:
    with pytest.raises(ValueError, match="invalid location name"):
        find_time_zone(name)
