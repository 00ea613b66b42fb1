from __future__ import annotations

import pytest

from wherry.api.schema.times import canonical_micro_time, canonical_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T02:30:00+02:30", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00.987Z", "2024-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_time(text: str, expected: str) -> None:
    assert canonical_time(text) == expected


def test_micro_time() -> None:
    assert canonical_micro_time("2024-01-01T00:00:00.5Z") == "2024-01-01T00:00:00.500000Z"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'),
        ("2024-01-01", 'parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2024-01-01T00:00", 'parsing time "2024-01-01T00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as ":"'),
        ("2024-13-01T00:00:00Z", 'parsing time "2024-13-01T00:00:00Z": month out of range'),
        ("2024-02-30T00:00:00Z", 'parsing time "2024-02-30T00:00:00Z": day out of range'),
        ("2024-02-03T24:00:00Z", 'parsing time "2024-02-03T24:00:00Z": hour out of range'),
    ],
)  # fmt: skip
def test_refuses_in_go_s_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        canonical_time(text)
    assert str(caught.value) == message
