"""Evaluations of other programs in the comments of a PGN game."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import engine
from engine.model import Note, Score, SourceGame
from engine_plugins.readers.pgn import PgnReader
from tests.support import assert_linear


def read_all(text: str) -> list[SourceGame]:
    reader = PgnReader()
    games = [reader.parse(raw) for raw in reader.split(io.BytesIO(text.encode()))]
    assert all(isinstance(game, SourceGame) for game in games), games
    return games  # type: ignore[return-value]


def read(moves: str) -> SourceGame:
    (game,) = read_all(f'[White "A"]\n\n{moves}\n')
    return game


def scores(game: SourceGame) -> list[int | str | None]:
    """The mover's view of each position: centipawns, or `#` and moves."""
    if game.recording is None:
        return []
    found = [p and p.evaluation and p.evaluation.score for p in game.recording.positions]
    return [s and (s.cp if s.cp is not None else f"#{s.mate}") for s in found]  # type: ignore[misc]


def said(game: SourceGame) -> list[str]:
    return [note.reason for note in game.notes if note.understood]


@pytest.mark.parametrize(
    ("value", "white"),
    [
        ("-M1", Score(mate=-1)),
        ("+M3", Score(mate=3)),
        ("#+3", Score(mate=3)),
        ("-#6,11", Score(mate=-6)),
        ("M-4/20", Score(mate=-4)),
        ("mate 5", Score(mate=5)),
        ("-0.60, 20", Score(cp=-60)),
        ("−0.6", Score(cp=-60)),
        ("+0.4;12", Score(cp=40)),
        ("0.35/20", Score(cp=35)),
        ("1.25 d18", Score(cp=125)),
        ("0.10,22,33", Score(cp=10)),
    ],
)
def test_spellings_of_the_command(value: str, white: Score) -> None:
    game = read(f"1. e4 {{ [%eval {value}] [%clk 0:01:00] }} e5 {{ [%eval 0.11] }} *")
    assert game.recording is not None
    position = game.recording.positions[1]
    assert position is not None
    assert position.evaluation is not None
    assert position.evaluation.score == -white
    assert game.clocks[0] == 60


def test_what_lichess_writes_needs_no_word() -> None:
    assert read("1. e4 { [%eval 0.17] } e5 { [%eval #-3] } 2. d4 { [%eval 2.35,25] } *").notes == ()


def test_mates_with_a_letter_are_said() -> None:
    assert said(read("1. f3 {[%eval -0.6]} e5 {[%eval -0.5]} 2. g4 {[%eval -M1]} Qh4# *")) == [
        "evaluations: [%eval] with mates as M1, White's view, pawns"
    ]


def test_cutechess_and_fastchess() -> None:
    game = read(
        "1. e4 {+0.31/15 1.523s, n=12, nps=44} e5 {-0.31/15, 52ms} 2. Nf3 {+M11/30 0.2s, White mates} Nc6 {book} *"
    )
    assert scores(game) == [31, -31, "#6", None, None]
    assert game.times == (1.523, 0.052, 0.2, None)
    assert said(game) == ["evaluations: comments of cutechess or fastchess, the mover's view, pawns"]


def test_arena_names_the_move_that_it_expects() -> None:
    game = read("1. e4 {(e7e5 g1f3) +0.31/15 5} e5 {(Nf3) -M12/30 1:05} 2. Nf3 {+0,25/12 1,5} Nc6 {#-5/20 3} *")
    assert scores(game) == [31, "#-6", 25, "#-5", None]
    assert game.times == (5, 65, 1.5, 3)
    assert said(game) == ["evaluations: Arena comments, the mover's view, pawns"]


def test_a_program_is_named_once_even_if_it_leaves_something_out() -> None:
    arena = read("1. e4 {(e7e5) +0.31/15 5s} e5 {-0.20/14 4} *")
    assert said(arena) == ["evaluations: Arena comments, the mover's view, pawns"]
    cutechess = read("1. e4 {+0.31/15 5s} e5 {-M4/14} *")
    assert said(cutechess) == ["evaluations: comments of cutechess or fastchess, the mover's view, pawns"]
    assert scores(cutechess) == [31, "#-2", None]


def test_banksia_writes_no_unit_of_time() -> None:
    game = read("1. e4 {0.24/18 2.5 123456} e5 {-0.20/17 0.7} *")
    assert (scores(game), game.times) == ([24, -20, None], (2.5, 0.7))
    assert said(game) == ["evaluations: Banksia or XBoard comments, the mover's view, pawns"]


def test_tcec_speaks_for_white_in_pawns_and_milliseconds() -> None:
    game = read(
        "1. d4 {d=28, sd=40, mt=41250, tl=5358750, s=90, n=9, pv=d4 Nf6, tb=0, wv=0.31, R50=50} "
        "Nf6 {d=27, mt=9000, tl=5391000, pv=Nf6 c4, wv=0.22, } 2. c4 {wv=M12, mt=20} e6 {wv=-M5, d=31, mt=10} *"
    )
    assert scores(game) == [31, -22, "#6", "#3", None]
    assert game.times == (41.25, 9, 0.02, 0.01)
    assert game.clocks == (5358.75, 5391, None, None)
    assert said(game) == ["evaluations: TCEC comments, White's view, pawns"]
    old = read(
        "1. d4 {ev=0.10, d=20, mt=00:01:20, tl=01:58:40, pv=d4, wv=0.12,} d5 {ev=-0.30, d=9, mt=00:00:07,} *"
    )
    assert (scores(old), old.times, old.clocks) == ([12, -30, None], (80, 7), (7120, None))


def test_engine_comments_beside_a_clock() -> None:
    game = read("1. e4 {[%clk 1:30:00] +0.31/15 5s} e5 {[%clk 1:29:00] d=3, mt=1000, wv=0.2} *")
    assert (scores(game), game.times, game.clocks) == ([31, -20, None], (5, 1), (5400, 5340))


def test_chessbase_has_an_evaluation_for_every_position() -> None:
    game = read("{[%evp 0,5,20,17,-30,29997,-29996,32767] A note} 1. e4 e5 2. Nf3 Nc6 3. Bb5 *")
    assert scores(game) == [20, -17, -30, "#-2", "#-2", None]
    assert said(game) == ["evaluations: ChessBase [%evp], White's view, centipawns"]
    assert scores(read("{[%evp 1,2,15,-40]} 1. e4 e5 2. Nf3 *")) == [None, -15, -40, None]


FULL = "1. e4 {%s} e5 {%s} 2. Nf3 {%s} Nc6 {%s} 3. Bb5 {%s} a6 {%s} 4. Ba4 {%s} Nf6 {%s} 5. O-O {%s} Be7 {%s} *"


def test_whose_view_comments_without_a_unit_have_is_settled_by_the_neighbours() -> None:
    won = [210, 230, 250, 240, 260, 300, 310, 320, 400, 420]
    white = FULL % tuple(f"{cp / 100}/15 1" for cp in won)
    mover = FULL % tuple(f"{cp / 100 * (-1) ** k}/15 1" for k, cp in enumerate(won))
    expected = [cp * (-1) ** k for k, cp in enumerate(won)]
    assert scores(read(white))[:10] == scores(read(mover))[:10] == expected
    assert said(read(white)) == ["evaluations: Banksia or XBoard comments, White's view, pawns"]
    # Both engines see themselves ahead: that is no sign.
    assert said(read(FULL % (("0.3/9 1",) * 10))) == [
        "evaluations: Banksia or XBoard comments, the mover's view, pawns"
    ]


def test_the_beginning_of_a_file_settles_what_a_game_leaves_open() -> None:
    long = FULL % tuple(f"[%eval {cp * (-1) ** k},9]" for k, cp in enumerate(range(200, 300, 10)))
    short = "1. e4 {[%eval 4,9]} e5 {[%eval 5,9]} *"
    first, second = read_all(f'[White "A"]\n\n{long}\n\n[White "B"]\n\n{short}\n')
    assert scores(second) == [None, -4, -5]
    assert said(first) == said(second) == ["evaluations: [%eval], the mover's view, centipawns"]
    assert scores(read(short)) == [None, -400, 500]


def test_evaluations_that_cannot_be_read_are_counted() -> None:
    game = read("1. e4 {[%eval foo]} e5 {[%eval 0.3]} 2. Nf3 {+1.x/22 1.2s} Nc6 {1/2 offered, 12/24 fine} *")
    assert game.notes == (
        Note(
            "evaluations that cannot be read",
            "{} of {} evaluations could not be read, the first is `[%eval foo]`; the moves beside them are not "
            "judged; `-e recorded,stockfish` searches their positions",
            counts=(2, 3),
        ),
    )
    assert read("1. e4 {[%eval]} e5 {a good move} *").notes == ()
    assert [note.counts for note in read("{[%evp 0,x]} 1. e4 *").notes] == [(1, 1)]
    assert [note.counts for note in read("1. e4 {d=1, mt=10, wv=inf} e5 {d=1, mt=9} *").notes] == [(1, 1)]


def test_the_counts_of_a_file_are_those_of_its_games(tmp_path: Path) -> None:
    path = tmp_path / "games.pgn"
    path.write_text('[White "A"]\n\n1. e4 {[%eval foo]} e5 {[%eval 0.3]} 2. d4 {[%eval 0.2]} *\n\n' * 3)
    result = engine.analyze(path, settings=engine.Settings(evaluator="recorded"))
    (notice,) = result.notices
    assert notice.kind == "warning"
    assert notice.reason.startswith("3 of 9 evaluations could not be read, the first is `[%eval foo]`; the moves")
    assert notice.reason.endswith("searches their positions (3 games)")


@pytest.mark.parametrize(
    "piece", ["[%", "[%evp ", "[%eval ", " ", "1", "(", "wv=", ", wv=1", "+1.5/", "[%clk   ", "M"]
)
@pytest.mark.parametrize("head", ["", "[%evp ", "[%eval", "wv=", "(", "+1.5/20"])
def test_no_comment_takes_quadratic_time(head: str, piece: str) -> None:
    def work(size: int) -> object:
        comment = head + piece * (size // len(piece))
        return read(f"{{{comment}}} 1. e4 {{{comment}}} *")

    assert_linear(work, 1 << 16)
