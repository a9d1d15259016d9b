"""Games in Parquet: a row for each, its moves in the column `movetext`, its tags in the other columns.

Lichess's database is published like that (`Lichess/standard-chess-games` on Hugging Face, a folder a month). This
needs pyarrow: `pip install 'grandmaster-analysis[parquet]'`.

A row becomes the game that a PGN file would have: a column is a tag of its name, dates are written `2024.01.31`,
times `23:59:59`, and differences of ratings with their sign. A cell without a value is a game without that tag.
Everything that is said of PGN files is then true of it. Other columns, such as lists, are left out. The number of
a row stands for the line of the game.

The file is read row group by row group, a thousand rows at a time. Filters that ask for tags only are tried on
those columns first, and the moves of a row group in which no game passes are not read at all.

Standard input, compressed files and other streams are copied to a temporary file first, since the end of a Parquet
file says what is in it. A file is *damaged* if that cannot be read, and it *holds no games* without a column
`movetext`; tables that this framework has written do not have one, and are passed over in folders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, repeat
from typing import Any, BinaryIO, ClassVar

from engine.errors import ConfigError
from engine.model import Result, SourceGame
from engine.plugin import BrokenFile, RawGame, Reader, Unreadable
from engine_plugins.readers._evaluations import survey
from engine_plugins.readers._split import NAME
from engine_plugins.readers._text import BLOCK, printable
from engine_plugins.readers.pgn import PgnReader

MOVES = "movetext"
_ROWS = 1_000
"""Rows that are read at a time."""
_BUFFER = 1 << 20
"""Bytes of a column that are read at a time."""
_TAG_NAME = re.compile(NAME.decode())
_CONTROL = r"[\x00-\x1f]+"


class ParquetReader(Reader):
    """Games in Parquet, as Lichess publishes its database."""

    plays_moves: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)
    magic: ClassVar[bytes] = b"PAR1"

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pgn = PgnReader()

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return head.startswith(cls.magic)

    def holds_games(self, stream: BinaryIO) -> bool:
        try:
            return MOVES in _opened(stream).schema_arrow.names
        except (BrokenFile, ConfigError):
            return True  # reading the games says what is wrong

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        return self.split_wanted(stream, None)

    def split_wanted(
        self, stream: BinaryIO, wanted: Callable[[Mapping[str, str]], bool] | None
    ) -> Iterator[RawGame]:
        file = _opened(stream)
        names = file.schema_arrow.names
        if MOVES not in names:
            raise BrokenFile(f"holds no games: no column {MOVES}, but {', '.join(map(printable, names[:8]))}")
        facts: dict[str, str] | None = None
        try:
            numbers = count(1)
            for group in range(file.num_row_groups):
                if facts is None:
                    facts = _facts(file)
                reads_moves = wanted is None or any(
                    wanted(self.headers(RawGame(head, 1)))
                    for batch in _games(file, group, tags_only=True)
                    for head in batch
                )
                for batch in _games(file, group, tags_only=not reads_moves):
                    yield from map(RawGame, batch, numbers, repeat(facts))
        except _errors() as error:
            raise _broken(error) from None

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        return self._pgn.headers(raw)

    def identity(self, raw: RawGame) -> bytes | None:
        return self._pgn.identity(raw)

    def result(self, raw: RawGame) -> Result:
        return self._pgn.result(raw)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        return self._pgn.parse(raw)


def _opened(stream: BinaryIO) -> Any:
    """Return a Parquet file. Raises BrokenFile, ConfigError."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError(
            f"reading Parquet needs pyarrow ({error}); install it: pip install 'grandmaster-analysis[parquet]'"
        ) from error
    try:
        return parquet.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
    except _errors() as error:
        raise _broken(error) from None


def _errors() -> tuple[type[Exception], ...]:
    """Return what pyarrow raises for a damaged file."""
    import pyarrow as pa

    return (pa.ArrowException, OSError, ValueError)


def _broken(error: Exception) -> Exception:
    """Return the error to raise: that of the disk itself, or one about the content of the file."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    first, _, _ = printable(str(error).partition("\n")[0]).partition(". ")
    return BrokenFile(f"is not Parquet, or damaged: {first}")


def _facts(file: Any) -> dict[str, str]:
    """Return what the games at the beginning of the file tell of its evaluations."""
    text = b""
    for batch in _games(file, 0, tags_only=False):
        text += b"\n\n".join(batch)
        if len(text) > BLOCK:
            break
    return survey(text[:BLOCK])


def _games(file: Any, group: int, *, tags_only: bool) -> Iterator[Sequence[bytes]]:
    """Yield the games of a row group as PGN, or their tags only, so many rows at a time."""
    schema = file.schema_arrow
    columns = [name for name in schema.names if _is_tag(name, schema.field(name).type)]
    wanted = columns if tags_only else [*columns, MOVES]
    for batch in file.iter_batches(_ROWS, row_groups=[group], columns=wanted, use_threads=False):
        yield _as_pgn(batch, columns, tags_only=tags_only)


def _is_tag(name: str, kind: Any) -> bool:
    from pyarrow import types

    if name == MOVES or not _TAG_NAME.fullmatch(name):
        return False
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return not (types.is_nested(kind) or types.is_binary(kind) or types.is_null(kind) or types.is_boolean(kind))


def _as_pgn(batch: Any, columns: Sequence[str], *, tags_only: bool) -> list[bytes]:
    """Return each row as a game in PGN, made by pyarrow a column at a time."""
    import pyarrow as pa
    from pyarrow import compute as pc

    parts = [
        pc.binary_join_element_wise(f'[{name} "', _text(pa, pc, name, batch.column(name)), '"]\n', "")
        for name in columns
    ]
    moves = pa.scalar("") if tags_only else pc.utf8_trim_whitespace(batch.column(MOVES).cast(pa.string()))
    if not parts:
        parts = [pa.array([""] * batch.num_rows)]
    joined = pc.binary_join_element_wise(*parts, "\n", moves, "", null_handling="skip")
    games: list[bytes] = joined.cast(pa.binary()).to_pylist()
    return games


def _text(pa: Any, pc: Any, name: str, column: Any) -> Any:
    """Return the cells of a column as the values of tags."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pc.strftime(column, "%Y.%m.%d")
    if pa.types.is_time(kind):
        return pc.utf8_slice_codeunits(column.cast(pa.string()), 0, 8)
    if pa.types.is_floating(kind) and not pc.any(pc.not_equal(pc.round(column), column)).as_py():
        column = pc.round(column).cast(pa.int64())  # whole numbers, in a column that had to have gaps
        kind = column.type
    if pa.types.is_integer(kind) and name.endswith("Diff"):
        signed = pc.greater_equal(column, 0)
        return pc.if_else(
            signed, pc.binary_join_element_wise("+", column.cast(pa.string()), ""), column.cast(pa.string())
        )
    text = column.cast(pa.string())
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        return text
    for pattern, replacement in (("\\", "\\\\"), ('"', '\\"')):
        text = pc.replace_substring(text, pattern, replacement)
    return pc.replace_substring_regex(text, _CONTROL, " ")
