"""Games as text, one line for each."""

from __future__ import annotations

from typing import ClassVar

from engine.model import AnalysedGame, RunResult
from engine.plugin import Writer


class ScoresWriter(Writer):
    """One line for each game: number, players, result, and the accuracy of both players."""

    suffixes: ClassVar[tuple[str, ...]] = (".scores",)

    def game(self, game: AnalysedGame) -> None:
        players = f"{game.player('white')} - {game.player('black')}"
        accuracies = " ".join(
            "-" if side.accuracy is None else f"{side.accuracy:.1f}" for side in (game.white, game.black)
        )
        self.stream.write(f"{game.origin.game}. {players} {game.result} {accuracies}\n".encode())

    def finish(self, result: RunResult) -> None:
        self.stream.write(f"{result.wins} winning moves, by {result.evaluator.name}\n".encode())
