"""The best lines that Lichess's analysis has beside moves that it judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import chess
from msgspec import structs

from engine.model import PV_PLIES, SourceGame
from engine.positions.replay import Replay


def with_lines(game: SourceGame, analysis: Sequence[Any]) -> SourceGame:
    """Return the game with the best lines of the analysis; only their legal beginnings are kept.

    * **game** - the game, with its evaluations.
    * **analysis** - an object for each move; `variation` is the best line in its place, in SAN.
    """
    if game.recording is None:
        return game
    lines = dict(_lines(game, analysis))
    if not lines:
        return game
    positions = list(game.recording.positions)
    for k, pv in lines.items():
        known = positions[k]
        if known is not None and known.evaluation is not None:
            positions[k] = structs.replace(known, evaluation=structs.replace(known.evaluation, pv=pv))
    return structs.replace(game, recording=structs.replace(game.recording, positions=tuple(positions)))


def _lines(game: SourceGame, analysis: Sequence[Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    replay = Replay(chess.Board(game.fen, chess960=game.variant == "chess960"))
    for k, uci in enumerate(game.moves):
        entry = analysis[k] if k < len(analysis) else None
        variation = entry.get("variation") if isinstance(entry, Mapping) else None
        if isinstance(variation, str):
            pv = _played(replay.board(), variation.split()[:PV_PLIES])
            if pv:
                yield k, pv
        replay.play(uci)


def _played(board: chess.Board, sans: Sequence[str]) -> tuple[str, ...]:
    played: list[str] = []
    for san in sans:
        try:
            move = board.parse_san(san)
        except ValueError:
            break
        if not move:
            break
        played.append(board.uci(move))
        board.push(move)
    return tuple(played)
