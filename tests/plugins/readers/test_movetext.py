"""Movetext as people and programs write it: signs, characters, spellings, other languages, null moves."""

from __future__ import annotations

import random

import chess
import pytest

from engine.positions import piece_letters
from tests.plugins.readers.pgn_rig import game
from tests.support import assert_linear

ITALIAN = "e4 e5 Nf3 Nc6 Bc4 Bc5 O-O Nf6"
QUEENSIDE = "d4 d5 Nc3 Nc6 Bf4 Bf5 Qd2 Qd7 O-O-O O-O-O"

SPELLINGS = {
    "signs glued to moves": ("1. e4! e5± 2. Nf3⩲ Nc6+- 3. Bc4∞ Bc5=+ 4. O-O□ Nf6-/+ *", ITALIAN),
    "several signs": ("1. e4!+- e5?!∓ 2. Nf3!!⩲ Nc6=/+ 3. Bc4⇆ Bc5⟳ 4. O-O!?→ Nf6⊕ *", ITALIAN),
    "signs between moves": ("1. e4 ! e5 ± 2. Nf3 += Nc6 +/- 3. Bc4 ∞ Bc5 =+ 4. O-O Nf6 -+ *", ITALIAN),
    "novelties": ("1. e4 e5 2. Nf3N Nc6N 3. Bc4!N Bc5N 4. O-ON Nf6 *", ITALIAN),
    "other signs of check": ("1. e4 e5 2. Bc4 Bc5 3. Qh5†! g6?? 4. Qxe5†† *", "e4 e5 Bc4 Bc5 Qh5 g6 Qxe5+"),
    "double sign of mate": ("1. f3 e5 2. g4 Qh4‡ 0-1", "f3 e5 g4 Qh4#"),
    "words of check and mate": ("1. f3, e5 2. g4, Qh4 mate 0-1", "f3 e5 g4 Qh4#"),
    "invisible characters": (
        "1.\u200be4 e5\ufeff 2.\u2060Nf3 N\u00adc6 3.\u202fBc4 Bc5\u200f 4. O-O Nf6 *",
        ITALIAN,
    ),
    "no-break spaces": ("1.\u00a0e4\u00a0e5\u20092.\u00a0Nf3 Nc6\u30003. Bc4 Bc5 4. O-O Nf6 *", ITALIAN),
    "ellipses": ("1.e4 {x} 1…e5 2.Nf3 {y} 2…Nc6 3. Bc4 3… Bc5 4. O-O … Nf6 *", ITALIAN),
    "castling with en dashes": ("1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. 0–0 Nf6 *", ITALIAN),
    "castling with any dash": ("1. d4 d5 2. Nc3 Nc6 3. Bf4 Bf5 4. Qd2 Qd7 5. O—O—O 0−0‑0 *", QUEENSIDE),
    "castling without dashes": ("1. d4 d5 2. Nc3 Nc6 3. Bf4 Bf5 4. Qd2 Qd7 5. OOO o-o-o *", QUEENSIDE),
    "castling in Cyrillic": ("1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. О-О Nf6 *", ITALIAN),
    "results glued to moves": ("1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. O-O Nf61/2-1/2", ITALIAN),
    "a result glued to a sign": ("1. f3 e5 2. g4 Qh4#0-1", "f3 e5 g4 Qh4#"),
    "figurines": ("1. ♙e4 e5 2. ♘f3 ♞c6 3. ♗c4 ♝c5 4. O-O ♘\ufe0ef6 *", ITALIAN),
    "full-width characters": ("１．ｅ４ ｅ５ ２．Ｎｆ３ Ｎｃ６ 3. Bc4 Bc5 4. O-O Nf6 *", ITALIAN),
    "files in Cyrillic": ("1. е4 е5 2. Nf3 Nс6 3. Bс4 Bс5 4. O-O Nf6 *", ITALIAN),
    "long algebraic": ("1. e2-e4 e7-e5 2. Ng1-f3 Nb8-c6 3. Bf1-c4 Bf8-c5 4. 0-0 Ng8-f6 *", ITALIAN),
    "squares alone": ("1. e2e4 e7e5 2. g1-f3 b8c6 3. f1-c4 f8c5 4. e1g1 g8f6 *", ITALIAN),
    "long dashes": ("1. e2–e4 e7–e5 2. Ng1–f3 Nb8–c6 3. Bc4 Bc5 4. O-O Nf6 *", ITALIAN),
    "captures with other signs": ("1. e4 d5 2. e4×d5 Qd8:d5 3. Nc3 Qa5 *", "e4 d5 exd5 Qxd5 Nc3 Qa5"),
    "captures of files": ("1. e4 d5 2. ed Nf6 3. c4 c6 4. dc! Nxc6 *", "e4 d5 exd5 Nf6 c4 c6 dxc6 Nxc6"),
    "en passant": ("1. e4 a6 2. e5 d5 3. exd6e.p. cxd6 ep *", "e4 a6 e5 d5 exd6 cxd6"),
    "commands outside of comments": ("1. e4 [%clk 0:01:00] e5 [%clk 0:00:59] 2. Nf3 *", "e4 e5 Nf3"),
    "null moves": ("1. e4 -- 2. d4 Z0 3. c4 0000 4. f4 @@@@ *", "e4 -- d4 -- c4 -- f4 --"),
    "a null move with a dash": ("1. e4 –– 2. d4 —— *", "e4 -- d4 --"),
}
"""Movetext and the moves that it means."""

LETTERS = {
    "German": ("KDTLS", "1. e4 e5 2. Sf3 Sc6 3. Lb5 a6 4. Lxc6 dxc6 5. O-O Dd6 6. Te1 Kd8 *"),
    "French": ("RDTFC", "1. e4 e5 2. Cf3 Cc6 3. Fb5 a6 4. Fxc6 dxc6 5. O-O Dd6 6. Te1 Rd8 *"),
    "Spanish": ("RDTAC", "1. e4 e5 2. Cf3 Cc6 3. Ab5 a6 4. Axc6 dxc6 5. O-O Dd6 6. Te1 Rd8 *"),
    "Dutch": ("KDTLP", "1. e4 e5 2. Pf3 Pc6 3. Lb5 a6 4. Lxc6 dxc6 5. O-O Dd6 6. Te1 Kd8 *"),
    "Russian": ("Кр Ф Л С К", "1. e4 e5 2. Кf3 Кc6 3. Сb5 a6 4. С:c6 dc 5. 0–0 Фd6 6. Лe1 Крd8 *"),
    "Polish": ("KHWGS", "1. e4 e5 2. Sf3 Sc6 3. Gb5 a6 4. Gxc6 dxc6 5. O-O Hd6 6. We1 Kd8 *"),
    "Czech": ("KDVSJ", "1. e4 e5 2. Jf3 Jc6 3. Sb5 a6 4. Sxc6 dxc6 5. O-O Dd6 6. Ve1 Kd8 *"),
    "Hungarian": ("KVBFH", "1. e4 e5 2. Hf3 Hc6 3. Fb5 a6 4. Fxc6 dxc6 5. O-O Vd6 6. Be1 Kd8 *"),
    "Finnish": ("KDTLR", "1. e4 e5 2. Rf3 Rc6 3. Lb5 a6 4. Lxc6 dxc6 5. O-O Dd6 6. Te1 Kd8 *"),
    "Turkish": ("ŞVKFA", "1. e4 e5 2. Af3 Ac6 3. Fb5 a6 4. Fxc6 dxc6 5. O-O Vd6 6. Ke1 Şd8 *"),
}
"""The same game in the letters of other languages."""
RUY = "e4 e5 Nf3 Nc6 Bb5 a6 Bxc6 dxc6 O-O Qd6 Re1 Kd8"


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name: str) -> None:
    text, moves = SPELLINGS[name]
    one = game(f'[Event "x"]\n\n{text}')
    assert (" ".join(one.sans), one.problem) == (moves, None)
    assert not one.notes


@pytest.mark.parametrize("language", LETTERS)
def test_letters_of_other_languages(language: str) -> None:
    one = game(f'[Event "x"]\n\n{LETTERS[language][1]}')
    assert (" ".join(one.sans), one.problem) == (RUY, None)
    (note,) = one.notes
    assert note.understood
    assert note.reason.startswith("the piece letters are those of another language: ")


@pytest.mark.parametrize("language", LETTERS)
def test_any_game_in_the_letters_of_another_language(language: str) -> None:
    """Long enough games mean one thing only, whatever the letters have in common with others."""
    letters = LETTERS[language][0]
    names = dict(zip("KQRBN", letters.split() if " " in letters else letters, strict=True))
    chance = random.Random(language)
    for _ in range(5):
        board, sans, foreign = chess.Board(), [], []
        while len(sans) < 60 and not board.is_game_over():
            move = chance.choice(list(board.legal_moves))
            sans.append(board.san_and_push(move))
            foreign.append("".join(names.get(letter, letter) for letter in sans[-1]))
        one = game(f'[Event "x"]\n\n{" ".join(foreign)} *')
        assert (list(one.sans), one.problem) == (sans, None)


def test_comments_are_not_translated_and_what_was_understood_is_said() -> None:
    one = game('[Event "x"]\n\n1. e4 {Sf3 – nicht} e5 2. Sf3 (2. Lc4 Sf6) Sc6 *')
    assert one.sans == ("e4", "e5", "Nf3", "Nc6")
    assert one.notes[0].reason.endswith("L is a bishop, S is a knight")
    assert "Sf3 – nicht" in one.text


@pytest.mark.parametrize(
    ("moves", "problem"),
    [
        ("1. e4 e5 2. Sf3 Sc6 3. Lb7 *", "unreadable move `Sf3` after 2 plies (2.)"),  # illegal in any language
        ("1. e4 e5 2. Se2 *", "unreadable move `Se2` after 2 plies (2.)"),  # a knight in German, a bishop in Czech
        ("1. e4 e5 2. Xf3 *", "unreadable move `Xf3` after 2 plies (2.)"),
        ("1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. 0~0 Nf6 *", "unreadable move `0~0` after 6 plies (4.)"),
        ("1. e4 e5 well played 2. Kitty Nc6 3. d4 *", "unreadable move `Kitty` after 2 plies (2.)"),
        ("1. e4 e5 2. nice Nf9 Nc6 *", "unreadable move `Nf9` after 2 plies (2.)"),
        ("1. e4 e5 2. nice d5 Nc6 *", "illegal move `d5` after 2 plies (2.)"),
        ("1. e4 e5 2. P@e6 *", "unreadable move `P@e6` after 2 plies (2.)"),
        ("1. e4 d5 2. Nc3 Qd6 3. d4 f5 4. Bf4 Qb4 5. ef *", None),
        ("1. e4 d5 2. c4 Nf6 3. cd *", None),
        ("1. d4 e5 2. c4 c5 3. a3 ed 4. b4 cd 5. Nf3 *", "unreadable move `cd` after 7 plies (4...)"),
        ("1. f3 e6 2. a3 Qh4 3. -- *", "null move in check `--` after 4 plies (3.)"),
    ],
)
def test_a_message_names_the_token_that_is_wrong(moves: str, problem: str | None) -> None:
    one = game(f'[Event "x"]\n\n{moves}')
    assert one.problem == problem


def test_words_are_words_also_those_of_two_letters() -> None:
    data = "1. e4 he e5 be 2. Nf3 – so ab Nc6 ef fe 3. Bb5 *"
    assert game(data).sans == ("e4", "e5", "Nf3", "Nc6", "Bb5")


def test_a_promotion_is_no_novelty() -> None:
    fen = "3n4/P3P2k/8/8/8/8/8/K7 w - - 0 60"
    for text, move in (
        ("a8N", "a7a8n"),
        ("a8=N", "a7a8n"),
        ("a8(R)", "a7a8r"),
        ("e7xd8/B", "e7d8b"),
        ("e8Q", "e7e8q"),
    ):
        assert game(f'[FEN "{fen}"]\n\n60. {text} *').moves == (move,)
    assert game(f'[FEN "{fen}"]\n\n60. a8D *').moves == ("a7a8q",)


def test_null_moves_are_kept_as_python_chess_keeps_them() -> None:
    one = game("1. e4 e5 2. -- Nc6 3. Bb5 {[%clk 0:01:00]} Z0 4. Bxc6 *")
    assert one.moves == ("e2e4", "e7e5", "0000", "b8c6", "f1b5", "0000", "b5c6")
    assert one.sans == ("e4", "e5", "--", "Nc6", "Bb5", "--", "Bxc6")
    board = chess.Board()
    for uci, san in zip(one.moves, one.sans, strict=True):
        move = board.parse_uci(uci)
        assert board.san(move) == san
        board.push(move)
    assert one.ending == "open"


def test_clocks_outside_of_comments_are_read() -> None:
    assert game("1. e4 [%clk 0:01:00] e5 [%clk 0:00:59] *").clocks == (60.0, 59.0)


def test_the_line_of_a_problem_is_that_of_the_file_after_all_changes() -> None:
    one = game('[Event "x"]\n\n1. е4 …\n1…e5 {–\n–} 2. ♘f3 ½\n♞c7 *')
    assert (one.problem, one.problem_line) == ("illegal move `Nc7` after 3 plies (2...)", 6)


@pytest.mark.parametrize(
    "unit", ["…", "–", "♘f3 ", "Sf3 ", "Крe1 ", "e4± ", "ab ", "a–b ", "[%clk ", "1:0 ", "+-", "½ ", "а"]
)
def test_the_work_is_linear_whatever_the_text(unit: str) -> None:
    assert_linear(lambda size: game('[Event "x"]\n\n1. e4 ' + unit * (size // len(unit.encode()))), 100_000)


def test_an_ordinary_game_is_not_translated() -> None:
    assert not piece_letters.is_foreign("1. e4 e5 2. Nf3 Nc6 3. Bb5 {Sf3} a6 4. O-O Be7 5. Re1 b5 6. bxc3=Q")
