"""From names of inputs to numbered games."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from engine.errors import ConfigError, InputError
from engine.input.filters import compile_filter, player_filter
from engine.input.games import FilteredGame, InputItem, ParsedGame, Selection, read_games
from engine.input.sampling import chance
from engine.input.sources import BrokenSource, open_paths
from engine.model import Epd, SkippedGame, SourceGame
from engine.plugin import RawGame, Reader, Unreadable
from engine_plugins.readers.pgn import PgnReader


class Words(Reader):
    """A game is a line `white word`; `bad` is unreadable, `raise` is a bug of the reader."""

    plays_moves = True  # its games have no moves, and their positions are none
    suffixes = (".txt", ".text")

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        for number, line in enumerate(stream, 1):
            if line == b"explode\n":
                raise RuntimeError("boom")
            yield RawGame(line.rstrip(), number)

    def headers(self, raw: RawGame) -> dict[str, str]:
        return {"White": raw.data.decode("utf-8", "replace").split(" ")[0]}

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        word = raw.data.decode().split(" ")[-1]
        if word == "raise":
            raise RuntimeError("boom")
        if word == "bad":
            return Unreadable("damaged", "it is bad", "bad", 7)
        return SourceGame(self.headers(raw), "fen", text=word)


class Numbers(Words):
    suffixes = (".num",)

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return head[:1].isdigit()

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        return SourceGame({}, "fen", text=raw.data.decode(), epd=Epd())


READERS: dict[str, Reader] = {"pgn": Words(), "numbers": Numbers()}


def items(*names: Path | str, **selection: object) -> list[InputItem]:
    sources = open_paths([str(name) for name in names], READERS)
    return list(read_games(sources, READERS, Selection(**selection)))  # type: ignore[arg-type]


def texts(read_items: list[InputItem]) -> list[str]:
    return [item.game.text for item in read_items if isinstance(item, ParsedGame)]


def numbers(read_items: list[InputItem], kind: type) -> list[int]:
    return [item.origin.game for item in read_items if isinstance(item, kind)]


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    file = tmp_path / "hundred.txt"
    file.write_text("".join(f"{'odd' if n % 2 else 'even'} g{n}\n" for n in range(1, 101)))
    return file


class TestExpand:
    def test_folders_are_recursive_sorted_and_only_of_known_endings(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in (
            "in/b.txt",
            "in/a/z.TXT.GZ",
            "in/a/y.num",
            "in/c.jpg",
            "in/.git/x.txt",
            "in/.hidden.txt",
            "in/b/a.text",
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("x")
        names = [source.name for source in open_paths(["./in", "in/c.jpg"], READERS)]
        assert names == ["./in/a/y.num", "./in/a/z.TXT.GZ", "./in/b/a.text", "./in/b.txt", "in/c.jpg"]

    def test_an_archive_in_a_folder_is_said_and_a_bare_compressed_file_is_read(self, tmp_path):
        (tmp_path / "a.txt").write_text("x g1\n")
        (tmp_path / "b.gz").write_bytes(gzip.compress(b"x g2\n"))
        (tmp_path / "b.sql.gz").write_bytes(gzip.compress(b"x g3\n"))
        (tmp_path / "c.tar.gz").write_bytes(b"whatever")
        read_items = items(tmp_path)
        assert texts(read_items) == ["g1", "g2"]
        [broken] = [item for item in read_items if isinstance(item, BrokenSource)]
        assert broken.file.endswith("c.tar.gz")
        assert broken.reason.startswith("an archive; unpack it")

    @pytest.mark.parametrize("name", ["missing.txt", "", "x" * 5000, "nul\0"])
    def test_a_missing_file_is_named_before_any_work(self, tmp_path, name):
        with pytest.raises(InputError, match="no such file or folder"):
            open_paths([str(tmp_path / name) if name else ""], READERS)

    def test_a_folder_without_anything_to_read(self, tmp_path):
        (tmp_path / "a.jpg").write_text("x")
        with pytest.raises(InputError, match=r"no file in this folder ends in \.txt \.text \.num"):
            open_paths([str(tmp_path)], READERS)

    @pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "A.7Z"])
    def test_an_archive(self, tmp_path, name):
        (tmp_path / name).write_text("x")
        with pytest.raises(InputError, match="an archive; unpack it"):
            open_paths([str(tmp_path / name)], READERS)

    @pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read(self, hundred):
        hundred.chmod(0)
        with pytest.raises(InputError, match="may not be read"):
            open_paths([str(hundred)], READERS)

    def test_standard_input_twice(self):
        with pytest.raises(InputError, match="named twice"):
            open_paths(["-", "-"], READERS)


class TestReaderChoice:
    def test_by_ending_whatever_the_content(self, tmp_path):
        (tmp_path / "a.txt").write_text("1 one\n")
        assert open_paths([str(tmp_path / "a.txt")], READERS)[0].reader == "pgn"

    @pytest.mark.parametrize(
        ("content", "reader", "expected"),
        [("1 one\n", "numbers", ["1 one"]), ("x one\n", "pgn", ["one"]), ("", "pgn", [])],
    )
    def test_by_content_when_the_ending_says_nothing(self, tmp_path, content, reader, expected):
        file = tmp_path / "games.xyz.gz"
        file.write_bytes(gzip.compress(content.encode()))
        (source,) = open_paths([str(file)], READERS)
        assert source.reader == reader
        assert texts(list(read_games([source], READERS, Selection()))) == expected

    def test_standard_input(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1 one\n2 two\n")))
        (source,) = open_paths(["-"], READERS)
        assert (source.name, source.size, source.fraction_read(), source.reader) == ("-", 0, None, "numbers")
        read_items = list(read_games([source], READERS, Selection()))
        assert texts(read_items) == ["1 one", "2 two"]
        assert not sys.stdin.closed

    def test_no_standard_input(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", None)
        assert items("-") == [BrokenSource("-", None, "cannot be read any further: there is no standard input")]


class TestNumbers:
    def test_over_all_inputs_with_file_and_line(self, tmp_path):
        (tmp_path / "a.txt").write_text("x one\nx bad\n")
        (tmp_path / "b.txt").write_text("x raise\nx two\n")
        first, bad, raised, last = items(tmp_path / "a.txt", tmp_path / "b.txt")
        assert isinstance(first, ParsedGame)
        assert isinstance(last, ParsedGame)
        assert isinstance(bad, SkippedGame)
        assert isinstance(raised, SkippedGame)
        assert (first.origin.game, first.origin.file, first.origin.line) == (1, str(tmp_path / "a.txt"), 1)
        assert (last.origin.game, last.origin.file, last.origin.line) == (4, str(tmp_path / "b.txt"), 2)
        assert (bad.origin.game, bad.kind, bad.reason, bad.text) == (2, "damaged", "it is bad (line 7)", "bad")
        assert (raised.reason, raised.text) == ("the reader raised RuntimeError: boom", "x raise")

    def test_a_reader_that_breaks_ends_its_file_only(self, tmp_path):
        (tmp_path / "a.txt").write_text("x one\nexplode\nx lost\n")
        (tmp_path / "b.txt").write_text("x two\n")
        read_items = items(tmp_path / "a.txt", tmp_path / "b.txt")
        assert texts(read_items) == ["one", "two"]
        assert read_items[1] == BrokenSource(
            str(tmp_path / "a.txt"), None, "cannot be read any further: RuntimeError: boom"
        )

    def test_a_file_gone_since(self, hundred):
        sources = open_paths([str(hundred)], READERS)
        hundred.unlink()
        (broken,) = read_games(sources, READERS, Selection())
        assert isinstance(broken, BrokenSource)
        assert broken.reason == "cannot be read any further: No such file or directory"


class TestSelection:
    def test_filter_and_player_before_parsing(self, tmp_path):
        (tmp_path / "a.txt").write_text("odd raise\neven two\nodd three\n")
        read_items = items(tmp_path / "a.txt", filter=compile_filter("White = even"))
        assert (texts(read_items), numbers(read_items, FilteredGame), numbers(read_items, ParsedGame)) == (
            ["two"],
            [1, 3],
            [2],
        )
        read_items = items(tmp_path / "a.txt", players=player_filter(["EVEN"]), filter=compile_filter("White ~ e"))
        assert numbers(read_items, ParsedGame) == [2]

    def test_a_limit_counts_what_passes_and_reads_no_further(self, hundred, tmp_path):
        (tmp_path / "second.txt").write_text("explode\n")
        read_items = items(hundred, tmp_path / "second.txt", filter=compile_filter("White = even"), limit=3)
        assert (numbers(read_items, ParsedGame), numbers(read_items, FilteredGame)) == ([2, 4, 6], [1, 3, 5])
        assert len(items(hundred, tmp_path / "second.txt", limit=100)) == 100
        assert items(hundred, limit=0) == []

    def test_a_share_of_the_games(self, hundred):
        read_items = items(hundred, sample="30%", seed=1)
        taken = numbers(read_items, ParsedGame)
        assert taken == [n for n in range(1, 101) if chance(1, n) < 0.3]
        assert 15 < len(taken) < 45
        assert sorted(taken + numbers(read_items, FilteredGame)) == list(range(1, 101))
        assert taken != numbers(items(hundred, sample="30%", seed=2), ParsedGame)
        assert numbers(items(hundred, sample="30%", seed=1), ParsedGame) == taken

    def test_so_many_games(self, hundred):
        read_items = items(hundred, sample="10", seed=1, filter=compile_filter("White = even"))
        taken = numbers(read_items, ParsedGame)
        assert len(taken) == 10
        assert taken == sorted(taken)
        assert all(n % 2 == 0 for n in taken)
        assert sorted(taken + numbers(read_items, FilteredGame)) == list(range(1, 101))
        assert len(numbers(items(hundred, sample="500"), ParsedGame)) == 100
        assert numbers(items(hundred, sample="0"), ParsedGame) == []
        assert (
            numbers(
                items(hundred, sample="10", limit=4, seed=1, filter=compile_filter("White = even")), ParsedGame
            )
            == taken[:4]
        )

    def test_a_sample_is_uniform(self, hundred):
        hits = [0] * 101
        for seed in range(200):
            for number in numbers(items(hundred, sample="10", seed=seed), ParsedGame):
                hits[number] += 1
        assert sum(hits) == 2000
        assert max(hits) < 45  # mean 20, standard deviation 4.2
        assert min(hits[1:]) > 3

    @pytest.mark.parametrize("sample", ["", "x", "5 games", "101%", "-1", "1.5"])
    def test_what_is_no_sample(self, sample):
        with pytest.raises(ConfigError, match="examples: 5%, 200"):
            Selection(sample=sample)


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, compresslevel=1),
    ".bz2": partial(bz2.compress, compresslevel=1),
    ".xz": partial(lzma.compress, preset=1),
    ".zst": zstd.compress,
}


@cache
def lines(count: int) -> bytes:
    """Hard to compress, so that a cut file still holds whole blocks."""
    return b"".join(
        b"x %032x%032x\n" % (int(chance(0, n) * 2**128), int(chance(1, n) * 2**128)) for n in range(count)
    )


@pytest.mark.parametrize("suffix", COMPRESS)
class TestCompression:
    def test_whole_in_several_members_and_padded(self, tmp_path, suffix):
        file = tmp_path / f"a.txt{suffix}"
        data = lines(20_000)
        plain = tmp_path / "a.txt"
        plain.write_bytes(data)
        file.write_bytes(COMPRESS[suffix](data[:700_000]) + COMPRESS[suffix](data[700_000:]) + b"\0" * 8)
        read_items = items(file)
        assert texts(read_items) == texts(items(plain))
        assert not any(isinstance(item, BrokenSource) for item in read_items)

    def test_cut_off_keeps_the_games_before_and_says_so(self, tmp_path, suffix):
        file = tmp_path / f"a.txt{suffix}"
        whole = COMPRESS[suffix](lines(40_000))
        file.write_bytes(whole[: len(whole) * 3 // 4])
        *games, last = items(file)
        assert last == BrokenSource(
            str(file), None, "ends in the middle of its compressed data (truncated?); the games before are kept"
        )
        assert 15_000 < len(games) < 40_000

    def test_damaged_bytes(self, tmp_path, suffix):
        file = tmp_path / f"a.txt{suffix}"
        whole = COMPRESS[suffix](lines(100))
        file.write_bytes(whole[:12] + bytes(byte ^ 0x55 for byte in whole[12:]))
        assert isinstance(items(file)[-1], BrokenSource)

    def test_the_wrong_name(self, tmp_path, suffix):
        file = tmp_path / f"a.txt{suffix}"
        file.write_bytes(b"x one\nx two\n")
        assert texts(items(file)) == ["one", "two"]

    def test_rubbish_behind_the_end(self, tmp_path, suffix):
        file = tmp_path / f"a.txt{suffix}"
        file.write_bytes(COMPRESS[suffix](b"x one\n") + b"rubbish, rubbish, rubbish")
        game, broken = items(file)
        assert isinstance(game, ParsedGame)
        assert isinstance(broken, BrokenSource)

    def test_an_empty_file(self, tmp_path, suffix):
        file = tmp_path / f"a.txt{suffix}"
        file.write_bytes(b"")
        assert items(file) == []

    def test_a_bomb_stays_small(self, tmp_path, suffix):
        file = tmp_path / f"a.num{suffix}"
        file.write_bytes(COMPRESS[suffix](b"1" * (64 << 20)))
        (source,) = open_paths([str(file)], READERS)
        tracemalloc.start()
        try:
            stream = source.open()
            size = sum(len(block) for block in iter(lambda: stream.read(1 << 20), b""))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            source.close()
        assert size == 64 << 20
        assert peak < 24 << 20


def test_progress_is_the_share_of_raw_bytes(tmp_path):
    file = tmp_path / "a.txt.gz"
    file.write_bytes(gzip.compress(lines(40_000)))
    (source,) = open_paths([str(file)], READERS)
    assert source.fraction_read() == 0.0
    assert source.size == file.stat().st_size
    stream = read_games([source], READERS, Selection())
    shares = [share for _ in stream if (share := source.fraction_read()) is not None]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.3
    assert 0.4 < shares[len(shares) // 2] < 0.7
    assert source.fraction_read() == 1.0


def test_files_are_closed_when_nobody_reads_on(hundred):
    (source,) = open_paths([str(hundred)], READERS)
    stream = read_games([source], READERS, Selection())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert source.open().closed


def test_compression_is_seen_in_the_bytes_not_the_name(tmp_path: Path) -> None:
    text = b'[White "A"]\n\n1. e4 *\n'
    (tmp_path / "really-gzip.pgn").write_bytes(gzip.compress(text))
    (tmp_path / "really-plain.pgn.gz").write_bytes(text)
    readers: dict[str, Reader] = {"pgn": PgnReader()}
    sources = open_paths([str(tmp_path)], readers)
    items = list(read_games(sources, readers, Selection()))
    assert [item.game.sans for item in items if isinstance(item, ParsedGame)] == [("e4",), ("e4",)]
