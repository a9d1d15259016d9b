"""The date of a game: as much of it as the tags tell."""

from __future__ import annotations

import pytest

from engine.testing import analysed_game


@pytest.mark.parametrize(
    ("utc", "local", "date"),
    [
        ("2026.11.02", "2026.11.03", "2026.11.02"),
        ("2026.11.02", None, "2026.11.02"),
        (None, "2026.11.03", "2026.11.03"),
        ("????.??.??", "2026.11.03", "2026.11.03"),
        ("2026.??.??", "2026.11.??", "2026.11"),
        ("2026.11.??", "2026", "2026.11"),
        (None, "2026-11-02", "2026.11.02"),
        (None, "2026/11/02", "2026.11.02"),
        (None, "2026.02.30", "2026.02"),
        (None, "2026.13.01", "2026"),
        (None, "0000.00.00", ""),
        (None, "20261102", ""),
        ("", "yesterday", ""),
        (None, None, ""),
    ],
)
def test_a_date_is_the_tag_that_says_more_and_utc_where_both_say_as_much(
    utc: str | None, local: str | None, date: str
) -> None:
    tags = {"UTCDate": utc, "Date": local}
    game = analysed_game("1. e4", headers={tag: value for tag, value in tags.items() if value is not None})
    assert game.date == date
