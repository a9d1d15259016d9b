"""Games of Lichess as JSON, one object a line (`.ndjson`), or in an array.

It is what `https://lichess.org/api/games/user/NAME` answers to `Accept: application/x-ndjson`, with `clocks=true`
and `evals=true` if clocks and evaluations are wanted. `moves`, `clocks` (hundredths of a second) and `analysis`
(centipawns and mates, White's view) become the game that Lichess's PGN would be, with the best line (`variation`)
of positions in which a move was judged; where there are no `moves`, `pgn` is read. A line is *unreadable* if it is
no JSON object, if it has neither, if a move has letters that no move has, or if its variant is neither standard
chess nor Chess960.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar

import chess

from engine.model import SourceGame, parse_result
from engine.plugin import RawGame, Reader, Unreadable
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
from engine_plugins.readers._lichess_lines import with_lines
from engine_plugins.readers._text import quoted

_GAME = re.compile(
    rb'\s*+(?:\[\s*+)?\{(?!\s*"game"\s*:)(?=.*?"players"\s*:\s*\{)(?=.*?"(?:moves|pgn|perf)"\s*:)', re.DOTALL
)
_NEXT = re.compile(rb"(?<=\n)[^\s\]}]")  # where lines are indented, only a game is not
_SAN = re.compile(r"[A-Za-z][A-Za-z0-9@=+#-]{1,9}")
_VARIANTS = {"standard": "Standard", "chess960": "Chess960", "fromPosition": "From Position"}
_DRAWN = {"draw", "stalemate", "insufficientMaterialClaim", "outoftime", "timeout"}
"""States of games that are drawn if nobody has won."""
_TERMINATIONS = {
    "outoftime": "Time forfeit",
    "timeout": "Abandoned",
    "aborted": "Abandoned",
    "noStart": "Abandoned",
    "cheat": "Rules infraction",
    "created": "Unterminated",
    "started": "Unterminated",
}


class LichessReader(Reader):
    """Games of Lichess as JSON, one a line."""

    plays_moves: ClassVar[bool] = True

    sniffed_suffixes: ClassVar[tuple[str, ...]] = (".ndjson", ".json")

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return bool(_GAME.match(head))

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        return split_objects(stream, _NEXT)

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        game = read_object(raw)
        return {} if isinstance(game, str) else _headers(game)

    def identity(self, raw: RawGame) -> bytes | None:
        return identity_of(self.headers(raw))

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        game = read_object(raw)
        if isinstance(game, str):
            return unreadable(raw, game)
        moves, pgn = game.get("moves"), game.get("pgn")
        if not isinstance(moves, str):
            return parse_pgn(pgn, raw) if isinstance(pgn, str) else unreadable(raw, "no `moves` and no `pgn`")
        headers = {name: value for name, value in _headers(game).items() if value}
        sans = moves.split()
        if wrong := next((san for san in sans if not _SAN.fullmatch(san)), None):
            return unreadable(raw, f"{quoted(wrong, 20)} among the moves is none")
        analysis = _list(game, "analysis")
        text = _movetext(sans, _list(game, "clocks"), analysis, headers.get("FEN", ""))
        source = parse_pgn(f"{tags(headers)}\n{text} {headers.get('Result', '*')}", raw)
        return source if isinstance(source, Unreadable) else with_lines(source, analysis)


def _headers(game: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that Lichess's PGN has; those that are empty are not known."""
    identity, status, variant = text(game.get("id")), text(game.get("status")), text(game.get("variant"))
    rated = ("rated " if game["rated"] is True else "casual ") if "rated" in game else ""
    date, time = _moment(game.get("createdAt"))
    fen = text(game.get("initialFen"))
    return {
        "Event": f"{rated}{text(game.get('speed'))} game",
        "Site": f"https://lichess.org/{identity}" if identity else "",
        "Date": date,
        "White": _name(find(game, "players", "white")),
        "Black": _name(find(game, "players", "black")),
        "Result": _result(game, status),
        "GameId": identity,
        "UTCDate": date,
        "UTCTime": time,
        "WhiteElo": text(find(game, "players", "white", "rating")),
        "BlackElo": text(find(game, "players", "black", "rating")),
        "WhiteRatingDiff": _difference(find(game, "players", "white", "ratingDiff")),
        "BlackRatingDiff": _difference(find(game, "players", "black", "ratingDiff")),
        "WhiteTitle": text(find(game, "players", "white", "user", "title")),
        "BlackTitle": text(find(game, "players", "black", "user", "title")),
        "Variant": _VARIANTS.get(variant, variant),
        "TimeControl": _time_control(game),
        "ECO": text(find(game, "opening", "eco")),
        "Opening": text(find(game, "opening", "name")),
        "Termination": _TERMINATIONS.get(status, "Normal" if status else ""),
        "FEN": "" if fen in ("startpos", chess.STARTING_FEN) else fen,
        "SetUp": "" if fen in ("", "startpos", chess.STARTING_FEN) else "1",
    }


def _name(player: Any) -> str:
    name = text(find(player, "user", "name")) or text(find(player, "name")) or text(find(player, "user", "id"))
    level = text(find(player, "aiLevel"))
    return name or (f"lichess AI level {level}" if level else "Anonymous")


def _result(game: Mapping[str, Any], status: str) -> str:
    stated = parse_result(text(game.get("result")))  # databases made from these games have it, Lichess has not
    if stated in ("1-0", "0-1", "1/2-1/2"):
        return stated
    winner = game.get("winner")
    if winner in ("white", "black"):
        return "1-0" if winner == "white" else "0-1"
    return "1/2-1/2" if status in _DRAWN else "*"


def _time_control(game: Mapping[str, Any]) -> str:
    initial, increment, days = (
        find(game, "clock", "initial"),
        find(game, "clock", "increment"),
        game.get("daysPerTurn"),
    )
    if isinstance(initial, int) and isinstance(increment, int):
        return f"{initial}+{increment}"
    return f"1/{days * 86_400}" if isinstance(days, int) else "-"


def _difference(value: Any) -> str:
    return f"{value:+d}" if isinstance(value, int) else ""


def _moment(created: Any) -> tuple[str, str]:
    """Return day and time of a moment in milliseconds; empty if it is none."""
    try:
        moment = datetime.fromtimestamp(created / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return "", ""
    return moment.strftime("%Y.%m.%d"), moment.strftime("%H:%M:%S")


def _list(game: Mapping[str, Any], key: str) -> list[Any]:
    value = game.get(key)
    return value if isinstance(value, list) else []


def _movetext(sans: list[str], clocks: list[Any], analysis: list[Any], fen: str) -> str:
    words: list[str] = []
    black_first = " b " in fen
    for k, san in enumerate(sans):
        number, black = divmod(k + black_first, 2)
        commands = [
            *([f"[%eval {value}]"] if k < len(analysis) and (value := _evaluation(analysis[k])) else []),
            *([f"[%clk {_clock(clocks[k])}]"] if k < len(clocks) and isinstance(clocks[k], int) else []),
        ]
        words.append(f"{number + 1}{'...' if black else '.'} {san}")
        if commands:
            words.append(f"{{ {' '.join(commands)} }}")
    return " ".join(words)


def _evaluation(entry: Any) -> str:
    cp, mate = find(entry, "eval"), find(entry, "mate")
    if isinstance(mate, int):
        return f"#{mate}"
    return f"{cp / 100:.2f}" if isinstance(cp, int) else ""


def _clock(hundredths: int) -> str:
    seconds, rest = divmod(max(0, hundredths), 100)
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}.{rest:02d}" if rest else clock
