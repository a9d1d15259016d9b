"""The opening tree and the leaks: their figures are those of the games, counted here once more."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple
from urllib.parse import urlencode

import chess
import pytest

import engine
from engine.model import AnalysedGame
from engine.settings import Settings
from engine.testing import analysed_game
from engine.web.openings import FEW, compared
from engine.web.reports import Reports
from engine.web.site import Site, application
from engine.web.store import Filter, Store, TreeMove, build
from tests.engine.web.asgi import Answer, get, parsed
from tests.engine.web.conftest import Visit
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
POINTS = {"1-0": 1.0, "1/2-1/2": 0.5, "0-1": 0.0}


class Served(NamedTuple):
    """The application with the games of the match, its store, and the games."""

    app: Any
    store: Store
    games: list[AnalysedGame]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    store = build([MATCH], tmp_path_factory.mktemp("store") / "match.store")
    result = engine.analyze(MATCH, evaluator="recorded", aggregators=[], games=True)
    yield Served(application(Site(store, Reports(store))), store, list(result.games or ()))
    store.close()


def placed(board: chess.Board) -> tuple[str, bool, int, Any]:
    passant = board.ep_square if board.has_legal_en_passant() else None
    return board.board_fen(), board.turn, board.clean_castling_rights(), passant


def played_from(games: list[AnalysedGame], fen: str) -> dict[str, list[tuple[AnalysedGame, int]]]:
    """Return the games that had a position, by the move that was played in it, with the move's index."""
    wanted = placed(chess.Board(fen))
    found: dict[str, list[tuple[AnalysedGame, int]]] = defaultdict(list)
    for game in games:
        board = chess.Board(game.fen)
        seen = set()
        for k, ply in enumerate(game.plies):
            if placed(board) == wanted and ply.uci not in seen:
                seen.add(ply.uci)
                found[ply.uci].append((game, k))
            board.push_uci(ply.uci)
    return found


def rows(page: Answer) -> dict[str, str]:
    """Return the text of each row of the tree by its move in UCI."""
    table = page.text[page.text.index("<tbody>") : page.text.index("</tbody>")]
    cells = re.split(r"<tr>", table)[1:]
    return {
        re.findall(r'data-uci="(\w+)"', row)[0]: " ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in cells
    }


@pytest.mark.parametrize("moves", ["", "e2e4", "d2d4,g8f6", "g1f3,g8f6,d2d4"])
def test_the_tree_is_that_of_the_games(served: Served, moves: str) -> None:
    board = chess.Board()
    for move in moves.split(",") if moves else ():
        board.push_uci(move)
    expected = played_from(served.games, board.fen())
    tree = served.store.tree(Filter(), board.fen())
    assert {move.uci: move.games for move in tree.moves} == {uci: len(found) for uci, found in expected.items()}
    for move in tree.moves:
        scores, promises = [], []
        for game, k in expected[move.uci]:
            mover = 1.0 if board.turn else -1.0
            points = POINTS[game.result]
            scores.append(100 * (points if mover > 0 else 1 - points))
            promises.append(game.plies[k].win_after)
        assert move.score == pytest.approx(mean(scores))
        assert move.expected == pytest.approx(mean(promises))
        differences = [score - promise for score, promise in zip(scores, promises, strict=True)]
        assert move.surplus == pytest.approx(mean(differences))
        if len(differences) > 1:
            assert move.error == pytest.approx(stdev(differences) / math.sqrt(len(differences)))
        else:
            assert move.error is None
        assert move.last == max(game.date for game, _ in expected[move.uci])
    page = get(served.app, "/openings" + (f"?moves={moves}" if moves else ""))
    assert page.status == 200
    shown = rows(page)
    assert list(shown) == [move.uci for move in tree.moves]
    for move in tree.moves:
        assert f"{move.san} " in shown[move.uci]
        results = f"{move.white_won} · {move.drawn} · {move.black_won}"
        assert f" {move.score:.0f}% {results} " in shown[move.uci]


def test_a_filter_is_kept_from_page_to_page(served: Served) -> None:
    page = get(served.app, "/openings?moves=e2e4&side=black&player=Stockfish+1700")
    assert page.status == 200
    assert "Scores are those of the player" in page.words
    assert "Win% after" in page.words
    moves = [link for link in page.links if link.endswith("#walk")]
    boards = [link for link in page.links if "moves=e2e4" in link and link.startswith("/board?")]
    assert len(moves) > 1
    assert boards
    assert all("player=Stockfish" in link and "side=black" in link for link in (*moves, *boards))
    [games, *_] = [link for link in page.links if link.startswith("/games?") and "position=" in link]
    assert get(served.app, games).status == 200


def test_a_line_has_the_names_of_its_openings(served: Served) -> None:
    page = get(served.app, "/openings?moves=e2e4,c7c5,g1f3")
    assert "King's Pawn Game Sicilian Defense" in page.words
    assert "B27 Sicilian Defense" in page.words
    assert "/openings?moves=e2e4" in page.links


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"moves": "e2e5"}, 400, "not a legal move"),
        ({"fen": "8/8/8/8/8/8/8/8 w - - 0 1"}, 400, "White has no king"),
        ({"moves": "f2f3,e7e5,g2g4,d8h4"}, 200, "checkmate: Black wins"),
        ({"fen": "4k3/8/8/8/8/8/8/4K2R w K - 0 1"}, 200, "No game has this position"),
    ],
)
def test_positions_that_nobody_had(served: Served, query: dict[str, str], status: int, words: str) -> None:
    page = get(served.app, f"/openings?{urlencode(query)}")
    assert page.status == status
    assert words in page.words


def move(games: int, surplus: float | None, error: float | None, uci: str = "e2e4") -> TreeMove:
    return TreeMove(
        *(uci, "e4", "", games, 50.0, 0, 0, 0, 50.0, 50.0, 50.0, 0.0, None, None, ""),
        compared=games,
        surplus=surplus,
        error=error,
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (move(0, None, None), ("", "", "nothing to compare")),
        (move(1, 40.0, None), ("+40", "", "too few games (1)")),
        (move(FEW - 1, 40.0, 1.0), ("+40", "", f"too few games ({FEW - 1})")),
        (move(100, 5.0, 4.0), ("+5", "−3 to +13", "within chance")),
        (move(100, 0.2, 4.0), ("0", "−8 to +8", "within chance")),
        (move(100, 20.0, 4.0), ("+20", "+12 to +28", "better than promised")),
        (move(100, -20.0, 4.0), ("−20", "−28 to −12", "worse than promised")),
    ],
)
def test_a_difference_is_said_with_its_certainty(one: TreeMove, words: tuple[str, str, str]) -> None:
    found = compared([one])["e2e4"]
    assert (found.difference, found.interval, found.verdict) == words


def test_one_of_many_moves_that_stands_out_is_within_chance() -> None:
    """A p-value of 3% is none among twenty."""
    alone = move(1_000, 8.7, 4.0)
    assert compared([alone])["e2e4"].verdict == "better than promised"
    others = [move(1_000, 0.1, 4.0, uci=f"a{k}") for k in range(20)]
    assert compared([alone, *others])["e2e4"].verdict == "within chance"


def test_games_that_begin_elsewhere_are_found(site_of: Callable[..., Visit]) -> None:
    begin = {"FEN": "bnrkqnrb/pppppppp/8/8/8/8/PPPPPPPP/BNRKQNRB w KQkq - 0 1", "Variant": "Chess960"}
    visit = site_of([analysed_game("1. e4 e5 *", [20, 25, 20], headers=begin, number=k) for k in (1, 2)])
    page = visit.page("/openings")
    assert "No game has this position" in page.words
    [start] = [link for link in page.links if "fen=bnrkqnrb" in link]
    assert "2 games from bnrkqnrb/pppppppp" in page.words
    reached = visit.page(start)
    assert "2 games went on from here" in reached.words
    assert [a["data-uci"] for _, a in reached.tags if "data-uci" in a] == ["e2e4"]


def test_leaks_lead_to_the_board_and_the_games(served: Served) -> None:
    nobody = get(served.app, "/openings/leaks")
    assert "Whose repertoire?" in nobody.words
    [player] = [
        link for link in nobody.links if re.fullmatch(r"/openings/leaks\?player=Stockfish(\+|%20)1400", link)
    ]
    page = get(served.app, player)
    assert page.status == 200
    leaks = served.store.leaks(Filter(player="Stockfish 1400"))
    assert leaks
    assert [leak.cost for leak in leaks] == sorted((leak.cost for leak in leaks), reverse=True)
    for leak in leaks:
        assert leak.cost == pytest.approx(leak.games * leak.loss)
        assert f"{leak.move} {leak.times}×" in page.words
    table = parsed(page.text[page.text.index("<tbody>") :]).tags
    links = [str(attributes["href"]) for tag, attributes in table if tag == "a"]
    boards = [link for link in links if link.startswith("/board?")]
    assert len(boards) == len(leaks)
    for link, leak in zip(boards, leaks, strict=True):
        board = get(served.app, link)
        assert leak.fen.rsplit(" ", 2)[0] in board.text
    for link in [link for link in links if link.startswith(("/games?", "/game/"))]:
        assert get(served.app, link).status == 200


def test_what_costs_less_than_an_inaccuracy_is_no_leak(tmp_path: Path) -> None:
    """However often it is played: each search of a position is wrong by much the same."""
    played = (("1. e4 { [%eval 0.2] } c5 { [%eval 0.25] }", 50), ("1. d4 { [%eval 0.2] } e5 { [%eval 0.9] }", 2))
    texts = [
        f'[White "Anna"]\n[Black "Ben"]\n[Result "*"]\n[Round "{moves[3:5]}{n}"]\n\n{moves} *\n'
        for moves, number in played
        for n in range(number)
    ]
    (tmp_path / "games.pgn").write_text("\n".join(texts), "utf-8")
    store = build([tmp_path / "games.pgn"], tmp_path / "leaks.store", settings=Settings(keep_duplicates=True))
    [leak] = store.leaks(Filter(player="Ben"))
    assert (leak.line, leak.move, leak.games) == ("1. d4", "e5", 2)
    assert 5 < leak.loss < 10
    app = application(Site(store, Reports(store, workers=0)))
    assert "cost 5 Win% or more on average, which is an inaccuracy" in get(app, "/openings/leaks?player=Ben").words
    without = get(app, "/openings/leaks?player=Anna")
    assert "No position of the opening came up in two games or more and cost an inaccuracy" in without.words
    store.close()


def test_a_player_without_leaks(served: Served) -> None:
    page = get(served.app, "/openings/leaks?player=Nobody")
    assert page.status == 200
    assert "No position of the opening came up" in page.words
