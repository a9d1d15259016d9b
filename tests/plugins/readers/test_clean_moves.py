"""Ordinary games are read in a fast way of their own: each game here is read in both ways."""

import random
from pathlib import Path

import pytest

import engine_plugins.readers.pgn
from engine.model import SourceGame
from engine.plugin import RawGame
from engine_plugins.readers._clean_moves import read_clean_moves
from engine_plugins.readers._headers import end_of_head
from engine_plugins.readers._text import decode
from engine_plugins.readers.pgn import PgnReader
from tests.perf.games import CLASSICS, random_games, write_match
from tests.plugins.readers.pgn_rig import raws
from tests.support import shared_data


def is_read_fast(raw: RawGame) -> bool:
    """Parse a game in both ways, which must be the same; return whether the fast way was taken."""
    usual = PgnReader().parse(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_plugins.readers.pgn, "read_clean_moves", lambda text: None)
        assert usual == PgnReader().parse(raw)
    return (
        isinstance(usual, SourceGame) and read_clean_moves(decode(raw.data[end_of_head(raw.data) :])) is not None
    )


def movetext(moves: str, tags: str = '[Result "*"]') -> RawGame:
    (raw,) = raws(f'[Event "x"]\n{tags}\n\n{moves}\n')
    return raw


ORDINARY = [
    "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 1/2-1/2",
    "1.e4 e5 2.Nf3\nNc6 3.Bb5 a6 *",
    "1. e4 e5 2. Nf3",
    "1. e4! e5?! $2 $14 { a comment } 2. Nf3 { ½ [%clk 0:01:00] } *",
    "1. e4 { [%eval 0.17] [%clk 0:03:00] } 1... e5 { [%eval #-3] } { [%eval 0.2] [%clk 0:02:59.9] } *",
    "1. e4 { [%clk 0:03:00] [%eval 0.17,22] } e5 {[%clk 0:03:00]} {[%clk 0:09:00]} 2. d4 {[%eval .] } *",
    "{ before [%clk 0:03:00] [%eval 0.3] } 1. e4 {[%eval 1.]} 1... e5 {[%eval -0.50][%clk 0:00:01]} 0-1",
    "1. e4 { [%eval 17] } e5 { [%eval -23] } 2. d4 { [%eval 0,5] } { [%evp 0,1,2,3] } *",
    "1. e4 {+0.31/15 1.5s} e5 {[%clk 1:2:3]} 2. d4 { [%emt 0:00:07] } d5 { (d5) -0.1/12 3 } *",
    "1. e4 (1. d4 d5 { [%clk 0:01:00] } (1... f5 2. c4) 2. c4) 1... e5 ( 1... c5 $1 ! ) *",
    "1. f3 e5 2. g4 Qh4# 0-1",
    "1. f3 e5 2. g4 Qh4",
    "1. f3+ e5# 2. g4 Qh4+ 1-0",
    "1. e3 a5 Qh5 Ra6 Qxa5 h5 h4 Rah6 Qxc7 f6 Qxd7+ Kf7 Qxb7 Qd3 Qxb8 Qh7 Qxc8 Kg6 10. Qe6 1/2-1/2",  # stalemate
    "1. e4 d5 2. e5 f5 3. exf6 Nh6 4. fxg7 Nf7 5. gxh8=N *",
]
OTHERS = [
    "",
    "1. e4 e5 2. Ngf3 *",  # more than the SAN
    "1. Nf3 a6 2. Nd4 a5 3. Nb3 a4 4. Nd4 axb3 *",  # illegal
    "1. d4 d5 2. Nf3 e6 3. Nd2 *",  # ambiguous
    "1. e4 d5 2. ed5 *",
    "1. e4 d5 2. e4xd5 *",
    "1. e2e4 e7e5 *",
    "1. 0-0 *",
    "1. e4 -- 2. d4 *",
    "1. Sf3 Sf6 2. Lg2 *",
    "1. e4 e5 1-0 2. d4 *",
    "1. e4 e5 2. d4 ½-½",
    "1. e4 e5 2. d4 1:0",
    "1. e4 e5 novelty 2. d4 *",
    "1. e4 e5 ; the rest of the line\n2. d4 *",
    "1. e4 e5\n% escape\n2. d4 *",
    "1. e4 e5 { never closed 2. d4 *",
    "1. e4 e5 ( never closed 2. d4 *",
    "1. e4 e5 ) 2. d4 *",
    "1. e4 e5 (1... c5 ; ) 2. d4 )\n2. d4 *",
    "1. e4 e5 [%clk 0:01:00] 2. d4 *",
    "1. e4\te5 2. ♘f3 *",
]


@pytest.mark.parametrize(("texts", "fast"), [(ORDINARY, True), (OTHERS, False)], ids=["ordinary", "others"])
def test_both_ways_are_the_same(texts: list[str], fast: bool) -> None:
    for text in texts:
        assert is_read_fast(movetext(text)) == fast, text


def test_another_start_is_read_in_the_usual_way() -> None:
    fen = "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"
    for tags in (f'[SetUp "1"]\n[FEN "{fen}"]', '[Variant "Chess960"]', '[FEN "broken"]', '[Variant "Atomic"]'):
        is_read_fast(movetext("1. e4 *", tags))
    (raw,) = raws(f'[FEN "{fen}"]\n\n1. e4 *')
    game = PgnReader().parse(raw)
    assert isinstance(game, SourceGame)
    assert game.fen == fen


def test_games_with_every_kind_of_move_are_the_same(tmp_path: Path) -> None:
    files = [CLASSICS, write_match(tmp_path / "match.pgn", 2, evals=True)]
    files.append(random_games(tmp_path / "random.pgn", 4, 120))
    for file in files:
        assert all(map(is_read_fast, raws(file.read_bytes()))), file.name


def test_any_sequence_of_tokens_is_the_same() -> None:
    tokens = [
        *("e4", "e5", "Nf3", "Nc6", "d4", "exd4", "Bb5", "O-O", "a6", "1.", "2.", "3...", "Nbd2", "Qxd4", "1. e4"),
        *("{ [%eval 0.3] [%clk 0:01:00] }", "{[%clk 0:00:59]}", "{x}", "(e4 e5)", "( (", ")", "$1", "!", "?!"),
        *("1-0", "*", "1/2", "+-", "½-½", "--", "word", ";x\n", "\n%y\n", "♘", "{", "}", "0-0", "e4+", "e5#"),
    ]
    rng = random.Random(1)
    for _ in range(250):
        chosen = rng.choices(tokens, [4] * 15 + [1] * (len(tokens) - 15), k=rng.randint(0, 12))
        is_read_fast(movetext(rng.choice(["", " ", " ", " "]).join(["1. e4", "e5", *chosen])))


@pytest.mark.soak
def test_all_real_games_are_the_same_in_both_ways() -> None:
    fast = number = 0
    for file in sorted(shared_data().rglob("*.pgn")):
        for raw in raws(file.read_bytes()):
            fast, number = fast + is_read_fast(raw), number + 1
    assert fast > number / 2
