"""One analysed game from its moves and its evaluated positions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import NamedTuple

import chess

from engine import scoring
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
from engine.positions.landmarks import Surveyor

__all__ = ["analyse"]

_STALEMATE = Score(cp=0)


class _Known(NamedTuple):
    """A position as the formulas take it."""

    score: Score
    """From the side to move's view."""
    reverse: Score
    """From the other side's."""
    cp: int
    """The same in centipawns, clamped to ±1000."""
    scale: float
    win: float
    """White's Win%, 0 to 100."""
    own: float
    """That of the side to move."""
    other: float
    """That of the other side, which has just moved."""
    own_shown: float
    """With 3 decimals."""
    other_shown: float


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
    moves = _accuracies(known)
    plies = tuple(_plies(game, known, moves, best))
    accuracies = scoring.game_accuracy([None if one is None else one.win for one in known], first, moves)
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
            of_this = 1.0 if position.recorded else scale
            found.append(_known_of(position.evaluation.score, of_this, white_to_move))
        elif position.terminal == "stalemate":
            found.append(_known_of(_STALEMATE, scale, white_to_move))
        else:
            found.append(None)
        white_to_move = not white_to_move
    if _is_initial(fen):
        found[0] = _known_of(scoring.START, 1.0, True)
    return found


@lru_cache(1 << 14)
def _known_of(score: Score, scale: float, white_to_move: bool) -> _Known:
    """The same few thousand scores come again and again."""
    win = scoring.win_percent(score if white_to_move else -score, scale)
    own, other = (win, 100 - win) if white_to_move else (100 - win, win)
    cp = int(scoring.clamp_cp(score))
    return _Known(score, -score, cp, scale, win, own, other, round(own, 3), round(other, 3))


def _is_initial(fen: str) -> bool:
    return fen.split()[:4] == chess.STARTING_FEN.split()[:4]


def _accuracies(known: Sequence[_Known | None]) -> list[float | None]:
    """Of each move; None beside a missing evaluation."""
    return [
        None if before is None or after is None else scoring.move_accuracy(before.own, after.other)
        for before, after in pairwise(known)
    ]


def _plies(
    game: SourceGame,
    known: Sequence[_Known | None],
    accuracies: Sequence[float | None],
    best: Sequence[str | None],
) -> Iterator[Ply]:
    times = move_times(game)
    clocks = (*game.clocks, *(None,) * len(times))[: len(times)]
    for uci, san, before, after, accuracy, likes, clock, time in zip(
        game.moves, game.sans, known[:-1], known[1:], accuracies, best[:-1], clocks, times, strict=True
    ):
        if before is None or after is None or accuracy is None:
            yield Ply(san, uci, None, None, None, clock, time)
            continue
        judgement = None
        if uci != likes:
            judgement = scoring.judgement(before.score, after.reverse, (before.scale, after.scale))
        loss = scoring.clamped_loss(before.cp, -after.cp)
        yield Ply(
            san, uci, judgement, round(accuracy, 3), loss, clock, time, before.own_shown, after.other_shown
        )  # fmt: skip


def move_times(game: SourceGame) -> list[float | None]:
    """Seconds spent on each move, as `Ply.time` says them."""
    control = time_control(game.headers)
    clocks = game.clocks if control is not None else ()
    increment = control.increment if control is not None else 0.0
    by_clock = [
        None if before is None or after is None else round(max(0.0, before + increment - after), 3)
        for before, after in zip(clocks, clocks[2:], strict=False)
    ]
    both = zip_longest(game.times, [None, None, *by_clock])
    found = [spent if said is None else said for said, spent in both]
    return [*found, *(None,) * len(game.moves)][: len(game.moves)]


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
