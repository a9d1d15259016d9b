"""The trainer as bytes: the cards of reports, what is left out, hostile text, nothing to train, its name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import chess
import pytest
from msgspec import structs

from engine.loading.registry import Registry
from engine.output.target import file_target
from engine.testing import check_writer
from engine.web.pages.trainer.cards import LETTERS
from engine_plugins.writers.html import HtmlOptions, HtmlWriter
from engine_plugins.writers.trainer import TrainerHtml
from tests.plugins.writers.html_page import Page, write
from tests.plugins.writers.rendering import INFO
from tests.plugins.writers.test_html import HOSTILE
from tests.plugins.writers.test_html_answers import games as games_of_anna
from tests.plugins.writers.trainer_page import (
    CASTLING,
    PROMOTION,
    TWO_MATES,
    cards,
    mistakes,
    puzzles,
    result,
    trainer,
)


def legal(words: str) -> set[str]:
    """The pairs of squares that a card's legal moves stand for."""
    return {
        chess.square_name(LETTERS.index(word[0])) + chess.square_name(LETTERS.index(letter))
        for word in words.split()
        for letter in word[1:]
    }


def expected(board: chess.Board) -> set[str]:
    return {move.uci()[:4] for move in board.legal_moves}


def test_a_mistake_is_one_move_and_all_accepted_moves_are_right() -> None:
    [card] = cards(trainer(mistakes=mistakes({})))
    board = chess.Board("rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2")
    [[moves, right, reply]] = card.pop("s")
    assert (legal(moves), right, reply) == (expected(board), "g1f3 b1c3", "")
    assert card == {
        "e": board.epd(),
        "n": 2,
        "k": "m",
        "sol": "Nf3",
        "al": "Nc3",
        "was": "2. Ke2",
        "wu": "e1e2",
        "by": "Anna",
        "b": 51.2,
        "a": 20.1,
        "c": 31.1,
        "w": "In the game: missed quiet move, only move.",
        "th": ["missed quiet move"],
        "ph": "opening",
        "op": "C20 King's Pawn Game: Wayward Queen Attack",
        "g": 1,
    }


def test_a_reason_goes_before_a_few_words() -> None:
    reason = "Ke2 blocks the bishop and gives up castling."
    report = mistakes({"also": ""}, reason=reason)
    [card] = cards(trainer(mistakes=report))
    assert (card["w"], card["th"]) == (reason, ["missed quiet move"])


def test_a_puzzle_has_all_positions_of_its_line() -> None:
    [card] = cards(trainer(puzzles=puzzles({})))
    board = chess.Board("3r2k1/5ppp/8/8/8/8/4RPPP/4R1K1 w - - 0 30")
    first, second = card["s"]
    assert (legal(first[0]), first[1:]) == (expected(board), ["e2e8", "d8e8"])
    for uci in ("e2e8", "d8e8"):
        board.push_uci(uci)
    assert (legal(second[0]), second[1:]) == (expected(board), ["e1e8", ""])
    assert card["sol"] == "Re8+ Rxe8 Rxe8#"
    assert card["th"] == ["back rank mate", "mate in 2"]
    assert (card["r"], card["c"], card["w"]) == (1240, 12.0, "The back rank has one defender.")
    # A reply at the end of a line is not for the solver.
    [short] = cards(trainer(puzzles=puzzles({"line": "e2e8 d8e8"})))
    assert [step[1:] for step in short["s"]] == [["e2e8", ""]]


def test_every_mate_is_right_where_the_solution_mates() -> None:
    [card] = cards(trainer(puzzles=puzzles(TWO_MATES)))
    assert card["s"][0][1] == "a1a8 b1b8"
    assert card["al"] == "Rb8#"
    assert "w" not in card


@pytest.mark.parametrize("row", [PROMOTION, CASTLING])
def test_promotions_are_one_move_of_the_list_and_castling_is_the_kings(row: dict[str, Any]) -> None:
    [card] = cards(trainer(mistakes=mistakes(row)))
    board = chess.Board(str(row["position"]))
    assert legal(card["s"][0][0]) == expected(board)
    assert chess.Move.from_uci(card["s"][0][1].split()[0]) == board.parse_san(str(row["best"]))


def test_chess960_castles_onto_its_rook() -> None:
    fen = "4k3/8/8/8/8/8/8/1R2K1R1 w GB - 0 1"
    [card] = cards(trainer(mistakes=mistakes({"position": fen, "best": "O-O", "also": "", "played": "1. Ke2"})))
    assert card["s"][0][1] == "e1g1"
    assert "e1g1" in legal(card["s"][0][0])
    assert card["e"] == "4k3/8/8/8/8/8/8/1R2K1R1 w KQ -"


def test_a_position_that_occurs_twice_is_one_card_whatever_its_clocks() -> None:
    fen = str(mistakes({}).tables[0].rows[0][4])
    again = {"position": fen.replace("0 2", "4 17"), "best": "Bc4", "also": "Nf3", "played": "17. a3"}
    page = trainer(
        mistakes=mistakes({}, again),
        puzzles=puzzles({"position": fen, "line": "f1c4", "cost": 5.0, "themes": "opening", "why": None}),
    )
    [card] = cards(page)
    assert card["k"] == "p"
    assert card["was"] == "30. h3"
    assert "a" not in card, "what another move cost is not said of this one"
    assert card["s"][0][1] == "f1c4 g1f3 b1c3"
    assert (card["c"], card["th"]) == (31.1, ["opening", "missed quiet move"])
    assert card["w"] == "In the game: missed quiet move, only move."
    assert "1 puzzle of these games. 2 rows are of a position that another row has" in page


def test_a_position_of_two_games_has_the_moves_accepted_in_both() -> None:
    [card] = cards(trainer(mistakes=mistakes({"also": ""}, {"game": 2, "best": "Bc4", "also": "", "why": ""})))
    assert card["s"][0][1] == "g1f3 f1c4"
    assert (card["g"], card["b"], card["a"], card["al"]) == (1, 51.2, 20.1, "Bc4")


def test_what_is_not_legal_is_left_out_and_counted() -> None:
    rows = (
        {"best": "Nf6"},
        {"also": "Nc3 Qh8"},
        {"best": "--"},
        {"position": "no position"},
        {"position": None},
        {"position": "8/8/8/8/8/8/8/8 w - - 0 1"},
    )
    lines = ({"line": "e2e8 d8e8 e1e7 g8h8 a1a2"}, {"line": ""}, {"line": "0000"}, {"line": "nonsense"})
    page = trainer(mistakes=mistakes({}, *rows), puzzles=puzzles(*lines))
    assert len(cards(page)) == 1
    assert "10 rows left out: a move or the position is not legal." in page


def test_text_of_games_stays_text() -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    rows = [
        {"player": text, "why": text, "played": text, "phase": text, "opening": text, "position": fen}
        for text, fen in zip(texts, _positions(len(texts)), strict=True)
    ]
    for row in rows:
        row |= {"best": "Ke2", "also": ""}
    page = trainer(player=HOSTILE[1], mistakes=mistakes(*rows))
    plain = trainer(player="Anna", mistakes=mistakes({}))
    assert [tag for tag, _ in Page(page).tags] == [tag for tag, _ in Page(plain).tags]
    assert [card["by"] for card in cards(page)] == texts
    assert Page(page).code["style"] == Page(plain).code["style"]


def _positions(number: int) -> list[str]:
    """Positions that differ."""
    files = ("P7", "1P6", "2P5", "3P4", "4P3", "5P2", "6P1", "7P", "PP6", "P1P5", "P2P4")
    return [f"4k3/8/8/8/8/{files[k]}/8/4K3 w - - 0 1" for k in range(number)]


def test_the_page_is_closed_to_the_outside() -> None:
    parsed = Page(trainer(mistakes=mistakes({})))
    assert "default-src 'none'" in parsed.policy
    assert "require-trusted-types-for 'script'" in parsed.policy
    for tag, attributes in parsed.tags:
        assert tag not in ("link", "img", "iframe", "object", "base", "form"), tag
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")], attributes


def test_nothing_to_train_is_said() -> None:
    page = trainer(mistakes=mistakes(notes=("Left out, no better move is known: 3.",)))
    assert cards(page) == []
    assert "There is nothing to train: the 2 analysed games have no position" in page
    assert "Left out, no better move is known: 3." in page
    assert "no game was analysed" in trainer(0, mistakes=mistakes())
    assert "There is nothing to train" in trainer(1)


def test_the_laws_of_writers_hold() -> None:
    assert check_writer(TrainerHtml) > 10_000


def test_the_report_has_the_trainer_and_leads_to_its_games() -> None:
    [file] = write(games_of_anna(3), extra={"mistakes": mistakes({})})
    found = cards(file.text)
    assert found
    assert all(card["h"] == f"#game={card['g']}&ply=2" for card in found)
    stream = io.BytesIO()
    plain = HtmlWriter(stream, structs.replace(INFO, options=HtmlOptions(trainer=False)))
    plain.finish(result({"mistakes": mistakes({})}))
    left_out = stream.getvalue().decode()
    assert cards(left_out) == []
    assert "trainerNow" in file.text
    assert "trainerNow" not in left_out
    [without] = write([], extra={})
    assert cards(without.text) == []
    assert 'id="trainer"' not in without.text


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("training.html", "training-html"),
        ("TRAINING.html.gz", "training-html"),
        ("anna.training.html", "training-html"),
        ("mytraining.html", "html"),
        ("training.htm", "html"),
        ("training.pgn", "pgn"),
        ("report.html", "html"),
    ],
)
def test_the_name_of_a_file_chooses_the_trainer(tmp_path: Path, name: str, plugin: str) -> None:
    registry = Registry()
    writers = {one: registry.load("engine.writers", one) for one in registry.names("engine.writers")}
    target = file_target(str(tmp_path / name), writers, force=False)
    assert target.plugin == plugin
    assert name.lower().endswith(target.ending)
    assert target.ending.startswith(".")
