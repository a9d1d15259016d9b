"""Keys of positions: 64 bits of a position, by which transpositions are found. Pure."""

from __future__ import annotations

from hashlib import blake2b

import chess

from engine.errors import ConfigError
from engine.positions.fen import board_of, fen_of


def key_of(fen: str) -> int:
    """Return the key of a position: men, side to move, rights to castle, and en passant where it is possible.

    * **fen** - the FEN as `engine.positions.fen.fen_of` writes it; its counters make no difference.
    """
    position = fen.rsplit(" ", 2)[0]
    return int.from_bytes(blake2b(position.encode(), digest_size=8).digest(), "big", signed=True)


def plain_fen(text: str) -> str:
    """Return a position as FEN, as `key_of` and the pages take it.

    * **text** - a FEN, whose counters may be missing and whose spaces may be underscores, or `startpos`.

    Raises ConfigError for what is no position.
    """
    fields = text.replace("_", " ").split()
    if fields == ["startpos"]:
        return chess.STARTING_FEN
    try:
        return fen_of(board_of(" ".join(fields)))
    except ValueError as error:
        raise ConfigError(f"position: {text[:100]!r} is no FEN: {error}") from None
