"""Each theme in a puzzle that has it, with its evidence, and in a line that only looks like it.

The puzzles are from Lichess's database (CC0): the position before the opponent's last move, then the moves.
"""

from __future__ import annotations

import chess
import pytest

from engine.model import Score
from engine.positions.themes import THEMES, Line, motifs, themes
from tests.engine.positions.themes.lines import line, puzzle

HAS = {
    "advancedPawn": ("8/8/8/8/8/6p1/5k1p/R6K w - - 0 85", "a1g1 h2g1q", "g1"),
    "attackingF2F7": (
        "5rk1/p5bp/1q2p1p1/3Qp2P/6b1/8/PPP2PP1/R1B1K2R w KQ - 0 18", "d5e4 b6f2", "f2 e1",
    ),
    "attraction": ("R7/8/8/8/3rB3/1k3K2/1p6/8 w - - 6 49", "f3e3 d4e4 e3e4 b2b1q", "e4 e3"),
    "bishopEndgame": ("8/5p2/4p1pk/b3P1P1/5P2/5K2/3p4/3B4 b - - 0 41", "h6h5 f3g3", ""),
    "capturingDefender": ("2R5/8/8/6K1/1k1pb2P/4N3/7r/8 w - - 2 63", "e3f5 e4f5 g5f5 h2h4", "f5 h4 f5"),
    "castling": ("r3kb1r/pp3ppp/n1p1p3/8/2P5/2P2N2/P1P2PPP/1RBK3R w kq - 0 11", "b1b7 e8c8 d1e2 c8b7", "c8"),
    "clearance": ("8/8/8/4KP2/8/5R2/p2k4/r7 w - - 0 82", "f5f6 a1e1 e5f5 a2a1q", "e1 a1"),
    "collinearMove": ("2kr4/pp3p2/2p3pp/2bqR3/3r1P2/8/PPQ3PP/2R3K1 w - - 0 22", "e5d5 d4d1", "d1 d5"),
    "defensiveMove": ("8/pp6/8/1P1K4/1kP5/8/8/8 b - - 4 52", "a7a5 b5a6 b7a6 c4c5", "c5"),
    "deflection": ("3k4/2R5/3K4/8/3r4/8/8/8 w - - 8 56", "d6c6 d4c4 c6d5 c4c7", "c4 c6"),
    "discoveredAttack": ("5r1k/4R1PP/8/6K1/8/8/5p2/8 b - - 0 60", "h8h7 g7f8q", "e7 h7"),
    "discoveredCheck": ("5r1k/4R1PP/8/6K1/8/8/5p2/8 b - - 0 60", "h8h7 g7f8q", "e7 h7"),
    "doubleCheck": ("6k1/6p1/p6p/2Pq4/8/5r2/P1Q4P/2R4K w - - 1 31", "c2c4 f3f1", "f1 h1"),
    "enPassant": ("8/1p5p/p3kP2/4p1P1/6p1/6K1/P1P5/8 b - - 3 38", "h7h5 g5h6", "h6 h5"),
    "endgame": ("8/5Q2/4P1K1/8/7k/8/6q1/8 w - - 3 54", "g6f6 g2g5", ""),
    "exposedKing": (
        "8/8/r7/8/5K2/4R3/3k4/8 w - - 34 71", "f4f3 a6f6 f3e4 f6e6 e4d5 e6e3", "e6 e4",
    ),
    "fork": ("8/8/8/8/2K5/8/2p1Q3/1k2b3 w - - 17 69", "c4b3 c2c1n b3c4 c1e2", "c1 e2 b3"),
    "hangingPiece": ("5r1k/4R1PP/8/6K1/8/8/5p2/8 b - - 0 60", "h8h7 g7f8q", "f8 f8"),
    "interference": ("8/8/5p2/2r5/2PR4/3K1k2/8/8 b - - 2 50", "f6f5 d4d5 c5c8 d5f5", "d5 c5 f5"),
    "intermezzo": ("8/8/3R2p1/5p1k/7r/5PK1/8/8 w - - 0 50", "d6g6 f5f4 g3f2 h5g6", "f4 g6"),
    "kingsideAttack": (
        "r4q1k/1pp1np1Q/5N1r/p2pP3/3P2p1/P7/1P3P2/1K4RR b - - 1 27", "h6h7 h1h7", "h7 h8",
    ),
    "knightEndgame": ("8/8/2P5/8/8/7k/5n2/6K1 b - - 21 95", "h3g3 c6c7 f2e4 c7c8q", ""),
    "long": ("8/8/8/1k1K4/2r5/8/8/7R b - - 24 71", "b5b4 h1b1 b4c3 b1c1 c3d2 c1c4", ""),
    "mate": ("8/5Q2/4P1K1/8/7k/8/6q1/8 w - - 3 54", "g6f6 g2g5", "g5"),
    "mateIn1": ("8/5Q2/4P1K1/8/7k/8/6q1/8 w - - 3 54", "g6f6 g2g5", ""),
    "mateIn2": ("8/8/8/3Q2n1/5pk1/6r1/7K/8 w - - 4 54", "d5d6 g5f3 h2h1 g3g1", ""),
    "mateIn5": (
        "8/8/6p1/7P/6P1/8/p1K2P2/k7 b - - 0 53", "g6h5 g4g5 h5h4 g5g6 h4h3 g6g7 h3h2 g7g8q h2h1q g8g7", "",
    ),
    "middlegame": ("1r5k/7b/p4R2/4Q3/2P5/8/1Pn2PP1/2q2NK1 b - - 4 45", "c1b2 f6f8", ""),
    "oneMove": ("8/5Q2/4P1K1/8/7k/8/6q1/8 w - - 3 54", "g6f6 g2g5", ""),
    "opening": ("r1bq1k1r/pp3pp1/3b2p1/3Q4/3n1B2/3B4/PPP3PP/RN2R1K1 b - - 0 14", "d6f4 d5d8", ""),
    "pawnEndgame": ("8/1p5p/p3kP2/4p1P1/6p1/6K1/P1P5/8 b - - 3 38", "h7h5 g5h6", ""),
    "pin": ("6rk/6p1/3R3p/8/p7/2Q4P/qP4PK/8 b - - 3 41", "a2f7 d6h6", "b2 g7"),
    "promotion": ("8/8/8/8/8/6p1/5k1p/R6K w - - 0 85", "a1g1 h2g1q", "g1"),
    "queenEndgame": ("8/5Q2/4P1K1/8/7k/8/6q1/8 w - - 3 54", "g6f6 g2g5", ""),
    "queenRookEndgame": ("8/5ppk/q6p/2P5/2KR2P1/3R4/8/8 w - - 3 50", "c4d5 a6e6", ""),
    "queensideAttack": ("1kb2Q2/2p5/p4n1p/3p1N2/N1p3q1/8/PP3P1P/1K1R4 w - - 1 31", "f5e7 g4d1", "d1 b1"),
    "quietMove": ("8/4R3/8/8/6K1/3k4/P2np3/8 w - - 2 51", "a2a4 d2e4 g4f3 e2e1q", "e4"),
    "rookEndgame": ("8/8/8/7P/2p3R1/3pk3/5p2/3K4 w - - 2 55", "g4g2 f2f1r", ""),
    "sacrifice": ("8/8/8/5B2/1pK5/1Pb5/P7/2k5 w - - 17 57", "a2a4 b4a3 c4c3 a3a2", "a3"),
    "short": ("8/8/4k3/R4pK1/8/6p1/8/8 w - - 0 86", "a5f5 g3g2 g5f4 g2g1q", ""),
    "skewer": ("2r5/3K4/8/5k2/8/8/8/4R3 b - - 3 58", "c8f8 e1f1 f5e4 f1f8", "f1 f5 f8"),
    "trappedPiece": ("8/8/5k2/7p/5P2/5KPP/7b/8 b - - 0 54", "f6g6 f3g2 g6f5 g2h2", "g2 h2"),
    "underPromotion": ("8/8/8/8/2K5/8/2p1Q3/1k2b3 w - - 17 69", "c4b3 c2c1n b3c4 c1e2", "c1"),
    "veryLong": ("8/8/K7/6p1/8/7k/P7/8 w - - 0 47", "a6b5 g5g4 a2a4 g4g3 a4a5 g3g2 a5a6 g2g1q", ""),
    "zugzwang": ("8/8/8/2K1p3/4P1k1/8/8/8 b - - 0 1", "g4f4 c5d5 f4g5 d5e5", "d5"),
    "xRayAttack": ("8/6pk/8/5K2/Q6P/6q1/8/8 w - - 0 57", "a4g4 g7g6 g4g6 g3g6", "g3 g4"),
}  # fmt: skip
"""By theme: the position before the opponent's last move, the moves, and the squares of the evidence: first of the
piece that does it, then of those that it is done to."""


def evidence(theme: str, fen: str, moves: str) -> str:
    """Return the squares of a theme's evidence; "not found" where there is none."""
    for motif in motifs(puzzle(fen, moves)):
        if motif.theme == theme:
            squares = ([] if motif.square is None else [motif.square]) + list(motif.targets)
            return " ".join(map(chess.square_name, squares))
    return "not found"


def test_each_theme_is_found_with_its_evidence() -> None:
    found = {theme: evidence(theme, fen, moves) for theme, (fen, moves, _) in HAS.items()}
    assert found == {theme: squares for theme, (_, _, squares) in HAS.items()}


def test_the_piece_of_the_evidence_is_the_solvers_and_stands_there_after_the_move() -> None:
    for fen, moves, _ in HAS.values():
        played = puzzle(fen, moves)
        for motif in motifs(played):
            if motif.square is not None:
                assert played.boards[motif.ply + 1].color_at(motif.square) == played.solver, motif


def test_both_colours_have_the_same_themes() -> None:
    for fen, moves, _ in HAS.values():
        played = puzzle(fen, moves)
        turned = [chess.Move(move.from_square ^ 56, move.to_square ^ 56, move.promotion) for move in played.moves]
        assert played.before is not None
        mirrored = Line.of(played.boards[0].mirror(), turned, played.before.mirror())
        assert themes(mirrored) == themes(played)


LACKS = {
    "a knight that only checks forks nothing": ("fork", "4k3/8/8/8/4N3/8/8/4K3 w - - 0 1", "e4d6 e8d7 d6e4"),
    "a fork by the last move is nowhere used": ("fork", "4k3/8/8/8/4N3/6r1/8/4K3 w - - 0 1", "e4d6"),
    "who forks from a square where it is lost": (
        "fork", "4k2r/4p3/8/8/4N3/8/8/4K3 w - - 0 1", "e4d6 e7d6 e1e2",
    ),
    "a protected piece does not hang": ("hangingPiece", "4k3/8/4p3/3n4/8/8/8/3RK3 w - - 0 1", "d1d5"),
    "a pawn that hangs is no piece": ("hangingPiece", "4k3/8/8/3p4/8/8/8/3RK3 w - - 0 1", "d1d5"),
    "a pin that prevents nothing": ("pin", "3rk3/3n4/8/8/8/8/8/3RK2R w - - 0 1", "h1h8 d7f8 d1d8"),
    "two pawns less, but the opponent promoted": (
        "sacrifice", "k7/8/8/8/8/8/p7/1R5K w - - 0 1", "h1g2 a2b1q g2f3",
    ),
    "a pawn is no sacrifice": ("sacrifice", "4k3/8/3p4/2P5/8/8/8/4K3 w - - 0 1", "e1d2 d6c5 d2c3"),
    "a quiet move that attacks": ("quietMove", "4k3/8/8/8/8/8/r7/4K2R w - - 0 1", "h1h2 a2a1 e1f2"),
    "a promotion to a queen": ("underPromotion", "7k/4P1pp/8/8/8/8/8/6K1 w - - 0 1", "e7e8q"),
    "a pawn on its sixth rank": ("advancedPawn", "4k3/8/8/P7/8/8/8/4K3 w - - 0 1", "a5a6"),
    "two queens are no endgame of queens and rooks": (
        "queenRookEndgame", "q3k3/8/8/8/8/8/8/Q3K2R w - - 0 1", "a1a8",
    ),
    "a king with a pawn before it is not exposed": (
        "exposedKing", "6k1/5p2/8/8/8/8/Q7/6K1 w - - 0 1", "a2a8 g8g7 a8a1 g7g8 a1a8",
    ),
    "a king without pawns that is never checked": ("exposedKing", "6k1/8/8/8/8/8/Q7/R5K1 w - - 0 1", "a1b1"),
    "an exchange draws nobody away": ("deflection", "3rk3/8/8/3r4/8/8/8/3RK2B w - - 0 1", "d1d5 d8d5 h1d5"),
    "a king on the e-file is no king's side": ("kingsideAttack", "4k3/4p3/8/8/8/8/4Q3/4K3 w - - 0 1", "e2e7"),
    "f7 after castling": ("attackingF2F7", "5rk1/5p2/8/8/2Q5/8/8/4K3 w - - 0 1", "c4f7"),
    "a check of the piece that moved": ("discoveredCheck", "4k3/8/8/8/8/8/8/R3K3 w - - 0 1", "a1a8"),
    "one piece that checks": ("doubleCheck", "4k3/8/8/8/8/8/8/R3K3 w - - 0 1", "a1a8"),
    "an answer to a check with one legal move": ("defensiveMove", "k7/8/8/8/8/7P/6P1/r6K w - - 0 1", "h1h2"),
    "nothing is in between two captures elsewhere": (
        "intermezzo", "4k3/8/8/3p4/2P5/8/8/4K2R w - - 0 1", "h1h8 e8d7 c4d5",
    ),
    "a spare move is no zugzwang": ("zugzwang", "8/p7/8/2K1p3/4Pk2/8/8/8 w - - 0 1", "c5d5 a7a6 d5d6"),
    "who would lose something anyway is not in zugzwang": (
        "zugzwang", "8/8/8/2K1p3/4P3/8/6k1/8 w - - 0 1", "c5d5 g2g3 d5e5",
    ),
    "a trapped piece is not one that went away": (
        "trappedPiece", "4k3/8/8/8/4n3/8/3P4/4K3 w - - 0 1", "d2d3 e4c5 e1d2",
    ),
}  # fmt: skip
"""What a line looks like: the theme that it has not, the first position, the moves."""


def test_lines_that_look_like_a_theme_have_it_not() -> None:
    assert {theme for theme, *_ in LACKS.values()} <= THEMES.keys()
    assert [what for what, (theme, fen, moves) in LACKS.items() if theme in themes(line(fen, moves))] == []


MIDDLE = ("r1bq1k1r/pp3pp1/3b2p1/3Q4/3n1B2/3B4/PPP3PP/RN2R1K1 w - - 0 14", "d5d6")


@pytest.mark.parametrize(
    ("score", "tag"),
    [
        (Score(cp=601), "crushing"),
        (Score(cp=600), "advantage"),
        (Score(cp=201), "advantage"),
        (Score(cp=200), "equality"),
        (Score(cp=-50), "equality"),
        (Score(mate=3), None),
        (None, None),
    ],
)
def test_the_score_says_what_a_position_is_worth(score: Score | None, tag: str | None) -> None:
    found = {"crushing", "advantage", "equality"} & set(themes(line(*MIDDLE), score))
    assert found == ({tag} if tag else set())


def test_without_a_score_only_clear_material_says_what_a_position_is_worth() -> None:
    assert "crushing" in themes(line("4k3/8/8/8/8/8/r7/3QK3 w - - 0 1", "d1a4 e8e7 a4a2"))
    assert "crushing" in themes(line("4k3/8/8/P7/8/8/8/4K3 w - - 0 1", "a5a6"))
    assert "crushing" not in themes(line("4k2r/8/8/8/8/8/r7/3QK3 w - - 0 1", "d1d3"))


def test_the_same_king_without_the_pawn_is_exposed() -> None:
    assert "exposedKing" in themes(line("6k1/8/8/8/8/8/Q7/6K1 w - - 0 1", "a2a8 g8g7 a8a1 g7g8 a1a8"))


def test_a_mate_is_worth_nothing_more() -> None:
    assert "crushing" not in themes(line("6k1/5ppp/8/8/8/8/8/3RK3 w - - 0 1", "d1d8"), Score(cp=900))


def test_themes_are_sorted_and_each_is_explained() -> None:
    for fen, moves, _ in HAS.values():
        found = themes(puzzle(fen, moves))
        assert list(found) == sorted(set(found))
        assert set(found) <= THEMES.keys()
    assert list(THEMES) == sorted(THEMES)
    assert all(sentence.endswith(".") for sentence in THEMES.values())
