"""Mates by name: for each pattern a mate of Lichess's puzzles (CC0) that has it, and all names of that mate.

Whatever else a mate is called is expected, too, so each example is also one of what the others are not.
"""

from __future__ import annotations

import chess

from engine.positions.themes import motifs
from engine.positions.themes.mate_patterns import PATTERNS
from tests.engine.positions.themes.lines import line

MATES = (
    ("anastasiaMate", "8/8/7N/2k1nRPK/8/1r6/1P6/8 b - - 1 54", "b3h3", "anastasiaMate"),
    ("arabianMate", "8/2R5/p1BP4/8/2k5/5n2/r7/7K b - - 2 44", "a2h2", "arabianMate"),
    ("backRankMate", "4r2k/3PP1pp/8/8/8/4PK2/7P/2q5 w - - 3 51", "d7e8q", "backRankMate"),
    ("balestraMate", "rn2k2r/ppp2ppp/4p3/8/3P1b2/2N1PN1q/PPP1B3/R2QR1K1 b kq - 4 17", "f4e3", "balestraMate"),
    ("blindSwineMate", "r4R2/pppb2kp/6pq/n7/2B5/2PP4/P1P3PP/5R1K w - - 1 19", "f1f7", "blindSwineMate operaMate"),
    ("bodenMate", "8/8/3k2pP/P1pPbpP1/2b5/8/3B4/3BK3 b - - 1 56", "e5g3", "bodenMate"),
    ("cornerMate", "2R5/8/8/3p1k2/P5p1/1P4K1/2P2p1r/8 b - - 3 50", "f2f1n", "cornerMate"),
    ("doubleBishopMate", "7k/pb5p/1p3Pp1/8/1P1pB3/P3b1P1/1BP4P/7K b - - 1 29", "b7e4", "doubleBishopMate"),
    ("dovetailMate", "8/5Q2/4PK2/8/7k/8/6q1/8 b - - 4 54", "g2g5", "dovetailMate"),
    ("epauletteMate", "8/1P6/8/8/5p2/2P2P2/pkNK1n2/7q w - - 0 56", "b7b8r", "epauletteMate"),
    ("hookMate", "8/1k6/8/Q6p/2P3p1/5n2/5PK1/3r4 b - - 0 48", "d1g1", "hookMate"),
    ("killBoxMate", "Q4r2/2kr3p/2p5/5qp1/8/6PP/PP3P2/2R3K1 w - - 2 31", "c1c6", "killBoxMate"),
    ("morphysMate", "6R1/pkp2Q2/1pn5/8/3P1P2/5b2/P1P3rP/7K b - - 0 33", "g2g8", "morphysMate"),
    ("operaMate", "3b3k/7n/p5RP/1p3p2/4qB2/NB6/PPP5/3K4 w - - 0 34", "g6g8", "operaMate"),
    ("pillsburysMate", "8/7P/8/8/R2bk3/5p2/3p4/5K2 b - - 8 55", "d2d1r", "pillsburysMate"),
    ("smotheredMate", "6rk/6pp/7N/1P6/p6P/1P4K1/3R2P1/6q1 w - - 0 39", "h6f7", "smotheredMate"),
    (
        "swallowstailMate",
        "3r4/ppPk1p1p/2p1b1p1/6Bq/3P4/2N2Pn1/PPP3P1/R5K1 w - - 0 19",
        "c7d8q",
        "swallowstailMate",
    ),
    ("triangleMate", "1r1q1R2/1pp3kP/p3b3/3pp3/3P4/2PB4/P2n2PP/R5K1 w - - 0 23", "h7h8q", "triangleMate"),
    ("vukovicMate", "6k1/6p1/4N3/4P1N1/8/4n1nP/2r3P1/4R1K1 b - - 8 37", "c2g2", "vukovicMate"),
)


def names(fen: str, moves: str) -> set[str]:
    return {motif.theme for motif in motifs(line(fen, moves))} & PATTERNS.keys()


def test_every_pattern_has_an_example() -> None:
    assert {pattern for pattern, *_ in MATES} == set(PATTERNS)


def test_each_mate_has_its_names_and_no_others() -> None:
    found = {pattern: names(fen, move) for pattern, fen, move, _ in MATES}
    assert found == {pattern: set(expected.split()) for pattern, *_, expected in MATES}
    assert all(pattern in expected.split() for pattern, *_, expected in MATES)


def test_the_other_colour_has_the_same_names() -> None:
    for _, fen, uci, expected in MATES:
        move = chess.Move.from_uci(uci)
        turned = chess.Move(move.from_square ^ 56, move.to_square ^ 56, move.promotion)
        assert names(chess.Board(fen).mirror().fen(), turned.uci()) == set(expected.split())


LACKS = (
    # The king has a square without a man of its own: the knight mates, and the queen guards g8.
    ("smotheredMate", "7k/6pp/7N/8/8/8/Q7/6K1 w - - 0 1", "h6f7"),
    # The king is not on its first rank.
    ("backRankMate", "8/5ppp/6k1/R7/5K2/7P/8/8 w - - 0 1", "a5a6"),
    # A mate on the first rank, but the rook guards what the king's own men do not block.
    ("backRankMate", "7k/R7/8/8/8/8/8/1R4K1 w - - 0 1", "b1b8"),
    # A rook beside a king in the corner, protected by another rook.
    ("arabianMate", "7k/R7/8/8/8/8/R7/6RK w - - 0 1", "a7h7"),
)


def test_mates_that_look_like_it_have_not_the_name() -> None:
    assert [(pattern, fen) for pattern, fen, move in LACKS if pattern in names(fen, move)] == []


def test_a_line_without_mate_has_no_name() -> None:
    assert names("7k/R7/8/8/8/8/8/1R4K1 w - - 0 1", "b1b7") == set()


def test_the_evidence_is_the_man_that_checks_and_the_king() -> None:
    [found] = [
        motif for motif in motifs(line("6rk/6pp/7N/8/8/8/8/6K1 w - - 0 1", "h6f7")) if motif.theme in PATTERNS
    ]
    assert (found.theme, found.square, found.targets) == ("smotheredMate", chess.F7, (chess.H8,))
