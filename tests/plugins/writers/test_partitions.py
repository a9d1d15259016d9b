"""Parquet as a folder: the same rows as in single files, in the right partitions, and the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from pyarrow import dataset, parquet

import engine
from engine.model import AnalysedGame, EvaluatorInfo, Limit, RunCounts, RunResult
from engine.plugin import RunInfo, encoded
from engine.testing import analysed_game
from engine_plugins.writers import _partitions
from engine_plugins.writers._partitions import ParquetOptions, PartitionedParquet
from engine_plugins.writers.parquet import GamesParquet, PliesParquet
from tests.perf.million import write_games

INFO = RunInfo(EvaluatorInfo("Stockfish", "15.1", "f00d"), Limit(nodes=100))
RESULT = RunResult({}, 5, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), ())


class _Kept(io.BytesIO):
    """A file whose content is kept when it is closed."""

    content: bytes | None = None

    def close(self) -> None:
        if self.content is None:
            self.content = self.getvalue()
        super().close()


class Folder:
    """What a writer of folders writes, and how many files were open at once."""

    def __init__(self, partition: str = "month") -> None:
        self._files: dict[str, _Kept] = {}
        self.most_open = 0
        info = RunInfo(INFO.evaluator, INFO.limit, ParquetOptions(partition=partition))  # type: ignore[arg-type]
        self._writer = PartitionedParquet(io.BytesIO(), info)
        self._writer.open_file = self._open
        self._info = info

    def _open(self, name: str) -> BinaryIO:
        assert name not in self._files
        self._files[name] = _Kept()
        self.most_open = max(self.most_open, sum(file.content is None for file in self._files.values()))
        return self._files[name]

    def write(self, games: Sequence[AnalysedGame], at_once: int) -> dict[str, bytes]:
        for begin in range(0, len(games), at_once):
            self._writer.write_encoded(encoded(PartitionedParquet, games[begin : begin + at_once], self._info))
        self._writer.finish(RESULT)
        assert all(file.content is not None for file in self._files.values())
        return {name: file.content or b"" for name, file in self._files.items()}


def games(number: int, months: int = 5) -> list[AnalysedGame]:
    moves = "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6"
    dates = [
        {"UTCDate": f"2024.{1 + k * 7 % months:02}.01", "White": f"w{k}"} if k % 11 else {} for k in range(number)
    ]
    return [
        analysed_game(moves[: 6 + 5 * (k % 3)], [10] * 6, headers=headers, number=k + 1)
        for k, headers in enumerate(dates)
    ]


@pytest.mark.slow
def test_files_do_not_depend_on_how_games_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_partitions, "GROUP_ROWS", 20)
    monkeypatch.setattr(_partitions, "HELD_ROWS", 30)
    monkeypatch.setattr(_partitions, "FILE_ROWS", 60)
    monkeypatch.setattr(_partitions, "OPEN", 2)
    folder = Folder()
    one_by_one = folder.write(games(150), 1)
    assert one_by_one == Folder().write(games(150), 64) == Folder().write(games(150), 150)
    assert folder.most_open <= 4
    numbers: list[int] = []
    for name, content in one_by_one.items():
        if name.startswith("games/"):
            numbers += parquet.read_table(io.BytesIO(content))["game"].to_pylist()
            groups = parquet.ParquetFile(io.BytesIO(content)).metadata.num_row_groups
            assert groups >= 1
    assert sorted(numbers) == list(range(1, 151))


def test_each_game_is_in_its_partition() -> None:
    some = games(30)
    for partition, digits in (("month", 7), ("year", 4)):
        files = Folder(partition).write(some, 7)
        for name, content in files.items():
            if name.startswith("games/"):
                found = parquet.read_table(io.BytesIO(content))["game"].to_pylist()
                key = name.split("/")[1].partition("=")[2]
                dates = {some[number - 1].date[:digits].replace(".", "-") or _partitions.NONE for number in found}
                assert dates == {key}
                assert found == sorted(found)
    assert "games/month=__HIVE_DEFAULT_PARTITION__/0.parquet" in Folder().write(some, 7)
    assert set(Folder("none").write(some, 7)) == {"games/0.parquet", "moves/0.parquet", "_engine.json"}
    assert "moves/speed=__HIVE_DEFAULT_PARTITION__/0.parquet" in Folder("speed").write(some, 7)


def test_games_without_moves_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_partitions, "GROUP_ROWS", 4)
    empty = [analysed_game("", [10], number=k + 1) for k in range(10)]
    files = Folder("none").write(empty, 3)
    assert parquet.ParquetFile(io.BytesIO(files["games/0.parquet"])).metadata.num_row_groups == 3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    source = write_games(folder / "games.pgn", 150)
    outputs = [f"{folder / 'tables'}/", folder / "a.games.parquet", folder / "a.plies.parquet"]
    settings = engine.Settings(evaluator="recorded", cache="")
    engine.analyze(source, output=outputs, settings=settings, aggregators="wins", workers=1)
    return folder


@pytest.mark.parametrize(("table", "single"), [("games", GamesParquet), ("moves", PliesParquet)])
def test_a_folder_has_the_rows_of_single_files(run: Path, table: str, single: Any) -> None:
    rows = dataset.dataset(run / "tables" / table, partitioning="hive").to_table()
    expected = parquet.read_table(run / f"a{single.suffixes[-1]}")
    order = [("game", "ascending"), ("ply" if table == "moves" else "line", "ascending")]
    assert rows.drop_columns(["month"]).sort_by(order).to_pylist() == expected.to_pylist()
    assert rows.schema.field("game").metadata == expected.schema.field("game").metadata
    assert len(set(rows["month"].to_pylist())) > 50


def test_row_groups_say_what_is_in_them(run: Path) -> None:
    first = next(iter(sorted((run / "tables" / "games").rglob("*.parquet"))))
    group = parquet.ParquetFile(first).metadata.row_group(0)
    statistics = {group.column(k).path_in_schema: group.column(k).statistics for k in range(group.num_columns)}
    assert statistics["game"].min == 1
    assert statistics["white_elo"].has_min_max


def test_partitions_of_single_files_are_no_error(tmp_path: Path) -> None:
    source = write_games(tmp_path / "games.pgn", 3)
    settings = engine.Settings(evaluator="recorded", cache="", writer_options={"parquet": {"partition": "year"}})
    engine.analyze(
        source, output=[tmp_path / "a.parquet", f"{tmp_path}/t/"], settings=settings, aggregators="wins"
    )
    assert (tmp_path / "t" / "games" / "year=2015" / "0.parquet").exists()
