"""The judgement of a game: from its moves and its evaluated positions to an analysed game. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from engine import scoring
from engine.analysis.times import move_times
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
)
from engine.positions.fen import is_initial
from engine.positions.landmarks import landmarks_of
from engine.positions.movetext import NULL_MOVE

__all__ = ["analyse"]

_STALEMATE = Score(cp=0)
_SMALLEST_DROP = scoring.JUDGED_DROPS[-1] / 50
"""Drop of winning chances from which on a move is judged."""


class _ScoredPosition(NamedTuple):
    """The score of a position in the forms that the formulas need."""

    score: Score
    """Score in the side to move's view."""
    reverse: Score
    """Score in the other side's view."""
    cp: int
    """Centipawns in the side to move's view, clamped to ±1000."""
    scale: float
    """Factor for the centipawns in Win% formulas."""
    white_win: float
    """White's Win%, 0 to 100."""
    mover_win: float
    """Win% of the side to move, 0 to 100."""
    other_win: float
    """Win% of the other side, which has just moved, 0 to 100."""
    mover_win_shown: float
    """`mover_win` with 3 decimals."""
    other_win_shown: float
    """`other_win` with 3 decimals."""
    chances: float | None
    """Winning chances of the side to move, -1 to 1, of centipawns that are not clamped; None for a mate."""


def analyse(  # noqa: PLR0913 - everything that the analysis of a game depends on
    origin: Origin,
    game: SourceGame,
    positions: Sequence[AnalysedPosition],
    *,
    view: tuple[Color, ...] = ("white", "black"),
    scale: float = 1.0,
    reconciled: bool = False,
    landmarks: Landmarks | None = None,
) -> AnalysedGame:
    """Judge every ply of a game and return the analysed game.

    A game from the standard initial position starts from +15 centipawns as on Lichess, any other from the score of
    its position 0; stalemate is 0 centipawns. Beside a missing evaluation, and for a mating move or a null move,
    there is no judgement, accuracy or loss.

    * **origin** - the number of the game, its file and line.
    * **game** - the game.
    * **positions** - its positions 0 to N.
    * **view** - *(optional)* the colours in whose view the game is reported; both when not given.
    * **scale** - *(optional)* the factor for the centipawns of searched positions where Win% matters, in
      judgements and accuracy. Recorded centipawns, losses and the evaluations themselves are not scaled.
    * **reconciled** - *(optional)* whether the positions are consistent; then the best move gets no judgement.
    * **landmarks** - *(optional)* phases and opening of the game; found on a walk of its own when not given.

    Raises `ValueError` unless there is one position more than moves.
    """
    if len(positions) != len(game.moves) + 1:
        raise ValueError(f"{len(positions)} positions for {len(game.moves)} moves")
    first: Color = "white" if game.fen.split(" ", 2)[1] == "w" else "black"
    scored = _score_positions(game.fen, first, positions, scale)
    best = [p.evaluation.best if p.evaluation and reconciled else None for p in positions]
    move_accuracies = _move_accuracies(scored)
    plies = tuple(_plies(game, scored, move_accuracies, best))
    wins = [None if position is None else position.white_win for position in scored]
    unjudged = {k for k, move in enumerate(game.moves) if move == NULL_MOVE}
    accuracies = scoring.game_accuracy(wins, first, move_accuracies, unjudged)
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
        answer_scale=scale,
        reconciled=reconciled,
        untagged_result=game.untagged_result,
    )


def _score_positions(
    fen: str, first: Color, positions: Sequence[AnalysedPosition], scale: float
) -> list[_ScoredPosition | None]:
    """Return the score of each position; None where there is none."""
    scored: list[_ScoredPosition | None] = []
    white_to_move = first == "white"
    for position in positions:
        if position.evaluation is not None:
            own_scale = 1.0 if position.recorded else scale
            scored.append(_score(position.evaluation.score, own_scale, white_to_move))
        elif position.terminal == "stalemate":
            scored.append(_score(_STALEMATE, scale, white_to_move))
        else:
            scored.append(None)
        white_to_move = not white_to_move
    if is_initial(fen):
        scored[0] = _score(scoring.START, 1.0, True)
    return scored


@lru_cache(1 << 14)
def _score(score: Score, scale: float, white_to_move: bool) -> _ScoredPosition:
    """Compute the forms of a score. The same few thousand scores occur again and again, so they are cached."""
    win = scoring.win_percent(score if white_to_move else -score, scale)
    mover, other = (win, 100 - win) if white_to_move else (100 - win, win)
    cp = int(scoring.clamp_cp(score))
    chances = None if score.cp is None else scoring.chances(score.cp * scale)
    return _ScoredPosition(score, -score, cp, scale, win, mover, other, round(mover, 3), round(other, 3), chances)


def _move_accuracies(scored: Sequence[_ScoredPosition | None]) -> list[float | None]:
    """Return the accuracy of each move; None beside a missing evaluation."""
    return [
        None if before is None or after is None else scoring.move_accuracy(before.mover_win, after.other_win)
        for before, after in pairwise(scored)
    ]


def _plies(
    game: SourceGame,
    scored: Sequence[_ScoredPosition | None],
    accuracies: Sequence[float | None],
    best: Sequence[str | None],
) -> Iterator[Ply]:
    times = move_times(game)
    clocks = (*game.clocks, *(None,) * len(times))[: len(times)]
    for uci, san, before, after, accuracy, best_move, clock, time in zip(
        game.moves, game.sans, scored[:-1], scored[1:], accuracies, best[:-1], clocks, times, strict=True
    ):
        if before is None or after is None or accuracy is None or uci == NULL_MOVE:
            yield Ply(san, uci, None, None, None, clock, time)
            continue
        judgement = None
        if uci != best_move and not _is_good(before, after):
            judgement = scoring.judgement(before.score, after.reverse, (before.scale, after.scale))
        yield Ply(
            san,
            uci,
            judgement,
            round(accuracy, 3),
            scoring.clamped_loss(before.cp, -after.cp),
            clock,
            time,
            before.mover_win_shown,
            after.other_win_shown,
        )


def _is_good(before: _ScoredPosition, after: _ScoredPosition) -> bool:
    """Return whether a move is far from a judgement, without looking closer, as most moves are."""
    if before.chances is None or after.chances is None:
        return False
    return before.chances + after.chances < _SMALLEST_DROP


def _side(plies: Sequence[Ply], accuracy: float | None) -> Side:
    judgements = [ply.judgement for ply in plies if ply.loss is not None]
    return Side(
        accuracy=None if accuracy is None else round(accuracy, 3),
        acpl=scoring.acpl(ply.loss for ply in plies if ply.loss is not None),
        inaccuracies=judgements.count("inaccuracy") if judgements else None,
        mistakes=judgements.count("mistake") if judgements else None,
        blunders=judgements.count("blunder") if judgements else None,
    )
