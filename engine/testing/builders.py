"""A builder of analysed games for tests, without an evaluator."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import chess
import chess.pgn

from engine.analysis.judge import analyse
from engine.model import AnalysedGame, AnalysedPosition, Color, Epd, Evaluation, Origin, Score, SourceGame

__all__ = ["Eval", "analysed_game"]

Eval = int | str | Score | None
"""White's view: centipawns, or `"#3"` and `"#-3"`, or a score. None: no evaluation."""

_UNKNOWN = ("?", "????.??.??", "*")
"""Tags that the parser fills in."""


def analysed_game(  # noqa: PLR0913 - public keyword arguments
    pgn: str = "",
    evals: Sequence[Eval] = (),
    *,
    headers: Mapping[str, str] | None = None,
    best: Mapping[int, str] | None = None,
    epd: Epd | None = None,
    view: tuple[Color, ...] = ("white", "black"),
    number: int = 1,
    scale: float = 1.0,
) -> AnalysedGame:
    """A game from PGN text, or moves alone (`"1. e4 e5"`), and White's view of its positions 0 to N.

    Where `evals` ends early the evaluations are missing; a position without a legal move needs none. `[%clk]`
    comments become clocks; the tags `FEN` and `Variant` mean what they do in a file, and `headers` are added to
    those of the text. The best move of a position is `best[ply]` (SAN), else the one played, else the
    first in alphabetical order. `number` is the game's ordinal and the line of its file.

    Raises ValueError for moves that cannot be played.
    """
    start = {name: value for name, value in (headers or {}).items() if name in ("FEN", "SetUp", "Variant")}
    tags = "".join(f'[{name} "{value}"]\n' for name, value in start.items())
    gap = "" if pgn.lstrip().startswith("[") else "\n"
    parsed = chess.pgn.read_game(io.StringIO(f'[Event "?"]\n{tags}{gap}{pgn}'))
    assert parsed is not None
    if parsed.errors:
        raise ValueError(f"{pgn!r}: {parsed.errors[0]}")
    source = _source(parsed, headers or {}, pgn, epd)
    positions = _positions(source, evals, best or {})
    return analyse(Origin(number, "example.pgn", number), source, positions, view=view, scale=scale)


def _source(parsed: chess.pgn.Game, headers: Mapping[str, str], text: str, epd: Epd | None) -> SourceGame:
    board = parsed.board()
    nodes = list(parsed.mainline())
    clocks = tuple(node.clock() for node in nodes)
    return SourceGame(
        headers={name: value for name, value in parsed.headers.items() if value not in _UNKNOWN} | dict(headers),
        fen=board.fen(),
        variant="chess960" if board.chess960 else "standard",
        moves=tuple(node.uci() for node in nodes),
        sans=tuple(node.san() for node in nodes),
        clocks=clocks if any(clock is not None for clock in clocks) else (),
        text=text,
        epd=epd,
    )


def _positions(source: SourceGame, evals: Sequence[Eval], best: Mapping[int, str]) -> list[AnalysedPosition]:
    board = chess.Board(source.fen, chess960=source.variant == "chess960")
    positions = []
    for k in range(len(source.moves) + 1):
        score = _score(evals[k]) if k < len(evals) else None
        if not any(board.legal_moves):
            terminal = AnalysedPosition(terminal="checkmate" if board.is_check() else "stalemate")
            positions.append(terminal)
        elif score is None:
            positions.append(AnalysedPosition(missing="input"))
        else:
            first = min(move.uci() for move in board.legal_moves)
            move = board.parse_san(best[k]).uci() if k in best else (*source.moves, first)[k]
            mover = score if board.turn == chess.WHITE else -score
            positions.append(AnalysedPosition(Evaluation(mover, pv=(move,), depth=16, nodes=100_000)))
        if k < len(source.moves):
            board.push_uci(source.moves[k])
    return positions


def _score(given: Eval) -> Score | None:
    if isinstance(given, str):
        return Score(mate=int(given.removeprefix("#")))
    return Score(cp=given) if isinstance(given, int) else given
