"""The board's page: without a script it is a picture, links and a form; positions come from the address."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import chess
import pytest

from tests.engine.web.asgi import Answer, get
from tests.engine.web.visitors import board_app

MATED = "f2f3,e7e5,g2g4,d8h4"
NO_KINGS = "8/8/8/8/8/8/8/8 w - - 0 1"
HOSTILE = [
    {"fen": "x"},
    {"fen": "<script>alert(1)</script>/"},
    {"fen": "9" * 5_000},
    {"fen": "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 " + "9" * 60},
    {"fen": NO_KINGS},
    {"fen": NO_KINGS, "moves": "e2e4"},
    {"fen": "k7/8/8/8/8/8/8/QQQQQQQQ w - - 0 1"},
    {"moves": "e2e5"},
    {"moves": "<b>"},
    {"moves": "0000"},
    {"moves": "--"},
    {"moves": "e2e4," * 5_000},
    {"moves": "g1f3,g8f6,f3g1,f6g8," * 76},
    {"below": "sideways"},
    {"play": "Ke3"},
    {"play": "0000"},
    {"play": "\x00"},
    {"play": "8/8/8"},
]


@pytest.fixture(scope="module")
def app() -> Any:
    return board_app()


def facts(answer: Answer) -> dict[str, Any]:
    start = answer.text.index('id="b-facts">') + len('id="b-facts">')
    found: dict[str, Any] = json.loads(answer.text[start : answer.text.index("</script>", start)])
    return found


def moves_of(link: str) -> str:
    return link.partition("moves=")[2].partition("&")[0].replace("%2C", ",")


def test_the_moves_of_the_address_are_played_and_the_legal_ones_are_links(app: Any) -> None:
    page = get(app, "/board?moves=e2e4,c7c5")
    assert page.status == 200
    assert "White to move · B20 Sicilian Defense" in page.words
    board = chess.Board()
    for move in ("e2e4", "c7c5"):
        board.push_uci(move)
    links = {moves_of(link) for link in page.links if link.startswith("/board?moves=e2e4%2Cc7c5%2C")}
    assert links == {f"e2e4,c7c5,{move.uci()}" for move in board.legal_moves}
    assert "/board?moves=e2e4" in page.links  # taking back
    assert sum(tag == "use" for tag, _ in page.tags) == 32
    [lichess] = [link for link in page.links if "lichess.org" in link]
    assert lichess.endswith("/analysis/standard/rnbqkbnr/pp1ppppp/8/2p5/4P3/8/PPPP1PPP/RNBQKBNR_w_KQkq_-_0_2")
    games = "/games?position=" + quote(board.fen(), safe="/-").replace("%20", "+")
    assert games in page.links


def test_a_picture_can_be_seen_from_either_side(app: Any) -> None:
    from_white, from_black = (get(app, f"/board?moves=e2e4&below={side}").text for side in ("white", "black"))
    king = '<use href="#wK" x="{}" y="{}"'
    assert king.format(180, 315) in from_white
    assert king.format(135, 0) in from_black


@pytest.mark.parametrize(
    ("typed", "fen", "uci"),
    [
        ("Nf3", "", "g1f3"),
        ("1. e4", "", "e2e4"),
        ("e2e4", "", "e2e4"),
        ("E2E4", "", "e2e4"),
        ("0-0", "4k3/8/8/8/8/8/8/4K2R w K - 0 1", "e1g1"),
        ("a8=N+", "8/P1k5/8/8/8/8/8/4K3 w - - 0 1", "a7a8n"),
    ],
)
def test_a_move_can_be_typed(app: Any, typed: str, fen: str, uci: str) -> None:
    page = get(app, f"/board?{urlencode({'fen': fen, 'play': typed})}")
    assert page.status == 200
    assert facts(page)["moves"] == [uci]


def test_a_typed_fen_begins_anew(app: Any) -> None:
    fen = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    found = facts(get(app, f"/board?{urlencode({'moves': 'e2e4', 'play': fen})}"))
    assert (found["start"], found["moves"]) == (fen, [])


def test_a_game_that_has_ended_has_no_moves(app: Any) -> None:
    page = get(app, f"/board?moves={MATED}")
    assert "checkmate: Black wins" in page.words
    assert facts(page)["legal"] == []


def test_chess960_castles_by_taking_the_rook(app: Any) -> None:
    fen = "1k6/8/8/8/8/8/8/R3K1R1 w GA - 0 1"
    found = facts(get(app, f"/board?{urlencode({'fen': fen})}"))
    assert ["O-O", "e1g1"] in found["legal"]
    assert ["O-O-O", "e1a1"] in found["legal"]
    played = facts(get(app, f"/board?{urlencode({'fen': fen, 'moves': 'e1g1'})}"))
    assert played["fen"].startswith("1k6/8/8/8/8/8/8/R4RK1 b")
    assert "/analysis/chess960/" in found["lichess"]


def test_the_longest_line_is_a_page_of_bounded_size(app: Any) -> None:
    page = get(app, "/board?moves=" + ",".join(["g1f3,g8f6,f3g1,f6g8"] * 75))
    assert page.status == 200
    assert "75 moves: a draw" in page.words
    assert len(page.body) < 600_000


def test_the_script_gets_what_the_page_has(app: Any) -> None:
    query = "moves=d2d4,g8f6&below=black"
    answer = get(app, f"/board/position?{query}")
    assert json.loads(answer.body) == facts(get(app, f"/board?{query}"))
    assert json.loads(answer.body)["pgn"].endswith("1. d4 Nf6 *")


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: ascii(query)[:40])
def test_what_is_no_position_is_refused_in_words(app: Any, query: dict[str, str]) -> None:
    page = get(app, f"/board?{urlencode(query)}")
    assert page.status == 400
    [warning] = [at for at in page.tags if at[1].get("id") == "b-trouble"]
    assert "hidden" not in warning[1]
    assert "Traceback" not in page.text
    assert "<b>" not in page.text
    assert "<script>alert" not in page.text
    assert len(page.text) < 200_000
    trouble = json.loads(get(app, f"/board/position?{urlencode(query)}").body)["trouble"]
    assert trouble
    assert trouble[0].islower() or trouble[0] in "'\""


def test_there_is_no_inline_script_or_style(app: Any) -> None:
    page = get(app, "/board?moves=e2e4")
    assert not any("style" in attributes or "onclick" in attributes for _, attributes in page.tags)
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert all("src" in script or script["type"] == "application/json" for script in scripts)
    for script in scripts:
        if "src" in script:
            assert get(app, str(script["src"])).status == 200
