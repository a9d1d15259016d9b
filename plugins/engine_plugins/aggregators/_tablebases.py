"""Results of positions and best moves from Syzygy tablebases."""

from __future__ import annotations

import os

import chess
import chess.syzygy

from engine.errors import ConfigError


class Tablebases:
    """Open Syzygy tablebases. Results are 1, 0 or -1 from the view of the side to move."""

    def __init__(self, path: str) -> None:
        """Open the folders of `path`, separated as in PATH. Raises `ConfigError`."""
        self._tables = chess.syzygy.Tablebase()
        for folder in path.split(os.pathsep):
            try:
                self._tables.add_directory(folder)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise ConfigError(f"endgames: tablebases {folder}: {reason}; name another with --syzygy") from None
        self.men = max((len(name) - 1 for name in self._tables.wdl), default=0)
        """Largest number of men, kings and pawns included, in any table."""
        if not self.men:
            raise ConfigError(f"endgames: no tablebase (*.rtbw) in {path}; name another folder with --syzygy")

    def result(self, board: chess.Board) -> int | None:
        """Return the result with perfect play; None if no table has the position.

        A win that the 50-move rule spoils is a draw.
        """
        if board.occupied.bit_count() > self.men:
            return None
        if not any(board.legal_moves):
            return -1 if board.is_check() else 0
        try:
            wdl = self._tables.probe_wdl(board)
        except KeyError:
            return None
        return (wdl == 2) - (wdl == -2)  # noqa: PLR2004

    def right(self, board: chess.Board, result: int) -> str | None:
        """Return a move in SAN that keeps the result; None if no move is known to keep it.

        It is the fastest one by DTZ if the result is a win, then the first one by its squares.
        """
        keeping: list[tuple[int, str, str]] = []
        for move in board.legal_moves:
            after = board.copy(stack=False)
            after.push(move)
            if self.result(after) == -result:
                plies = self._plies(after, zeroing=board.is_zeroing(move)) if result > 0 else 0
                keeping.append((plies, move.uci(), board.san(move)))
        return min(keeping)[2] if keeping else None

    def _plies(self, after: chess.Board, *, zeroing: bool) -> int:
        """Return the plies from a winning move to the next mate, capture or pawn move."""
        if not any(after.legal_moves):
            return 0
        distance = None if zeroing else self._tables.get_dtz(after)
        return 1 + abs(distance or 0)
