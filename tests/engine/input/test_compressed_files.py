"""Compressed files as other programs make them, damaged ones, and files that change while they are read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

import engine
from engine.plugin import Aggregator

GAMES = 100
HALF_GAMES = GAMES // 2
PGN = b"".join(
    b'[Event "%d"]\n[White "%s"]\n[Result "1-0"]\n\n1. e4 1-0\n\n'
    % (number, zlib.crc32(b"%d" % number).to_bytes(4, "big").hex().encode() * 4)
    for number in range(GAMES)
)
HALF = PGN.index(b'[Event "%d"]' % HALF_GAMES)


def zstd_with_checksum(data: bytes) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd_with_checksum,
}


def skippable(data: bytes, kind: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + kind, len(data)) + data


def pzstd(data: bytes) -> bytes:
    """Compress as pzstd does: before each frame, a skippable one with its size."""
    frames = [zstd_with_checksum(data[start : start + 3_000]) for start in range(0, len(data), 3_000)]
    return b"".join(skippable(struct.pack("<I", len(frame))) + frame for frame in frames)


class Names(Aggregator):
    """Remembers every game."""

    seen: list[str]

    def add(self, game: engine.AnalysedGame) -> None:
        self.seen.append(game.headers["Event"])

    def report(self) -> engine.Report:
        return engine.Report("Names")


def analyse(source: object) -> tuple[list[str], list[tuple[str, str]]]:
    """The games of an input, and what was noticed."""
    names = Names()
    names.seen = []
    result = engine.analyze(source, evaluator="recorded", aggregators=[names])  # type: ignore[arg-type]
    return names.seen, [(notice.kind, notice.reason) for notice in result.notices]


def written(folder: Path, content: bytes, name: str = "games.pgn.zst") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def events(number: int = GAMES) -> list[str]:
    return [str(k) for k in range(number)]


# -- frames and members --


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pzstd(PGN), id="pzstd"),
        pytest.param(skippable(b"x" * 300_000, 15) + zstd.compress(PGN), id="a long skippable frame first"),
        pytest.param(zstd.compress(PGN) + skippable(b"seek table", 14), id="a skippable frame last"),
        pytest.param(
            skippable(b"") + zstd.compress(PGN[:HALF]) + skippable(b"x") * 3 + zstd.compress(PGN[HALF:]),
            id="skippable frames between",
        ),
    ],
)
def test_every_frame_of_zstd_is_read(tmp_path: Path, content: bytes) -> None:
    assert analyse(written(tmp_path, content)) == (events(), [])


def test_the_content_tells_what_pzstd_has_made(tmp_path: Path) -> None:
    assert analyse(written(tmp_path, pzstd(PGN), "games.pgn")) == (events(), [])
    assert analyse(pzstd(PGN)) == (events(), [])


def test_skippable_frames_alone_are_an_empty_file(tmp_path: Path) -> None:
    assert analyse(written(tmp_path, skippable(b"nothing") * 2)) == ([], [("warning", "no game in it")])


@pytest.mark.parametrize("suffix", COMPRESS)
def test_members_in_a_row_and_an_empty_one(tmp_path: Path, suffix: str) -> None:
    compress = COMPRESS[suffix]
    content = compress(PGN[:HALF]) + compress(b"") + compress(PGN[HALF:])
    assert analyse(written(tmp_path, content, f"games.pgn{suffix}")) == (events(), [])


# -- damage --


def damaged(suffix: str, data: bytes) -> bytes:
    """A member whose data is whole and whose checksum is wrong."""
    member = bytearray(COMPRESS[suffix](data))
    if suffix == ".xz":  # block, index, footer: the checksum is at the end of the block
        index = 4 * (struct.unpack("<I", member[-8:-4])[0] + 1)
        member[-12 - index - 8] ^= 1
    else:
        member[{".gz": -8, ".bz2": -5, ".zst": -1}[suffix]] ^= 1
    return bytes(member)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_wrong_checksum_costs_nothing_that_was_read(tmp_path: Path, suffix: str) -> None:
    content = COMPRESS[suffix](PGN[:HALF]) + damaged(suffix, PGN[HALF:])
    games, [(kind, reason)] = analyse(written(tmp_path, content, f"games.pgn{suffix}"))
    assert games == events()
    assert kind == "damaged"
    assert "cannot be read any further" in reason
    assert "the games before are kept" in reason


@pytest.mark.parametrize("suffix", COMPRESS)
def test_from_a_pipe_a_wrong_checksum_costs_a_kilobyte_at_most(suffix: str) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    games, notices = analyse(Pipe(damaged(suffix, PGN)))
    assert games == events()[: len(games)]
    assert len(games) > GAMES - 2_048 / (len(PGN) / GAMES)
    assert [kind for kind, _ in notices][-1] == "damaged"


@pytest.mark.parametrize("suffix", COMPRESS)
def test_what_follows_the_compressed_data_is_said(tmp_path: Path, suffix: str) -> None:
    rubbish = b"rubbish, rubbish, rubbish" if suffix in (".gz", ".xz") else b"\n"
    content = COMPRESS[suffix](PGN) + rubbish
    games, notices = analyse(written(tmp_path, content, f"games.pgn{suffix}"))
    reason = f"goes on after its compressed data with something that is not {suffix}; the games before are kept"
    assert (games, notices) == (events(), [("damaged", reason)])


def test_an_xz_dictionary_of_256_mib_is_refused_with_the_way_out(tmp_path: Path) -> None:
    content = bytearray(lzma.compress(PGN))
    assert content[12:17] == b"\x02\x00\x21\x01" + content[16:17]  # block header: LZMA2 and its dictionary
    content[16] = 32
    content[20:24] = struct.pack("<I", zlib.crc32(content[12:20]))
    whole = lzma.compress(PGN[:HALF]) + bytes(content)
    games, notices = analyse(written(tmp_path, whole, "games.pgn.xz"))
    reason = (
        "needs more than 128 MiB of memory to decompress, because of its xz dictionary; "
        "`xz -dc FILE | engine analyze -` reads it; the games before are kept"
    )
    assert (games, notices) == (events(HALF_GAMES), [("damaged", reason)])


def test_a_zstd_window_of_256_mib_is_refused_with_the_way_out(tmp_path: Path) -> None:
    def frame(window_log: int) -> bytes:
        window = bytes([(window_log - 10) << 3])
        return b"\x28\xb5\x2f\xfd\x00" + window + (len(PGN) << 3 | 1).to_bytes(3, "little") + PGN

    assert analyse(written(tmp_path, frame(27))) == (events(), [])
    games, [(kind, reason)] = analyse(written(tmp_path, zstd.compress(PGN[:HALF]) + frame(28)))
    assert (games, kind) == (events(HALF_GAMES), "damaged")
    assert reason == (
        "needs more than 128 MiB of memory to decompress, because of its zstd window; "
        "`zstd -dc --long=31 FILE | engine analyze -` reads it; the games before are kept"
    )


# -- files that change --


class Changing(Names):
    """Does something to the input once the first game is here."""

    change: Callable[[], object]

    def add(self, game: engine.AnalysedGame) -> None:
        super().add(game)
        if len(self.seen) == 1:
            self.change()


def analyse_changing(file: Path, change: Callable[[], object]) -> tuple[list[str], list[tuple[str, str]]]:
    names = Changing()
    names.seen, names.change = [], change
    result = engine.analyze(file, evaluator="recorded", aggregators=[names])
    return names.seen, [(notice.kind, notice.reason) for notice in result.notices if notice.game is None]


LONG = PGN.replace(b"1. e4", b"{%s} 1. e4" % (b"x" * 20_000))
"""Much more than is read ahead."""
AGAIN = "the same command again reads all of it, and searches nothing twice"


def test_a_file_that_grows_is_said(tmp_path: Path) -> None:
    file = written(tmp_path, LONG, "games.pgn")

    def grow() -> None:
        with file.open("ab") as stream:
            stream.write(PGN)

    games, notices = analyse_changing(file, grow)
    assert len(games) >= GAMES
    sizes = f"from {len(LONG):,} to {len(LONG) + len(PGN):,} bytes"
    reason = f"grew while it was read, {sizes}; its last games may be missing or cut, and {AGAIN}"
    assert notices == [("warning", reason)]


def test_a_file_that_shrinks_is_said(tmp_path: Path) -> None:
    file = written(tmp_path, LONG, "games.pgn")
    games, notices = analyse_changing(file, lambda: os.truncate(file, len(LONG) // 4))
    assert 1 <= len(games) < GAMES
    sizes = f"from {len(LONG):,} to {len(LONG) // 4:,} bytes"
    reason = f"shrank while it was read, {sizes}; its last games may be missing or cut, and {AGAIN}"
    assert notices == [("warning", reason)]


def test_a_file_that_is_replaced_is_said_and_the_old_one_is_analysed(tmp_path: Path) -> None:
    file = written(tmp_path, LONG, "games.pgn")
    games, notices = analyse_changing(file, lambda: written(tmp_path, PGN, "new.pgn").replace(file))
    assert len(games) == GAMES
    reason = f"was replaced while it was read; what it was before is analysed, and {AGAIN}"
    assert notices == [("warning", reason)]


def test_a_file_that_is_written_to_is_said(tmp_path: Path) -> None:
    file = written(tmp_path, LONG, "games.pgn")

    def write() -> None:
        with file.open("r+b") as stream:
            stream.write(b"[")
        os.utime(file, ns=(1, 1))

    _, notices = analyse_changing(file, write)
    reason = f"was written to while it was read; games may be missing or mixed up, and {AGAIN}"
    assert notices == [("warning", reason)]


def test_a_file_that_is_removed_or_stays_is_nothing_to_speak_of(tmp_path: Path) -> None:
    file = written(tmp_path, PGN, "games.pgn")
    assert analyse_changing(file, lambda: None) == (events(), [])
    assert analyse_changing(file, file.unlink) == (events(), [])
