"""Games in Parquet: the same as in PGN, moves read only where a filter needs them, bad files said."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import random
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from msgspec import structs

import engine
from engine.errors import InputError
from engine.input.filters import compile_filter
from engine.input.games import Selection, UnparsedGame, select_games
from engine.input.inputs import open_sources
from engine.model import RunResult
from engine.plugin import BrokenFile
from engine.testing import check_reader
from engine_plugins.readers.parquet import ParquetReader
from engine_plugins.readers.pgn import PgnReader
from tests.plugins.readers import parquet_rig as rig

GAMES = [
    f'[Event "Rated Blitz game"]\n[Site "https://lichess.org/game{number:04}"]\n'
    f'[White "Ann \\"A\\" {number % 3}"]\n'
    f'[Black "B\\\\b"]\n[Result "{result}"]\n[UTCDate "2024.01.{1 + number:02}"]\n[UTCTime "23:59:0{number}"]\n'
    f'[WhiteElo "{1500 + 100 * number}"]\n[BlackElo "1601"]\n[WhiteRatingDiff "+5"]\n[BlackRatingDiff "-4"]\n'
    '[ECO "C20"]\n[Opening "King\'s Pawn Game"]\n[TimeControl "180+2"]\n[Termination "Normal"]\n\n'
    "1. e4 { [%eval 0.17] [%clk 0:03:00] } 1... e5 { [%eval 0.2] [%clk 0:03:00] } 2. Nf3 { [%eval 0.1] } "
    f"2... {black} {{ [%eval 0.9{number}] }} {result}\n\n"
    for number, (result, black) in enumerate(
        [
            ("1-0", "f6"),
            ("0-1", "Nc6"),
            ("1/2-1/2", "f6"),
            ("1-0", "d5"),
            ("0-1", "Qe7"),
            ("1-0", "f6"),
            ("1-0", "d6"),
        ]
    )
]
BYTES = [game.encode() for game in GAMES]
READERS = {"parquet": ParquetReader(), "pgn": PgnReader()}
REPORTS = ["acpl", "accuracy", "openings", "trends"]


def analyse(source: Any, wanted: str | None = None) -> RunResult:
    settings = engine.Settings(evaluator="recorded", cache="", filter=wanted)
    return engine.analyze(source, aggregators=REPORTS, games=True, settings=settings, workers=1)


def numbers_of(result: RunResult) -> Any:
    return structs.replace(result.counts, seconds=0.0)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.write(tmp_path_factory.mktemp("parquet") / "games.parquet", BYTES)


def test_the_reader_keeps_the_laws(file: Path) -> None:
    assert check_reader(ParquetReader, [file.read_bytes()]) >= len(GAMES)


def test_games_in_parquet_make_the_reports_of_pgn(file: Path) -> None:
    ours, theirs = analyse(file), analyse(b"".join(BYTES))
    assert ours.reports == theirs.reports
    assert numbers_of(ours) == numbers_of(theirs)
    assert [game.headers for game in ours.games] == [game.headers for game in theirs.games]
    assert [game.origin.line for game in ours.games] == [1, 2, 3, 4, 5, 6, 7]
    assert ours.counts.analysed == len(GAMES)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("WhiteElo >= 2000", [6, 7]),
        ("Result = 1-0 and WhiteElo < 1900", [1, 4]),
        ("UTCDate > 2024.01.06", [7]),
        ("clock and speed = blitz and WhiteElo = 1700", [3]),
        ('White = "Ann \\"A\\" 0"', [1, 4, 7]),
        ("WhiteElo > 3000", []),
    ],
)
def test_filters_take_the_games_that_they_take_of_pgn(file: Path, wanted: str, numbers: list[int]) -> None:
    taken = [item.origin.game for item in _selected(file, wanted) if isinstance(item, UnparsedGame)]
    assert (
        taken
        == numbers
        == [item.origin.game for item in _selected(b"".join(BYTES), wanted) if isinstance(item, UnparsedGame)]
    )
    assert len(_selected(file, wanted)) == len(GAMES)


def _selected(source: Any, wanted: str) -> list[Any]:
    return list(select_games(open_sources([source], READERS), READERS, Selection(compile_filter(wanted))))


class _Counting(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_moves_of_a_row_group_without_a_wanted_game_are_not_read(tmp_path: Path) -> None:
    comments = [f"1. e4 {{ {number} {random.Random(number).randbytes(2500).hex()} }} e5 *" for number in range(40)]
    rows = [{"White": f"w{number}", "movetext": moves} for number, moves in enumerate(comments)]
    data = rig.write_rows(tmp_path / "a.parquet", rows, group=4).read_bytes()
    assert (whole := _read(data, lambda _: True)) > (one := _read(data, lambda tags: tags["White"] == "w30"))
    assert one > _read(data, lambda _: False)
    assert one < whole / 2
    raws = list(ParquetReader().split_wanted(io.BytesIO(data), lambda tags: tags["White"] == "w30"))
    assert len(raws) == len(rows)
    assert [b"1. e4" in raw.data for raw in raws] == [28 <= number < 32 for number in range(40)]


def _read(data: bytes, wanted: Any) -> int:
    file = _Counting(data)
    list(ParquetReader().split_wanted(file, wanted))
    return file.count


def test_columns_of_every_type_become_tags(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 2, 29, 12, 0, tzinfo=dt.UTC)
    row = {
        "White": 'a"\\\nb',
        "Date": moment,
        "Time": dt.time(1, 2, 3, 500),
        "WhiteElo": 1500.0,
        "WhiteRatingDiff": 0.0,
        "Weight": 1.5,
        "Rated": True,
        "bad name": "x",
        "list": ["x"],
        "movetext": "\n1. d4 d5 1-0\n",
    }
    later = dict.fromkeys(row) | {"White": "", "WhiteRatingDiff": -3.0, "movetext": None}
    file = rig.write_rows(tmp_path / "a.parquet", [row, later])
    reader = ParquetReader()
    first, second = reader.split(io.BytesIO(file.read_bytes()))
    assert reader.headers(first) == {
        "White": 'a"\\ b',
        "Date": "2024.02.29",
        "Time": "01:02:03",
        "WhiteElo": "1500",
        "WhiteRatingDiff": "+0",
        "Weight": "1.5",
    }
    assert first.data.endswith(b"\n\n1. d4 d5 1-0")
    assert dict(reader.headers(second)) == {"White": "", "WhiteRatingDiff": "-3"}


def test_names_in_dictionaries_and_evaluations_in_centipawns(tmp_path: Path) -> None:
    game = '[White "Jörg"]\n\n1. e4 {[%eval 1052,16]} e5 {[%eval 1050,16]} 2. Nf3 {[%eval 990,16]} *\n'
    schema = pa.schema([("White", pa.dictionary(pa.int8(), pa.string())), ("movetext", pa.large_string())])
    rows = [{"White": "Jörg", "movetext": game.partition("\n\n")[2]}]
    file = rig.write_rows(tmp_path / "a.parquet", rows, schema)
    [ours] = _parsed(ParquetReader(), io.BytesIO(file.read_bytes()))
    assert [ours] == _parsed(PgnReader(), io.BytesIO(game.encode()))


def _parsed(reader: ParquetReader | PgnReader, stream: BinaryIO) -> list[Any]:
    games = [reader.parse(raw) for raw in reader.split(stream)]
    return [
        (game.headers, game.recording, game.moves) for game in games if isinstance(game, engine.model.SourceGame)
    ]


@pytest.mark.parametrize("kind", ["stream", "bytes", "gzip", "no ending"])
def test_what_cannot_seek_is_read_too(file: Path, tmp_path: Path, kind: str) -> None:
    source: Any = file.read_bytes()
    if kind == "stream":
        source = io.BufferedReader(_Unseekable(source))
    elif kind != "bytes":
        path = tmp_path / ("a.parquet.gz" if kind == "gzip" else "games")
        path.write_bytes(gzip.compress(source) if kind == "gzip" else source)
        source = path
    assert analyse(source).counts.analysed == len(GAMES)


class _Unseekable(io.RawIOBase):
    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._rest.readinto(buffer)


def test_damaged_files_are_said_and_the_others_are_read(file: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(file.read_bytes()[:900])
    (tmp_path / "good.parquet").write_bytes(file.read_bytes())
    result = analyse(tmp_path)
    assert result.counts.analysed == len(GAMES)
    assert ["is not Parquet, or damaged" in notice.reason for notice in result.notices] == [True]


def test_damage_inside_keeps_the_games_before(tmp_path: Path) -> None:
    rows = [{"White": f"w{number}", "movetext": f"1. e4 {{{number}{'xyz' * 900}}} e5 *"} for number in range(6)]
    path = rig.write_rows(tmp_path / "a.parquet", rows, group=2)
    data = bytearray(path.read_bytes())
    last = rig.parquet.ParquetFile(path).metadata.row_group(2).column(1)
    data[last.data_page_offset : last.data_page_offset + 60] = b"\xff" * 60
    raws = []
    with pytest.raises(BrokenFile):
        raws.extend(ParquetReader().split(io.BytesIO(data)))
    assert len(raws) == 0 or len(raws) == 4
    path.write_bytes(data)
    assert analyse(path).counts.read == 4


def test_tables_without_games_are_an_error_and_are_passed_over_in_folders(file: Path, tmp_path: Path) -> None:
    settings = engine.Settings(evaluator="recorded", cache="")
    engine.analyze(file, settings=settings, output=tmp_path / "moves.parquet", workers=1)
    with pytest.raises(InputError, match="holds no games: no column movetext"):
        analyse(tmp_path / "moves.parquet")
    with pytest.raises(InputError, match="no file"):
        analyse(tmp_path)
    (tmp_path / "games.parquet").write_bytes(file.read_bytes())
    assert analyse(tmp_path).counts.analysed == len(GAMES)
