"""The contract of readers: a file is split into games, and each game is parsed by itself."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar, Literal

from msgspec import Struct

from engine.contracts.options import NoOptions, Options
from engine.contracts.options import Options as _Options
from engine.model import Note, Result, SourceGame, tag_result


class RawGame(Struct, frozen=True):
    """The bytes of one game, cut out of its file and not yet parsed."""

    data: bytes
    line: int
    """Number of the game's first line in the file, 1-based."""
    facts: Mapping[str, str] = {}
    """What `split` has found out about the whole file and `parse` needs; its keys are the reader's own."""
    notes: tuple[Note, ...] = ()
    """What people should know of how the file was opened; the run adds them to the game's notes."""


class LeftOut(Struct, frozen=True):
    """Games in a row that are only counted, because their tags say that the run does not take them."""

    tags: Sequence[Mapping[str, str]]
    """The tags of each game, in the order of the file."""
    line: int
    """Number of the last game's first line in the file, 1-based."""
    size: int
    """Bytes of the games."""


class Unreadable(Struct, frozen=True):
    """A game that cannot be analysed, as `Reader.parse` returns it."""

    kind: Literal["damaged", "variant"]
    reason: str
    text: str
    """The original text of the game, decoded."""
    line: int | None = None
    """Number of the line that the reason is about; None: the game's first line."""


class BrokenFile(Exception):
    """A file of a binary format that cannot be read, or not any further; the text says why, for people."""


class Reader(abc.ABC):
    """Reads games from a file of one format.

    Splitting and parsing are separate, so that a damaged game does not affect other games, and a filter can drop
    a game before it is parsed.
    """

    Options: ClassVar[type[Options]] = NoOptions
    """The class of its options, set by `--set NAME.KEY=VALUE`. Read them as `self.options`."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    """File name endings in lower case, with the dot. Endings like `.gz` have been removed before."""

    sniffed_suffixes: ClassVar[tuple[str, ...]] = ()
    """Endings of files in a folder that are read if `sniff` says that they are of this format."""

    magic: ClassVar[bytes] = b""
    """The first bytes of a binary format. `split` then gets a file that can `seek`, with its bytes as they are,
    and raises `BrokenFile` for one that it cannot read; standard input and compressed files are copied to a
    temporary file first. Empty: a format of text, whose stream is read from its beginning to its end."""

    analysed: ClassVar[bool] = False
    """Whether the format holds games that this framework has analysed, which need no evaluator. They are skipped
    in a folder that also has games in other formats."""

    plays_moves: ClassVar[bool] = False
    """Whether `parse` plays every move on a board, so that they are legal. The games of other readers are played
    through and checked before they are used, which takes time."""

    def __init__(self, options: _Options | None = None) -> None:
        """Create the reader, which reads any number of files, with its options or the default ones."""
        self.options: Any = options if options is not None else self.Options()

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Return whether a file whose ending is unknown looks like this format.

        * **head** - the beginning of the file.
        """
        return False

    @abc.abstractmethod
    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        """Cut the stream into games, in bounded memory. Never raises an error because of the content.

        * **stream** - the decompressed file.
        """

    def split_wanted(
        self,
        stream: BinaryIO,
        wanted: Callable[[Mapping[str, str]], bool] | None,
    ) -> Iterator[RawGame]:
        """Cut the stream into games as `split` does; for formats that have the tags apart from the moves.

        * **stream** - the same.
        * **wanted** - tells from the tags whether a game is taken; one that is not may come without its moves.
          None: every game may be taken.
        """
        return self.split(stream)

    def split_counted(
        self, stream: BinaryIO, wanted: Callable[[Mapping[str, str]], bool] | None
    ) -> Iterator[RawGame | LeftOut]:
        """Cut the stream into games as `split_wanted` does; for formats whose games take long to cut out.

        * **stream** - the same.
        * **wanted** - the same. Games that are not taken may come as `LeftOut`, any number of them together.
        """
        return self.split_wanted(stream, wanted)

    def holds_games(self, stream: BinaryIO) -> bool:
        """Return whether a file in a folder holds games. Asked of files of a binary format with its ending.

        * **stream** - the file, which can `seek`.
        """
        return True

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        """Return the tag pairs for `--filter` and `--player`, without parsing the moves.

        * **raw** - a game from `split`.
        """
        return {}

    def identity(self, raw: RawGame) -> bytes | None:
        """Return bytes that only the copies of a game share; None (the default) for a game that nothing tells.

        The second of two games with the same identity is left out. Called for every game before it is parsed.

        * **raw** - a game from `split`.
        """
        return None

    def result(self, raw: RawGame) -> Result:
        """Return the result of a game for `--filter`: that of the tag `Result`, unless overridden.

        * **raw** - a game from `split`.
        """
        return tag_result(self.headers(raw))

    @abc.abstractmethod
    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        """Decode and parse one game and play its moves. Never raises an error because of the content.

        * **raw** - a game from `split`.
        """
