"""Why a move was bad: a position for each sentence, and what is not said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import chess
import pytest
from msgspec import structs

import engine
from engine.analysis.reasons import PATTERN, explanations
from engine.analysis.reasons.exchange import exchange, is_quiet
from engine.model import AnalysedGame, Explanation
from engine.testing import analysed_game
from engine.testing.builders import Eval
from tests.explain_checker import problems

START = chess.STARTING_FEN


def game(
    moves: str,
    evals: Sequence[Eval],
    lines: Mapping[int, str] | None = None,
    fen: str = START,
    clocks: bool = True,
) -> AnalysedGame:
    """Return a game; `lines` are the evaluator's lines by position, in SAN; a position without one has no line."""
    headers = {} if fen == START else {"FEN": fen, "SetUp": "1"}
    analysed = analysed_game(moves, evals, headers=headers)
    positions = []
    for k, (position, board) in enumerate(zip(analysed.positions, analysed.boards(), strict=True)):
        if position.evaluation is None:
            positions.append(position)
            continue
        replay = board.copy()
        pv = tuple(replay.push_san(san).uci() for san in (lines or {}).get(k, "").split())
        evaluation = structs.replace(position.evaluation, pv=pv)
        positions.append(structs.replace(position, evaluation=evaluation))
    return structs.replace(analysed, positions=tuple(positions))


def why(analysed: AnalysedGame, ply: int = 0) -> Explanation | None:
    found = engine.explain(analysed, ply)
    if found is not None:
        assert problems(analysed, found) == []
        assert PATTERN.fullmatch(found.sentence), found.sentence
        assert found in explanations(analysed)
    return found


def sentence(analysed: AnalysedGame, ply: int = 0) -> str | None:
    found = why(analysed, ply)
    return None if found is None else found.sentence


# -- mates ------------------------------------------------------------------------------------------------------

BACK_RANK = "6k1/5ppp/8/8/8/8/r4PPP/1R4K1 w - - 0 1"


def test_a_mate_that_was_allowed() -> None:
    fools = game("1. f3 e5 2. g4 Qh4#", [15, -50, -50, "#-1"], {3: "Qh4#"})
    assert sentence(fools, 2) == "Allows mate: 2... Qh4#."
    scholars = game("1. e4 e5 2. Qh5 Nc6 3. Bc4 Nf6", [15, 20, 15, -20, 0, 0, "#1"])
    assert sentence(scholars, 5) == "Allows mate: 4. Qxf7#."  # no line: the mate is on the board


def test_a_mate_in_more_moves_is_the_evaluators() -> None:
    fen = "6k1/5ppp/8/8/8/7P/1r3PP1/3R2K1 b - - 0 1"
    shown = game("1... Rxf2", [0, "#1"], {1: "Rd8#"}, fen)
    assert sentence(shown) == "Allows a back-rank mate: 2. Rd8#."
    two = game("1... h6", [0, "#4"], {1: "Rd8+ Kh7 Rd4"}, fen)
    assert sentence(two) == "Allows mate in 4, beginning with 2. Rd8+."
    unknown = game("1... h6", [0, "#4"], {}, fen)
    assert sentence(unknown) == "Allows mate in 4."


def test_a_mate_that_was_missed() -> None:
    missed = game("1. h3", ["#1", 0], {0: "Rb8#"}, BACK_RANK)
    assert sentence(missed) == "Misses a back-rank mate: 1. Rb8#."
    later = game("1. h3", ["#5", 0], {0: "Rb8+ Kh7"}, "6k1/5pp1/7p/8/8/8/r4PPP/1R4K1 w - - 0 1")
    assert sentence(later) == "Misses mate in 5, beginning with 1. Rb8+."


def test_no_mate_is_missed_where_one_is_left() -> None:
    slower = game("1. h3", ["#1", "#3"], {0: "Rb8#"}, BACK_RANK)
    assert slower.plies[0].judgement is None
    assert why(slower) is None


# -- material ---------------------------------------------------------------------------------------------------


def test_a_piece_that_hangs() -> None:
    hung = game("1. e4 e5 2. Nf3 Nc6 3. Nxe5 Nxe5", [15, 20, 20, 25, 20, -400], {4: "Bb5 a6", 5: "Nxe5 d4"})
    assert sentence(hung, 4) == "Hangs the knight on e5: 3... Nxe5 wins it for a pawn."
    found = why(hung, 4)
    assert found is not None
    assert (found.kind, found.piece, found.square, found.material) == ("hung piece", "n", "e5", {"n": 1, "p": -1})
    assert (found.start, found.moves, found.played) == (5, ("c6e5",), False)


def test_a_piece_that_is_left_hanging() -> None:
    fen = "4k3/8/8/3n4/8/2N5/PP6/4K2R b - - 0 1"
    left = game("1... Ke7", [0, 400], {0: "Nxc3 bxc3", 1: "Nxd5+ Kd6"}, fen)
    assert sentence(left) == "Leaves the knight on d5 hanging: 2. Nxd5+ wins it."


def test_a_piece_that_loses_its_protection() -> None:
    fen = "4k3/2n5/8/3b4/8/2N5/PP6/4K2R b - - 0 1"
    unguarded = game("1... Ne6", [0, 400], {0: "Kd7 Kd2", 1: "Nxd5 Kd7"}, fen)
    assert sentence(unguarded) == "Takes the protection from the bishop on d5: 2. Nxd5 wins it."


def test_a_fork_that_was_allowed_and_one_that_was_missed() -> None:
    fen = "r3k3/5ppp/8/1N6/8/8/5PPP/6K1 b q - 0 1"
    allowed = game("1... h6", [0, 500], {0: "O-O-O", 1: "Nc7+ Kd7 Nxa8 Kc8"}, fen)
    assert sentence(allowed) == "Allows 2. Nc7+, which forks the king and the rook on a8 and wins a rook."
    found = why(allowed)
    assert found is not None
    assert (found.motif, found.by, found.targets) == ("fork", "c7", ("a8", "e8"))
    missed = game("1. h3", [500, 0], {0: "Nc7+ Kd7 Nxa8 Kc8", 1: "O-O-O"}, fen.replace(" b ", " w "))
    assert sentence(missed) == "Misses 1. Nc7+, which forks the king and the rook on a8 and wins a rook."


def test_a_pin_names_the_piece_that_pins_and_only_a_new_one() -> None:
    fen = "5rk1/4b1pp/1p2rnb1/1B6/8/1NB1N3/PP4PP/R5K1 w - - 2 23"
    missed = game("23. h3", [500, 0], {0: "Bc4 Bf7 Bxe6 Bxe6", 1: "Kh8"}, fen)
    found = why(missed)
    assert found is not None
    assert found.sentence == "Misses 23. Bc4, which pins the rook on e6 and wins the exchange."
    assert (found.by, found.targets) == ("c4", ("e6",))
    fen = "r4r2/pp2bpk1/2n2n2/2p3p1/2P1NR1P/1QB5/PP2B3/2K5 w - - 0 24"
    old = game("24. Kb1", [500, 0], {0: "hxg5 Rh8 gxf6+", 1: "Kg8"}, fen)  # the knight was pinned before
    assert sentence(old) == "Misses 24. hxg5, which wins a knight and a pawn."


def test_the_exchange_is_a_rook_for_a_minor_piece() -> None:
    fen = "5rk1/5ppp/8/8/8/B7/5PPP/6K1 w - - 0 1"
    missed = game("1. h3", [200, 0], {0: "Bxf8 Kxf8 Kf1", 1: "Re8"}, fen)
    assert sentence(missed) == "Does not take the rook on f8: 1. Bxf8 wins it for a bishop."
    fen = "3r2k1/3n1ppp/8/8/8/B7/3R1PPP/3R2K1 w - - 0 1"
    twice = game("1. h3", [600, 0], {0: "Rxd7 Rxd7 Rxd7 h6", 1: "h6"}, fen)
    assert sentence(twice) == "Does not take the knight on d7: 1. Rxd7 wins it."


def test_what_could_be_taken_and_taken_back() -> None:
    free = game("1. Kd2", [200, 20], {0: "exd5 Kd7", 1: "Kd7"}, "4k3/8/8/3p4/4P3/8/8/4K3 w - - 0 1")
    assert sentence(free) == "Does not take the pawn on d5: 1. exd5 wins it."
    regains = game("1. e4 d5 2. exd5 a6", [15, 60, 60, 60, 250], {3: "Qxd5 Nc3 Qd8", 4: "c4 e6"})
    assert sentence(regains, 3) == "Does not take back: 2... Qxd5 regains a pawn."


def test_a_pawn_that_promotes() -> None:
    fen = "8/P7/8/8/8/8/k6p/2K5 w - - 0 1"
    missed = game("1. Kd2", [900, -900], {0: "a8=Q+ Kb3 Qh1", 1: "Kb3"}, "8/P7/8/8/8/8/k7/2K5 w - - 0 1")
    assert sentence(missed) == "Misses 1. a8=Q+, after which a pawn promotes."
    allowed = game("1. Kd2", [0, -900], {1: "h1=Q a8=N Qxa8 Ke3"}, fen)
    assert sentence(allowed) == "Allows 1... h1=Q, after which a pawn promotes and wins a pawn."


def test_a_line_that_wins_more() -> None:
    fen = "7k/8/8/3r4/n7/8/6Q1/R3K3 w - - 0 1"
    less = game("1. Rxa4", [900, 300], {0: "Qxd5 Kg7 Rxa4 Kg6", 1: "Rd8 Ra1"}, fen)
    assert sentence(less) == "1. Qxd5 wins a rook more."
    fen = "6k1/8/8/1p1n4/4P3/8/8/1R4K1 b - - 0 1"
    more = game("1... Kf7", [0, 600], {0: "Nf6 Rxb5 Kg7", 1: "exd5 Kf6 Rxb5 Ke5"}, fen)
    assert sentence(more) == "1... Nf6 loses a knight less."


def test_nothing_is_counted_while_something_hangs() -> None:
    """The line ends in the middle of an exchange: the queen that was taken is about to be taken back."""
    fen = "3qk3/8/8/8/8/8/8/3QK3 b - - 0 1"
    middle = game("1... Ke7", [0, 400], {1: "Qxd8+"}, fen)
    assert why(middle) is None
    assert sentence(game("1... Ke7", [0, 400], {1: "Qxd8+ Kxd8"}, fen)) is None


def test_nothing_is_said_of_what_the_best_line_loses_too() -> None:
    fen = "4k3/8/8/3n4/8/2N5/PP6/4K2R b - - 0 1"
    lost = game("1... Ke7", [300, 600], {0: "Kd7 Nxd5 Ke6", 1: "Nxd5+ Kd6"}, fen)
    assert why(lost) is None


# -- without lines ----------------------------------------------------------------------------------------------


def test_the_moves_of_the_game_serve_where_there_is_no_line() -> None:
    moves = "1. e4 e5 2. Nf3 Nc6 3. Nxe5 Nxe5 4. d4 Ng6 5. Nc3 Bb4"
    played = game(moves, [15, 20, 20, 25, 20, -400, -400, -400, -400, -400, -400])
    found = why(played, 4)
    assert found is not None
    assert found.played
    assert found.sentence == "Hangs the knight on e5: 3... Nxe5 wins it for a pawn."


def test_moves_that_were_bad_themselves_prove_nothing() -> None:
    moves = "1. e4 e5 2. Nf3 Nc6 3. Nxe5 a6 4. Nxc6"
    played = game(moves, [15, 20, 20, 25, 20, -400, 300, 300])
    assert played.plies[5].judgement is not None
    assert why(played, 4) is None


# -- threats, draws, book, clock --------------------------------------------------------------------------------


def test_a_threat_that_was_missed_and_one_that_was_allowed() -> None:
    missed = game("1. e4 e5 2. Ke2", [15, 15, 15, -300], {2: "Nf3 Nc6", 3: "Nf6"})
    assert sentence(missed, 2) == "Misses 2. Nf3, which threatens the pawn on e5."
    mate = game("1. e4 e5 2. a3", [15, 15, 400, -300], {2: "Qh5 Nc6", 3: "Nf6"})
    assert sentence(mate, 2) == "Misses 2. Qh5, which threatens the pawn on e5."
    twice = game("1. e4 e5 2. Bc4 Nc6 3. a3", [15, 15, 15, 15, 400, -300], {4: "Qh5 g6", 5: "Nf6"})
    assert sentence(twice, 4) == "Misses 3. Qh5, which threatens mate."
    allowed = game("1. e4 e5 2. Bc4 Nc6 3. a3 a6", [15, 15, 15, 15, 0, 0, 400], {5: "Nf6 d3", 6: "Qh5 g6"})
    assert sentence(allowed, 5) == "Allows 4. Qh5, which threatens mate."


def test_a_draw_by_repetition() -> None:
    fen = "6k1/6pp/8/8/8/8/q4PPP/3Q2K1 w - - 0 1"
    drawn = game("1. h3", [600, 0], {1: "Qa3 Qd8+ Qf8 Qd1 Qa3"}, fen)
    assert sentence(drawn) == "Allows 1... Qa3, after which the position is repeated."


def test_the_book_and_the_clock() -> None:
    left = game("1. e4 c5 2. Nf3 d6 3. Ke2", [15, 30, 30, 30, 30, -200], {4: "d4 cxd4", 5: "Nf6"})
    assert sentence(left, 4) == "Leaves the book: 3. d4 is the Sicilian Defense."
    timed = "1. e4 {[%clk 0:03:00]} e5 {[%clk 0:03:00]} 2. Nf3 {[%clk 0:00:04]} Nc6 {[%clk 0:02:00]} 3. a3"
    analysed = game(timed + " {[%clk 0:00:02]}", [15, 15, 15, 15, 15, -200])
    analysed = structs.replace(analysed, headers={**analysed.headers, "TimeControl": "180+0"})
    assert sentence(analysed, 4) == "Made with 4 seconds on the clock."


def test_stalemate() -> None:
    stale = game("1. Qc7", ["#2", None], {0: "Kb6"}, "k7/8/8/1K6/8/8/8/2Q5 w - - 0 1")
    assert stale.positions[1].terminal == "stalemate"
    assert sentence(stale) == "Misses mate in 2, beginning with 1. Kb6."
    better = game("1. Qc7", [900, None], {0: "Kb6"}, "k7/8/8/1K6/8/8/8/2Q5 w - - 0 1")
    assert sentence(better) == "Gives stalemate."


# -- the function -----------------------------------------------------------------------------------------------


def test_only_judged_moves_are_explained() -> None:
    analysed = game("1. e4 e5", [15, 15, 15])
    assert why(analysed) is None
    assert explanations(analysed) == ()
    with pytest.raises(IndexError):
        engine.explain(analysed, 2)
    with pytest.raises(engine.errors.ArgumentError, match="str is no analysed game"):
        engine.explain("1. e4", 0)  # type: ignore[arg-type]
    with pytest.raises(engine.errors.ArgumentError, match="ply: '0' is not a number"):
        engine.explain(analysed, "0")  # type: ignore[arg-type]


def test_an_exchange_is_played_by_legal_moves_only() -> None:
    protected = chess.Board("4k3/8/4p3/3p4/4P3/8/8/4K3 w - - 0 1")
    assert exchange(protected, chess.D5) == 0
    pinned = chess.Board("4k3/4p3/3p4/8/8/4R3/3R4/4K3 w - - 0 1")
    assert exchange(pinned, chess.D6) == 1  # the pawn on e7 is pinned and takes nothing
    assert not is_quiet(pinned, chess.BLACK)
    assert is_quiet(pinned, chess.WHITE)
