"""What Syzygy tablebases say of a position."""

from __future__ import annotations

import os

import chess
import chess.syzygy

from engine.errors import ConfigError


class Tablebases:
    """Syzygy tablebases, opened. Results are those of the side to move: 1, 0 or -1."""

    def __init__(self, path: str) -> None:
        self._tables = chess.syzygy.Tablebase()
        for folder in path.split(os.pathsep):
            try:
                self._tables.add_directory(folder)
            except OSError as error:
                why = error.strerror or type(error).__name__
                raise ConfigError(f"endgames: tablebases {folder}: {why}; name another with --syzygy") from None
        self.men = max((len(name) - 1 for name in self._tables.wdl), default=0)
        """Most men on the board that a table holds."""
        if not self.men:
            raise ConfigError(f"endgames: no tablebase (*.rtbw) in {path}; name another folder with --syzygy")

    def result(self, board: chess.Board) -> int | None:
        """None when no table holds it. A win that the 50-move rule spoils is a draw."""
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
        """The move that keeps the result, the fastest by DTZ when it is a win, then the first by its squares."""
        found: list[tuple[int, str, str]] = []
        for move in board.legal_moves:
            after = board.copy(stack=False)
            after.push(move)
            if self.result(after) == -result:
                plies = self._plies(after, zeroing=board.is_zeroing(move)) if result > 0 else 0
                found.append((plies, move.uci(), board.san(move)))
        return min(found)[2] if found else None

    def _plies(self, after: chess.Board, *, zeroing: bool) -> int:
        """To the mate, capture or pawn move that a winning move leads to."""
        if not any(after.legal_moves):
            return 0
        distance = None if zeroing else self._tables.get_dtz(after)
        return 1 + abs(distance or 0)
