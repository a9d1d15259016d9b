"""What tells a game from all others, so that a copy of it is found without the game being parsed.

A game is the one that its address names: `Site`, `Link` or `GameURL` of Lichess and chess.com, `GameId` of eight
characters or more, FICS's number. Without one, it is the one that the players, the date, the round, the result,
the time control, the first position and the moves make; so it must have both players, and a date. Without a month
and a day in the date, it must have twenty moves too, since short games are repeated. A game with an address is
never a copy of one without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

_LICHESS = re.compile(
    rb"lichess\.org/(?!(?:analysis|features|insights|practice|settings|streamer|timeline|training)\b)"
    rb"([A-Za-z0-9]{8})(?:[A-Za-z0-9]{4})?(?:/(?:white|black))?/?(?:[#?].*)?$"
)
_CHAPTER = re.compile(rb"lichess\.org/((?:study|broadcast)/(?:[^/]+/)+[A-Za-z0-9]{8})/?(?:[#?].*)?$")
_CHESS_COM = re.compile(rb"chess\.com/(?=.*\b(?:game|live|daily)\b)(?:[a-z-]+/)+(\d{5,})")
_GAME_ID = re.compile(rb"[A-Za-z0-9_-]{8,}")

_ADDRESSES = (b"Site", b"Link", b"GameURL", b"GameUrl")
_OTHERS = (b"Round", b"Result", b"TimeControl", b"FEN", b"UTCTime", b"StartTime", b"Time", b"GameStartTime")
_YEAR = re.compile(rb"\d{4}")
_DAY = re.compile(rb"\d{4}[.\-/]\d\d?[.\-/]\d\d?")
_NO_DAY_PLIES = 40

_WORDS = bytes.maketrans(b".,", b"  ")
_SUFFIXES = b"+#!?"
_LINE_COMMENT = re.compile(rb";[^\n]*|\n%[^\n]*")
_VARIATION = re.compile(rb"\([^()]*\)")
_BEFORE_LETTERS = ord("@")


def identity(tags: Mapping[bytes, bytes], moves: Callable[[], Sequence[bytes]]) -> bytes | None:
    """Return bytes that the copies of a game share and other games do not have; None if nothing tells it.

    * **tags** - the tags, as bytes.
    * **moves** - returns the moves without numbers, comments and variations; called when no address tells.
    """
    white, black = _name(tags.get(b"White", b"")), _name(tags.get(b"Black", b""))
    address = _address(tags)
    if address is not None:
        return b"\n".join((address, white, black))
    date = tags.get(b"Date") or tags.get(b"UTCDate") or b""
    if not (white and black and _YEAR.match(date)):
        return None
    played = moves()
    if not played or (len(played) < _NO_DAY_PLIES and not _DAY.match(date)):
        return None
    return b"\n".join((white, black, date, *(tags.get(name, b"") for name in _OTHERS), b" ".join(played)))


def _address(tags: Mapping[bytes, bytes]) -> bytes | None:
    for name in _ADDRESSES:
        value = tags.get(name)
        if not value or b"/" not in value:
            continue
        if found := _LICHESS.search(value):
            return b"lichess " + found[1]
        if found := _CHESS_COM.search(value):
            return (b"chess.com daily " if b"daily" in value else b"chess.com ") + found[1]
        if found := _CHAPTER.search(value):
            return b"lichess " + found[1]
    game_id = tags.get(b"GameId", b"")
    if _GAME_ID.fullmatch(game_id):
        return b"lichess " + game_id[:8] if len(game_id) in (8, 12) and game_id.isalnum() else b"id " + game_id
    number = tags.get(b"FICSGamesDBGameNo")
    return b"fics " + number if number else None


def _name(name: bytes) -> bytes:
    """Return a name without case, spaces and punctuation; empty for one that is not known."""
    return name.translate(None, b" ,.\t?").lower()


def moves_of(movetext: bytes) -> list[bytes]:
    """Return the words of movetext that may be moves of the main line, without suffixes."""
    if b"{" in movetext:
        first, *others = movetext.split(b"{")
        movetext = first + b" ".join([part.partition(b"}")[2] for part in others])
    if b";" in movetext or b"\n%" in movetext:
        movetext = _LINE_COMMENT.sub(b" ", movetext)
    while b"(" in movetext and (without := _VARIATION.sub(b" ", movetext)) != movetext:
        movetext = without
    words = movetext.translate(_WORDS, _SUFFIXES).split()
    return [word for word in words if word[0] > _BEFORE_LETTERS or word[:3] == b"0-0"]
