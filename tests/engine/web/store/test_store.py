"""Lists and figures of a store against the games that were put into it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import chess
import pytest

import engine
from engine.errors import ConfigError, InputError
from engine.model import AnalysedGame
from engine.positions.fen import fen_of
from engine.web.kept import folder
from engine.web.opened import Opened
from engine.web.store import Filter, Store, build
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
WEAK = "Stockfish 1400"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, games: list[AnalysedGame]) -> Path:
    made = Store.create(tmp_path_factory.mktemp("store") / "match.store")
    made.add(games)
    made.finish()
    made.close()
    return made.path


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store.open(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def games() -> list[AnalysedGame]:
    return list(engine.analyze(MATCH, workers=1).games)


def ours(games: list[AnalysedGame]) -> list[tuple[AnalysedGame, str]]:
    return [(game, color) for game in games for color in ("white", "black") if game.player(color) == WEAK]


def test_the_summary_adds_up_the_games(store: Store, games: list[AnalysedGame]) -> None:
    summary, own = store.summary(Filter(player=WEAK)), ours(games)
    points = [game.points(color) for game, color in own]
    sides = [game.side(color) for game, color in own]
    losses = [game.plies[k].loss for game, color in own for k in game.turns(color)]
    assert (summary.games, summary.points, summary.lost) == (len(own), sum(points), points.count(0.0))
    assert summary.blunders == sum(side.blunders for side in sides)
    assert summary.accuracy == pytest.approx(sum(side.accuracy for side in sides) / len(sides))
    counted = [loss for loss in losses if loss is not None]
    assert (summary.moves, summary.acpl) == (len(counted), pytest.approx(sum(counted) / len(counted)))
    assert store.summary(Filter()).wins == engine.analyze(MATCH, workers=1).wins
    assert store.summary(Filter(player="nobody")).games == 0


def test_games_come_in_any_order_and_by_the_page(store: Store, games: list[AnalysedGame]) -> None:
    rows = store.games(Filter(player=WEAK), order="-accuracy", limit=100)
    expected = sorted(
        ((game.side(color).accuracy, game.origin.game) for game, color in ours(games)),
        key=lambda row: (-row[0], row[1]),
    )
    assert [row.number for row in rows] == [number for _, number in expected]
    assert {row.number: row.view for row in rows} == {game.origin.game: color for game, color in ours(games)}
    assert [row.number for row in store.games(Filter(), order="-number", start=2, limit=3)] == [22, 21, 20]
    with pytest.raises(ConfigError, match="order"):
        store.games(Filter(), order="plies; DROP TABLE games")


def test_moves_are_the_players_that_have_all_that_is_asked(store: Store, games: list[AnalysedGame]) -> None:
    where = Filter(player=WEAK, phase="middlegame", judgement="blunder")
    expected = {
        (game.origin.game, k)
        for game, color in ours(games)
        for k in game.turns(color)
        if game.plies[k].judgement == "blunder" and game.phase(k) == "middlegame"
    }
    moves = store.moves(where, order="loss", limit=1000)
    assert {(move.game, move.ply) for move in moves} == expected
    assert store.count_moves(where) == len(expected)
    assert store.count(where) == len({game for game, _ in expected})
    assert [move.win_loss for move in moves] == sorted((move.win_loss for move in moves), reverse=True)
    worst = moves[0]
    game = games[worst.game - 1]
    assert (worst.fen, worst.number, worst.san) == (
        game.board(worst.ply).fen(),
        game.number(worst.ply),
        game.plies[worst.ply].san,
    )
    assert worst.best == game.board(worst.ply).san(chess.Move.from_uci(game.positions[worst.ply].evaluation.best))


def test_a_position_is_found_by_whatever_moves_it_was_reached(store: Store, games: list[AnalysedGame]) -> None:
    fen = "rnbqkb1r/ppp1pppp/5n2/3p4/2PP4/8/PP2PPPP/RNBQKBNR w KQkq - 1 3"  # 1. d4 Nf6 2. c4 d5, or 1. c4 ...
    plain = fen.split()[:4]
    having = [game for game in games if any(fen_of(board).split()[:4] == plain for board in game.boards())]
    assert store.count(Filter(position=fen)) == len(having)
    final = fen_of(games[0].board(len(games[0].plies)))
    assert [row.number for row in store.games(Filter(position=final))] == [1]


def test_a_game_is_what_it_was(store: Store, games: list[AnalysedGame]) -> None:
    assert store.game(3).plies == games[2].plies
    assert store.game(3).positions == games[2].positions
    assert store.game(99) is None


def test_the_tree_counts_games_and_results(store: Store, games: list[AnalysedGame]) -> None:
    tree = store.tree(Filter(), "startpos")
    first = [game.plies[0].uci for game in games]
    assert {move.uci: move.games for move in tree.moves} == {uci: first.count(uci) for uci in first}
    assert (tree.games, tree.ended, tree.view) == (len(games), 0, "mover")
    move = tree.moves[0]
    own = [game for game in games if game.plies[0].uci == move.uci]
    assert move.white_won == sum(game.result == "1-0" for game in own)
    assert move.win_after == pytest.approx(sum(game.plies[0].win_after for game in own) / len(own))
    assert move.score == pytest.approx(100 * sum(game.points("white") for game in own) / len(own))
    assert move.white_accuracy == pytest.approx(sum(game.white.accuracy for game in own) / len(own))
    as_black = store.tree(Filter(player=WEAK, side="black"), "startpos")
    assert as_black.view == "player"
    for move in as_black.moves:
        assert move.expected == pytest.approx(100 - move.win_after)


def test_leaks_are_positions_of_the_player_by_their_cost(store: Store, games: list[AnalysedGame]) -> None:
    lost: dict[str, list[tuple[int, float]]] = {}
    for game, color in ours(games):
        for k in game.turns(color):
            ply = game.plies[k]
            if k < 20 and ply.win_before is not None:
                key = " ".join(game.board(k).fen().split()[:4])
                lost.setdefault(key, []).append((game.origin.game, max(0.0, ply.win_before - ply.win_after)))
    costs = {
        key: sum(loss for _, loss in moves)
        for key, moves in lost.items()
        if len({number for number, _ in moves}) > 1 and sum(loss for _, loss in moves) >= 5 * len(moves)
    }
    leaks = store.leaks(Filter(player=WEAK))
    assert leaks
    assert [leak.cost for leak in leaks] == pytest.approx(sorted(costs.values(), reverse=True)[:50])
    for leak in leaks:
        assert costs[" ".join(leak.fen.split()[:4])] == pytest.approx(leak.cost)
        assert leak.cost == pytest.approx(leak.loss * sum(1 for _ in lost[" ".join(leak.fen.split()[:4])]))


def test_readers_see_games_as_they_are_added(tmp_path: Path, games: list[AnalysedGame]) -> None:
    writer = Store.create(tmp_path / "live.store", players=("Anna", "Anni"))
    reader = Store.open(tmp_path / "live.store")
    versions = [reader.version()]
    for game in games[:3]:
        thread = threading.Thread(target=writer.add, args=([game],))
        thread.start()
        thread.join()
        versions.append(reader.version())
        assert reader.count(Filter()) == game.origin.game
    assert versions == sorted(set(versions))
    writer.add(games[:2])  # the same games again
    assert (reader.count(Filter()), reader.epoch() > 0, reader.finished()) == (3, True, False)
    with pytest.raises(ConfigError, match="to be read"):
        reader.add(games[:1])
    writer.finish()
    assert (reader.finished(), reader.players()) == (True, ("Anna", "Anni"))
    reader.close()
    writer.close()


def test_a_game_that_fails_leaves_nothing_of_its_transaction(tmp_path: Path, games: list[AnalysedGame]) -> None:
    writer = Store.create(tmp_path / "live.store")
    with pytest.raises(AttributeError):
        writer.add([games[0], None])  # type: ignore[list-item]
    writer.add(games[1:2])
    assert [row.number for row in writer.games(Filter())] == [2]
    writer.close()


def test_a_database_of_ours_has_the_games_of_json_lines(tmp_path: Path, store: Store) -> None:
    engine.analyze(MATCH, output=tmp_path / "match.sqlite")
    again = build([tmp_path / "match.sqlite"], tmp_path / "again.store")
    for number in range(1, 25):
        one, other = store.game(number), again.game(number)
        assert (one.headers, one.positions, one.plies) == (other.headers, other.positions, other.plies)
    again.close()
    database = sqlite3.connect(tmp_path / "match.sqlite")
    database.execute("DROP TABLE records")
    database.commit()
    database.close()
    with pytest.raises(InputError, match="write it again"):
        build([tmp_path / "match.sqlite"], tmp_path / "again.store")


def test_a_store_is_kept_by_content_and_built_again_when_it_is_damaged(tmp_path: Path) -> None:
    source = tmp_path / "games.jsonl.zst"
    source.write_bytes(MATCH.read_bytes())

    def opened() -> tuple[Path, int]:
        opened = Opened.results([source])
        try:
            assert opened.store.count(Filter()) == 24
            return opened.store.path, opened.store.path.stat().st_ino
        finally:
            opened.close()

    first = opened()
    assert opened() == first
    assert first[0].parent == folder()
    first[0].write_bytes(first[0].read_bytes()[:20_000])
    damaged = opened()
    assert damaged[0] == first[0]
    assert [path.name for path in folder().iterdir() if path.suffix != ".lock"] == [first[0].name]
    source.write_bytes(source.read_bytes() + MATCH.read_bytes())
    assert opened()[0] != first[0]


def test_choices_for_suggestions(store: Store) -> None:
    assert store.choices("player", "stockfish 1") == ["Stockfish 1400", "Stockfish 1700"]
    assert store.choices("opening", "no such opening") == []
    with pytest.raises(ConfigError, match="choices"):
        store.choices("headers")
