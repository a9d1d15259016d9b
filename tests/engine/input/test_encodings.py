"""Text encodings of the inputs: found out once for each, and said."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import engine
from engine.errors import ConfigError
from engine.input.encodings import SAMPLE, Utf8Stream, guess


def converted(data: bytes, encoding: str | None = None) -> tuple[bytes, str | None]:
    stream = Utf8Stream(io.FileIO(_path(data)), encoding)
    with io.BufferedReader(stream, 1000) as file:
        return file.read(), stream.guessed


_folder: list[Path] = []


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    _folder[:] = [tmp_path]


def _path(data: bytes) -> Path:
    path = _folder[0] / "file"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1252", "Bogoljubow gegen Grünfeld"),
        ("latin-1", "Peña, José María"),
        ("latin-1", "Sørensen, Åge"),
        ("cp1252", "Fenêtre, Hélène – ‘œuvre’"),
        ("cp1250", "Wojtaszek, Radosław"),
        ("cp1250", "Dvořák, Šimáček"),
        ("cp1250", "Kovačević, Nikolić"),
        ("cp1250", "Erdős, Viktor"),
        ("cp1251", "Шипов, Сергей"),
        ("koi8_r", "Карпов, Анатолий"),
        ("utf-16-le", "Radosław Müller"),
        ("utf-16-be", "Шипов"),
        ("utf-16", "Шипов"),
    ],
)
def test_an_encoding_is_found_out(encoding: str, name: str) -> None:
    text = f'[White "{name}"]\n[Black "Smith"]\n\n1. e4 e5 *\n'
    data, guessed = converted(text.encode(encoding))
    assert data.decode("utf-8-sig") == text
    assert (guessed is None) == (encoding == "utf-16")


def test_utf_8_is_not_changed() -> None:
    data = ("Müller Шипов łódź\n" * 20_000).encode() + b"no end of line \xc3\xa9"
    assert converted(data) == (data, None)
    data = ("é" * 2_000_000).encode()  # a line that is too long to be kept
    assert converted(data) == (data, None)


def test_one_encoding_for_the_whole_file_even_if_it_begins_late() -> None:
    ascii_part = b'[White "Smith"]\n' * 40_000
    lines = b'[White "Nikoli\xe6"]\n[White "\xc8irko"]\n[White "M\xfcller"]\n'
    utf8 = "[White “Müller”]\n".encode()
    data, guessed = converted(ascii_part + utf8 + lines)
    assert data == ascii_part + utf8 + '[White "Nikolić"]\n[White "Čirko"]\n[White "Müller"]\n'.encode()
    assert guessed == "Windows-1250 (Central European)"


def test_a_sample_decides() -> None:
    assert guess(b"") == "cp1252"
    line = b'[White "M\xfcller"]\n'
    data, _ = converted(line * (SAMPLE // len(line) + 10) + b'[White "Nikoli\xe6"]\n')
    assert data.endswith('[White "Nikoliæ"]\n'.encode())


GAME = '[White "Nikolić"]\n[Black "Müller"]\n[Result "1-0"]\n\n1. e4 e5 1-0\n'


def analysed(path: Path, **settings: str) -> tuple[list[str], list[tuple[str, str]]]:
    with engine.Analyzer(settings=engine.Settings(evaluator="recorded", **settings)) as analyzer:  # type: ignore[arg-type]
        run = analyzer.submit(path)
        names = [f"{game.player('white')}–{game.player('black')}" for game in run]
        result = run.result()
    return names, [(notice.kind, notice.reason) for notice in result.notices]


def test_it_is_said_once_and_can_be_overridden(tmp_path: Path) -> None:
    path = tmp_path / "games.pgn"
    path.write_bytes((GAME + "\n" + GAME).encode("cp1250"))
    said = "read as Windows-1250 (Central European), because it is not UTF-8; --encoding NAME reads it as another"
    assert analysed(path) == (["Nikolić–Müller"] * 2, [("note", f"{said} (2 games)")])
    assert analysed(path, encoding="latin-1") == (["Nikoliæ–Müller"] * 2, [])


def test_what_is_no_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "games.pgn"
    path.write_text(GAME)
    for name in ("klingon", "hex"):
        with pytest.raises(ConfigError, match=f"'{name}' is no text encoding; examples: utf-8, cp1252"):
            engine.analyze(path, settings=engine.Settings(evaluator="recorded", encoding=name))
