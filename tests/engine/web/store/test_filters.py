"""What parameters of a URL ask for, and what is refused in words."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from engine.errors import ConfigError
from engine.web.store import Filter

EXAMPLE = {
    "player": "Anna",
    "side": "black",
    "opponent": "Öttö & Co",
    "rating": "1500-1800",
    "speed": "blitz,rapid",
    "time_control": "180+2",
    "since": "2026-05",
    "until": "2026-05-31",
    "opening": "B90",
    "result": "win",
    "phase": "endgame",
    "clock": "10%",
    "judgement": "mistake,blunder",
    "position": "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1",
}


def test_a_query_is_read_and_written_again_without_change() -> None:
    where = Filter.from_query(EXAMPLE)
    assert where.values() == EXAMPLE
    assert Filter.from_query(dict(parse_qsl(where.to_query()))) == where
    assert Filter.from_query({}).to_query() == ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"rating": "1800+"}, {"rating": "1800-"}),
        ({"rating": "-0900"}, {"rating": "-900"}),
        ({"opening": "b9"}, {"opening": "B9"}),
        ({"since": "2026.05"}, {"since": "2026-05"}),
        ({"clock": "30"}, {"clock": "30s"}),
        ({"speed": "Rapid, blitz"}, {"speed": "blitz,rapid"}),
        ({"player": "  Anna   B "}, {"player": "Anna B"}),
        ({"phase": ""}, {}),
        # En passant counts where a pawn can take.
        (
            {"position": "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR_b_KQkq_e3"},
            {"position": "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"},
        ),
    ],
)
def test_values_have_one_spelling(given: dict[str, str], kept: dict[str, str]) -> None:
    assert Filter.from_query(given).values() == kept


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"colour": "white"}, "no filter 'colour'"),
        ({"side": "red"}, "white, black"),
        ({"rating": "1800-1500"}, "1500-1800"),
        ({"rating": "-"}, "1500-1800"),
        ({"since": "May"}, "2026-05"),
        ({"since": "2026-13"}, "2026-05"),
        ({"speed": "fast"}, "blitz"),
        ({"clock": "10 minutes"}, "10%"),
        ({"judgement": "brilliant"}, "blunder"),
        ({"position": "8/8/8"}, "no FEN"),
        ({"result": "win"}, "whose"),
        ({"player": "..."}, "no name"),
        ({"opening": "x" * 500}, "at most"),
        ({"opening": "a\0b"}, "printable"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(query: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Filter.from_query(query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "all games"),
        (
            {"speed": "blitz", "player": "Anna", "side": "black", "since": "2026-05"},
            "blitz games of Anna as Black since 2026-05",
        ),
        (
            {"judgement": "inaccuracy", "clock": "30s"},
            "games with a move that is an inaccuracy with at most 30s on the clock",
        ),
        ({"rating": "1500-", "side": "white"}, "games seen from White's side against players rated 1500 or more"),
    ],
)
def test_filters_in_words(query: dict[str, str], words: str) -> None:
    assert Filter.from_query(query).words() == words
