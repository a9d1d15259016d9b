"""The monthly archive of a player as chess.com gives it to programs: `{"games": [{"pgn": …}, …]}`.

It is what `https://api.chess.com/pub/player/NAME/games/2026/10` answers; an array of such games, or a single one,
is read as well. The moves, the clocks and the tags are those of `pgn`; players, ratings, result and time control
that it lacks are taken from beside it. A game is *unreadable* if it is no JSON object, has no `pgn`, or if that is
unreadable; the games after it are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar

from engine.model import SourceGame
from engine.plugin import RawGame, Reader, Unreadable
from engine_plugins.readers._headers import end_of_head, read_headers
from engine_plugins.readers._json_games import (
    find,
    identity_of,
    parse_pgn,
    read_object,
    split_objects,
    tags,
    text,
    unreadable,
)

_ARCHIVE = re.compile(rb'\s*\{\s*"games"\s*:\s*\[')
_GAME = re.compile(rb'\s*+(?:\[\s*+)?\{(?=.*?"pgn"\s*:)(?=.*?"(?:time_control|time_class|rules)"\s*:)', re.DOTALL)
_NEXT = re.compile(rb'\{\s*"url"\s*:\s*"')


class ChesscomReader(Reader):
    """Games of chess.com as JSON: a month of a player, or single games."""

    plays_moves: ClassVar[bool] = True

    sniffed_suffixes: ClassVar[tuple[str, ...]] = (".json",)

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return bool(_ARCHIVE.match(head) or _GAME.match(head))

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        return split_objects(stream, _NEXT)

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        game = read_object(raw)
        pgn = find(game, "pgn")
        if isinstance(game, str) or not isinstance(pgn, str):
            return {}
        data = _with_tags(game, pgn).encode("utf-8", "replace")
        return read_headers(data[: end_of_head(data)])

    def identity(self, raw: RawGame) -> bytes | None:
        return identity_of(self.headers(raw))

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        game = read_object(raw)
        if isinstance(game, str):
            return unreadable(raw, game)
        pgn = game.get("pgn")
        if not isinstance(pgn, str):
            return unreadable(raw, "a game of chess.com without `pgn`")
        return parse_pgn(_with_tags(game, pgn), raw)


def _with_tags(game: Mapping[str, Any], pgn: str) -> str:
    """Return the PGN with the tags that it lacks."""
    data = pgn.encode("utf-8", "replace")
    there = read_headers(data[: end_of_head(data)])
    rules = text(game.get("rules"))
    ended = game.get("end_time")
    known = {
        "White": text(find(game, "white", "username")),
        "Black": text(find(game, "black", "username")),
        "Result": _result(game),
        "WhiteElo": text(find(game, "white", "rating")),
        "BlackElo": text(find(game, "black", "rating")),
        "TimeControl": text(game.get("time_control")),
        "Date": _date(ended) if isinstance(ended, int) else "",
        "Variant": "" if rules == "chess" else rules,
        "Link": text(game.get("url")),
    }
    missing = {name: value for name, value in known.items() if not there.get(name)}
    return tags(missing) + pgn.lstrip()


def _result(game: Mapping[str, Any]) -> str:
    white, black = text(find(game, "white", "result")), text(find(game, "black", "result"))
    if "win" in (white, black):
        return "1-0" if white == "win" else "0-1"
    return "1/2-1/2" if white and black else ""


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y.%m.%d")
    except (ValueError, OverflowError, OSError):
        return ""
