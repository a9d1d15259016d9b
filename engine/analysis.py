"""One analysed game from its moves and its evaluated positions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import chess

from engine import scoring
from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Color,
    Judgement,
    Origin,
    Ply,
    Score,
    Side,
    SourceGame,
)

__all__ = ["analyse"]


def analyse(
    origin: Origin,
    game: SourceGame,
    positions: Sequence[AnalysedPosition],
    *,
    view: tuple[Color, ...] = ("white", "black"),
    scale: float = 1.0,
) -> AnalysedGame:
    """Judge every ply of `game`, given its N + 1 positions.

    `scale` multiplies centipawns for what rests on Win%: judgement and accuracy. Losses stay in the
    evaluator's centipawns, and so do the evaluations. A game from the standard initial position starts from
    +15 centipawns as Lichess does, any other from its own position 0; stalemate is 0 centipawns. Beside a
    missing evaluation, and for a mating move, there is no judgement, accuracy or loss.

    Raises ValueError unless there is one position more than moves.
    """
    if len(positions) != len(game.moves) + 1:
        raise ValueError(f"{len(positions)} positions for {len(game.moves)} moves")
    first: Color = "white" if game.fen.split(" ", 2)[1] == "w" else "black"
    scores = _white_scores(game.fen, first, positions)
    plies = tuple(_plies(game, first, scores, scale))
    wins = [None if score is None else scoring.win_percent(score, scale) for score in scores]
    accuracies = scoring.game_accuracy(wins, first)
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
    )


def _white_scores(fen: str, first: Color, positions: Sequence[AnalysedPosition]) -> list[Score | None]:
    """White's view of each position as the formulas take it; None where nothing is known."""
    scores: list[Score | None] = []
    for k, position in enumerate(positions):
        if position.evaluation is not None:
            white_to_move = (first == "white") == (k % 2 == 0)
            scores.append(position.evaluation.score if white_to_move else -position.evaluation.score)
        else:
            scores.append(Score(cp=0) if position.terminal == "stalemate" else None)
    if fen.split()[:4] == chess.STARTING_FEN.split()[:4]:
        scores[0] = scoring.START
    return scores


def _plies(game: SourceGame, first: Color, scores: Sequence[Score | None], scale: float) -> Iterator[Ply]:
    for k, uci in enumerate(game.moves):
        before, after = scores[k], scores[k + 1]
        judgement: Judgement | None = None
        accuracy = loss = None
        if before is not None and after is not None:
            if (first == "white") != (k % 2 == 0):
                before, after = -before, -after
            judgement = scoring.judgement(before, after, scale)
            wins = scoring.win_percent(before, scale), scoring.win_percent(after, scale)
            accuracy = round(scoring.move_accuracy(*wins), 3)
            loss = scoring.loss(before, after)
        clock = game.clocks[k] if k < len(game.clocks) else None
        yield Ply(game.sans[k], uci, judgement, accuracy, loss, clock)


def _side(plies: Sequence[Ply], accuracy: float | None) -> Side:
    judgements = [ply.judgement for ply in plies]
    return Side(
        accuracy=None if accuracy is None else round(accuracy, 3),
        acpl=scoring.acpl(ply.loss for ply in plies if ply.loss is not None),
        inaccuracies=judgements.count("inaccuracy"),
        mistakes=judgements.count("mistake"),
        blunders=judgements.count("blunder"),
    )
