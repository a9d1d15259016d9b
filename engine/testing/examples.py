"""Small analysed games of every kind an aggregator must accept."""

from __future__ import annotations

import pickle
from functools import cache

import chess
from msgspec import structs

from engine.model import AnalysedGame, Epd, Evaluation, Line, Score
from engine.testing.builders import analysed_game

__all__ = ["example_games"]


def example_games() -> list[AnalysedGame]:
    """Games and EPD lines, numbered from 1: enough to prove the laws of most aggregators on."""
    games: list[AnalysedGame] = pickle.loads(_pickled())  # noqa: S301 - of this process
    return games


@cache
def _pickled() -> bytes:
    """Return the games as bytes, from which everybody gets some that nobody else can change."""
    return pickle.dumps([*_ordinary(), *_special(), *_bare(), *_epd_lines(), *_with_lines()])


def _ordinary() -> list[AnalysedGame]:
    """Four plain games, one with clocks, one that ends in mate, one of which only White's side counts."""
    return [
        analysed_game(
            "1. e4 e5 2. Nf3 Nc6 3. Bc4 Nd4 4. O-O b5 5. Bxf7+ Ke7 6. Nxe5 Qe8 1-0",
            [30, 35, 31, 28, 25, 22, 90, 60, 210, 190, 150, 395, 702],
            headers={"White": "Anna", "Black": "Bert", "WhiteElo": "1850", "BlackElo": "1790", "Result": "1-0"},
            best={5: "Nf6", 7: "d6", 10: "Bb3"},
            number=1,
        ),
        analysed_game(
            "1. d4 { [%clk 0:03:00] } d5 { [%clk 0:02:59.5] } 2. c4 { [%clk 0:02:41] } e6 { [%clk 0:02:40] } "
            "3. Nc3 { [%clk 0:02:22] } Nf6 { [%clk 0:02:33] } 4. Qa4+ { [%clk 0:00:09] } Bd7 { [%clk 0:02:30] } *",
            [25, 20, 31, 28, 30, 24, 29, -64, -50],
            headers={"White": "Bert", "Black": "Anna", "TimeControl": "180+0"},
            best={6: "Bg5"},
            number=2,
        ),
        analysed_game(
            "1. f3 e5 2. g4 Qh4# 0-1",
            [20, -60, -45, "#-1"],
            headers={"White": "Carla", "Black": "Anna", "Result": "0-1"},
            best={2: "e4"},
            number=3,
        ),
        analysed_game(
            "1. c4 c5 2. b4 cxb4 3. a3 bxa3 4. Bxa3 d6 5. Qa4+ Bd7 6. Qb3 Qc7 1/2-1/2",
            [15, 9, 14, -20, -17, -66, -71, -70, -58, -61, -59, -83, -77],
            headers={"White": "Anna", "Black": "Carla", "Result": "1/2-1/2"},
            best={4: "d4", 10: "Qc2"},
            view=("white",),
            number=4,
        ),
    ]


def _special() -> list[AnalysedGame]:
    """A set-up position with Black to move, a stalemate, Chess960, and evaluations missing here and there."""
    return [
        analysed_game(
            "41... Kd7 42. Kf6 Ke8 43. Ke6 Kd8 44. Kf7",
            [350, 380, 402, 410, 820, "#11", "#10"],
            headers={"FEN": "8/4k3/8/4K3/4P3/8/8/8 b - - 0 41", "SetUp": "1", "White": "Dan", "Black": "Carla"},
            number=5,
        ),
        analysed_game(
            "1. Kb6 Ka8 2. Qc7",
            [900, "#3", "#1"],
            headers={"FEN": "1k6/8/2K5/8/8/8/8/2Q5 w - - 10 70", "SetUp": "1", "White": "Dan", "Black": "Bert"},
            best={2: "Qc8#"},
            number=6,
        ),
        analysed_game(
            "1. O-O O-O 2. e4 e5",
            [12, 33, 20, 8, 41],
            headers={
                "Variant": "Chess960",
                "FEN": "nrbbqkrn/pppppppp/8/8/8/8/PPPPPPPP/NRBBQKRN w GBgb - 0 1",
                "SetUp": "1",
                "White": "Anna",
                "Black": "Carla",
            },
            number=7,
        ),
        analysed_game(
            "1. Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8",
            [None, 14, 12, None, 11, 15, None, None, 13],
            headers={"White": "Bert", "Black": "Dan"},
            number=8,
        ),
    ]


def _bare() -> list[AnalysedGame]:
    """No move, one move, no evaluation at all, no players, odd names."""
    return [
        analysed_game(headers={"White": "Anna", "Black": "Bert", "Result": "0-1"}, evals=[21], number=9),
        analysed_game("1. e4", [20, 31], headers={"White": "Bert", "Black": "Anna"}, number=10),
        analysed_game("1. e4 c5 2. Nf3", headers={"White": "Anna", "Black": "Dan"}, number=11),
        analysed_game("1. h4 a5 2. Rh3 Ra6 3. Re3 Rb6", [20, -14, -10, -160, -90, -95, -420], number=12),
        analysed_game(
            "1. a3 h6 2. b3 g6",
            [20, 5, 33, -2, 24],
            headers={
                "White": 'Müller, "Jö" \\ 🐴',
                "Black": "x" * 300,
                "Date": "2023.??.??",
                "WhiteElo": "about 1900",
                "Anything": "",
            },
            number=13,
        ),
    ]


def _epd_lines() -> list[AnalysedGame]:
    """Solved, unsolved, one with a move to avoid, one without a task, one without an evaluation."""
    back_rank = {"FEN": "6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1", "SetUp": "1"}
    hanging = {"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", "SetUp": "1"}
    return [
        analysed_game(
            headers=back_rank, evals=["#1"], best={0: "Ra8#"}, epd=Epd(id="mate.1", bm=("a1a8",)), number=14
        ),
        analysed_game(headers=hanging, evals=[480], best={0: "e5"}, epd=Epd(id="take.1", bm=("e4d5",)), number=15),
        analysed_game(
            headers=hanging, evals=[480], best={0: "exd5"}, epd=Epd(id="avoid.1", am=("e4e5",)), number=16
        ),
        analysed_game(headers=hanging, evals=[480], best={0: "exd5"}, epd=Epd(), number=17),
        analysed_game(headers=back_rank, epd=Epd(id="lost.1", bm=("a1a8",)), number=18),
    ]


def _with_lines() -> list[AnalysedGame]:
    """Three games that were searched for three lines of each position; some positions have two moves only."""
    quiet = analysed_game(
        "1. e4 e6 2. d4 d5 3. exd5 exd5 4. Bb5+ c6 5. Qe2+ Be7",
        [30, 38, 35, 33, 12, 10, -5, -12, -9, -40, -38],
        headers={"White": "Carla", "Black": "Bert", "Date": "2024.11.03"},
        best={4: "Nc3", 6: "Nf3", 8: "Bd3"},
        number=19,
    )
    sharp = analysed_game(
        "1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6 4. Qxf7#",
        [30, 32, 20, 25, -15, 10, "#1", "#1"],
        headers={"White": "Dan", "Black": "Anna", "Date": "2025.10.30", "Result": "1-0"},
        best={5: "g6"},
        number=20,
    )
    check = analysed_game(
        "60. Kg1 Kg7 61. Kh2",
        [-930, -935, -980, "#-9"],
        headers={"FEN": "7k/8/8/8/8/5q2/8/7K w - - 0 60", "SetUp": "1", "White": "Dan", "Black": "Bert"},
        number=21,
    )
    return [_searched_for(3, game) for game in (quiet, sharp, check)]


def _searched_for(count: int, game: AnalysedGame) -> AnalysedGame:
    """The game with up to `count` lines of each position, the best one first."""
    board = chess.Board(game.fen)
    positions = []
    for k, position in enumerate(game.positions):
        found = position.evaluation
        if found is not None:
            others = [uci for uci in sorted(map(board.uci, board.legal_moves)) if uci != found.best]
            worse = [
                Line(Score(cp=(found.score.cp or 0) - 35 * n), (uci,), 16)
                for n, uci in enumerate(others[: count - 1], 1)
            ]
            lines = (Line(found.score, found.pv, found.depth), *worse)
            position = structs.replace(  # noqa: PLW2901
                position, evaluation=Evaluation(found.score, found.pv, found.depth, found.nodes, lines)
            )
        positions.append(position)
        if k < len(game.plies):
            board.push_uci(game.plies[k].uci)
    return structs.replace(game, positions=tuple(positions))
