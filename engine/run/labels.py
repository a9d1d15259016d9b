"""Names of the entries of the best-scores board, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import chess

from engine.model import AnalysedGame, Best, SourceGame, title_of
from engine.model.titles import position_name

NOBODY = title_of({})
"""Title of a game of which neither player is known."""


class BoardLabels:
    """Names of entries: who plays, and the move in SAN with its number."""

    def __init__(self) -> None:
        self._known: dict[Best, tuple[str, str]] = {}

    def learn(self, entry: Best, game: AnalysedGame) -> None:
        """Name an entry of a game that is about to leave the run."""
        self._known[entry] = _label(entry, game, (ply.uci for ply in game.plies))

    def know(self, entry: Best, players: str, move: str) -> None:
        """Take over the name of an entry from another process."""
        self._known[entry] = players, move

    def of(
        self, best: Sequence[Best], game_in_flight: Callable[[int], SourceGame | None]
    ) -> tuple[tuple[Best, str, str], ...]:
        """Name the whole board; entries that have left it are forgotten."""
        kept = {}
        for entry in best:
            if entry in self._known:
                kept[entry] = self._known[entry]
            elif (game := game_in_flight(entry.game)) is not None:
                kept[entry] = _label(entry, game, game.moves)
        self._known = kept
        return tuple((entry, *kept.get(entry, ("", entry.move))) for entry in best)


def _label(entry: Best, game: AnalysedGame | SourceGame, moves: Iterable[str]) -> tuple[str, str]:
    """Return the players, or the name of a position of EPD, and the move: `Morphy – Allies` and `17. Rd8#`."""
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    for ply, move in enumerate(moves):
        if ply == entry.ply:
            break
        board.push(chess.Move.from_uci(move))
    title = title_of(game.headers) if game.epd is None else position_name(game.epd, entry.game)
    players = "" if title == NOBODY else title
    dots = "." if board.turn else "..."
    move = board.san(board.parse_uci(entry.move)) if entry.move else "?"
    return players, f"{board.fullmove_number}{dots} {move}"
