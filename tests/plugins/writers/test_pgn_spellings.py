"""Annotated PGN of movetext in other spellings: the moves that the reader reads, and all that is beside them."""

from __future__ import annotations

import io

import chess.pgn
import pytest

from engine_plugins.writers.pgn import PgnWriter
from tests.plugins.readers.test_movetext import LETTERS, RUY, SPELLINGS
from tests.plugins.writers.rendering import read_text, render

PLAIN = '[White "Anna"]\n\n'


def annotate(text: str) -> str:
    return render(PgnWriter, read_text(PLAIN + text))


def parsed(text: str) -> chess.pgn.Game:
    game = chess.pgn.read_game(io.StringIO(annotate(text)))
    assert game is not None
    assert not game.errors
    return game


def body(text: str) -> str:
    """Return the movetext without what the annotation adds."""
    written = " ".join(annotate(text).split("\n\n")[1].split())
    while "{ [%eval" in written or "{ (" in written:
        for start in ("{ [%eval", "{ ("):
            head, found, tail = written.partition(start)
            written = head + tail.partition("} ")[2] if found else head
    return written


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name: str) -> None:
    text, moves = SPELLINGS[name]
    game = parsed(text)
    assert " ".join(node.san() for node in game.mainline()) == moves
    assert "Cut off" not in annotate(text)
    once = annotate(text)
    assert render(PgnWriter, read_text(once)) == once


@pytest.mark.parametrize("language", LETTERS)
def test_letters_of_other_languages(language: str) -> None:
    game = parsed(LETTERS[language][1])
    assert " ".join(node.san() for node in game.mainline()) == RUY
    assert "Cut off" not in annotate(LETTERS[language][1])


def test_signs_become_nags_and_words_stay() -> None:
    game = parsed("1. e4!± e5 ∓ 2. Nf3N += sic Nc6?!⩲ ⌓ (2... d6□ 3. d4 +-) 3. Bb5☺ *")
    nodes = list(game.mainline())
    assert [node.nags for node in nodes] == [{1, 16}, {17}, {146, 14}, {6, 14, 142}, set()]
    assert "sic" in nodes[2].comment
    assert "☺" in nodes[4].comment
    variation = nodes[2].variations[1]
    assert (variation.san(), variation.nags) == ("d6", {7})
    assert variation.next().nags == {18}


def test_variations_are_in_the_same_language_and_comments_are_not() -> None:
    written = body("1. e4 {Lf1 – gut} e5 2. Sf3 (2. Lc4 Sf6 3. Sf3 (3. Dh5) Le7 4. 0–0) Sc6 {Sf3 Sc6} *")
    assert "{ Lf1 – gut }" in written
    assert "(2. Bc4 Nf6 3. Nf3 (3. Qh5) 3... Be7 4. O-O)" in written
    assert "{ Sf3 Sc6 }" in written


def test_null_moves_in_variations_are_kept() -> None:
    written = body("1. e4 e5 2. Nf3 (2. Bc4 -- 3. Qh5 {threat} Z0 4. Qxf7#) 2... Nc6 3. Bb5 *")
    assert "(2. Bc4 -- 3. Qh5 { threat } 3... -- 4. Qxf7#)" in written
    broken = body("1. e4 f6 (1... f5 2. Qh5+ -- 3. Qxe8) 2. d4 *")
    assert "(1... f5 2. Qh5+ { -- 3. Qxe8 })" in broken


def test_captures_of_files_and_commands_in_variations() -> None:
    written = body("1. e4 d5 2. d4 (2. ed Nf6 [%csl Gd5] 3. c4 c6 4. dc) e6 *")
    assert "(2. exd5 Nf6 { [%csl Gd5] } 3. c4 c6 4. dxc6)" in written


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1. f3 e5 2. g4 Qh4# 0–1", "0-1"),
        ("1. e4 e5 ½", "1/2-1/2"),
        ("1. e4 e5 1:0", "1-0"),
        ("1. e4 e5 0-0", "*"),
        ("1. e4 e5 +-", "*"),
        ("1. e4 e5", "*"),
    ],
)
def test_the_result_is_written_as_pgn_has_it(text: str, result: str) -> None:
    written = annotate(text)
    assert f'[Result "{result}"]' in written
    assert written.rstrip().endswith(result)
    tagged = render(PgnWriter, read_text(f'[White "Anna"]\n[Result "1 : 0"]\n\n{text}'))
    assert '[Result "1-0"]' in tagged
    assert tagged.rstrip().endswith("1-0")
