"""One analysed game from its moves and its evaluated positions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import chess

from engine import scoring
from engine.landmarks import Surveyor
from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Color,
    Landmarks,
    Origin,
    Ply,
    Score,
    Side,
    SourceGame,
    time_control,
)

__all__ = ["analyse"]


class _Known(NamedTuple):
    """A position as the formulas take it."""

    score: Score
    """From the side to move's view."""
    scale: float
    win: float
    """White's Win%, 0 to 100."""


def analyse(
    origin: Origin,
    game: SourceGame,
    positions: Sequence[AnalysedPosition],
    *,
    view: tuple[Color, ...] = ("white", "black"),
    scale: float = 1.0,
    reconciled: bool = False,
    landmarks: Landmarks | None = None,
) -> AnalysedGame:
    """Judge every ply of `game`, given its N + 1 positions.

    `scale` multiplies the centipawns of searched positions for what rests on Win%: judgement and accuracy; those
    of recorded ones are taken as they are. Losses stay in the evaluator's centipawns, and so do the evaluations.
    A game from the standard initial position starts from +15 centipawns as Lichess does, any other from its own
    position 0; stalemate is 0 centipawns. Beside a missing evaluation, and for a mating move, there is no
    judgement, accuracy or loss. Where the positions are `reconciled`, the best move is never judged. `landmarks`
    are the game's, for who has them already.

    Raises ValueError unless there is one position more than moves.
    """
    if len(positions) != len(game.moves) + 1:
        raise ValueError(f"{len(positions)} positions for {len(game.moves)} moves")
    first: Color = "white" if game.fen.split(" ", 2)[1] == "w" else "black"
    known = _known(game.fen, first, positions, scale)
    best = [p.evaluation.best if p.evaluation and reconciled else None for p in positions]
    plies = tuple(_plies(game, first, known, best))
    accuracies = scoring.game_accuracy([None if one is None else one.win for one in known], first)
    landmarks = landmarks or landmarks_of(game)
    return AnalysedGame(
        origin=origin,
        variant=game.variant,
        headers=game.headers,
        fen=game.fen,
        positions=tuple(positions),
        plies=plies,
        white=_side(plies[first != "white" :: 2], accuracies[0]),
        black=_side(plies[first != "black" :: 2], accuracies[1]),
        epd=game.epd,
        view=view,
        text=game.text,
        problem=game.problem,
        phases=landmarks.phases,
        opening=landmarks.opening,
        scale=scale,
        reconciled=reconciled,
    )


def _known(fen: str, first: Color, positions: Sequence[AnalysedPosition], scale: float) -> list[_Known | None]:
    """What is known of each position; None where that is nothing."""
    found: list[_Known | None] = []
    white_to_move = first == "white"
    for position in positions:
        if position.evaluation is not None:
            score = position.evaluation.score
        elif position.terminal == "stalemate":
            score = Score(cp=0)
        else:
            score = None
        if score is None:
            found.append(None)
        else:
            of_this = 1.0 if position.recorded else scale
            win = scoring.win_percent(score if white_to_move else -score, of_this)
            found.append(_Known(score, of_this, win))
        white_to_move = not white_to_move
    if _is_initial(fen):
        found[0] = _Known(scoring.START, 1.0, scoring.win_percent(scoring.START))
    return found


def _is_initial(fen: str) -> bool:
    return fen.split()[:4] == chess.STARTING_FEN.split()[:4]


def _plies(
    game: SourceGame, first: Color, known: Sequence[_Known | None], best: Sequence[str | None]
) -> Iterator[Ply]:
    times = move_times(game)
    for k, (uci, san) in enumerate(zip(game.moves, game.sans, strict=True)):
        before, after = known[k], known[k + 1]
        clock = game.clocks[k] if k < len(game.clocks) else None
        if before is None or after is None:
            yield Ply(san, uci, None, None, None, clock, times[k])
            continue
        white = (first == "white") == (k % 2 == 0)
        scores = before.score, -after.score
        wins = (before.win, after.win) if white else (100 - before.win, 100 - after.win)
        judgement = scoring.judgement(*scores, (before.scale, after.scale)) if uci != best[k] else None
        yield Ply(
            san,
            uci,
            judgement,
            accuracy=round(scoring.move_accuracy(*wins), 3),
            loss=scoring.loss(*scores),
            clock=clock,
            time=times[k],
            win_before=round(wins[0], 3),
            win_after=round(wins[1], 3),
        )


def move_times(game: SourceGame) -> list[float | None]:
    """Seconds spent on each move, as `Ply.time` says them."""
    control = time_control(game.headers)
    times: list[float | None] = []
    for k in range(len(game.moves)):
        said = game.times[k] if k < len(game.times) else None
        if said is None and control is not None and k in range(2, len(game.clocks)):
            before, after = game.clocks[k - 2], game.clocks[k]
            if before is not None and after is not None:
                said = round(max(0.0, before + control.increment - after), 3)
        times.append(said)
    return times


def landmarks_of(game: SourceGame) -> Landmarks:
    """Phases and opening, by a walk of their own; the moves are known to be legal."""
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    surveyor = Surveyor()
    surveyor.see(board)
    for uci in game.moves:
        board.push(chess.Move.from_uci(uci))
        surveyor.see(board)
    return surveyor.landmarks(phases=game.epd is None)


def _side(plies: Sequence[Ply], accuracy: float | None) -> Side:
    judgements = [ply.judgement for ply in plies]
    return Side(
        accuracy=None if accuracy is None else round(accuracy, 3),
        acpl=scoring.acpl(ply.loss for ply in plies if ply.loss is not None),
        inaccuracies=judgements.count("inaccuracy"),
        mistakes=judgements.count("mistake"),
        blunders=judgements.count("blunder"),
    )
