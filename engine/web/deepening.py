"""Live analysis of a position: searches with more and more nodes, each told as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import chess

from engine.errors import AnalysisError, EvaluatorError
from engine.model import Evaluation, Line, Score
from engine.scoring import win_percent
from engine.web.seats import Full, Seat, Seats

NODES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
"""Nodes of one search after the other."""
MOST_LINES = 5
"""Largest number of best moves that get a line."""
SECONDS = 60.0
"""Seconds after which an analysis ends, and for which a visitor waits for a seat."""
BEAT = 5.0
"""Seconds after which something is sent even if there is nothing to tell, so that who has left is noticed."""

Event = tuple[str, dict[str, Any]]
"""Name of an event, and its data."""


async def analyse(seats: Seats, board: chess.Board, lines: int) -> AsyncIterator[Event]:
    """Yield the events of an analysis: `waiting`, `started`, a `step` for each search, then `end` or `trouble`.

    Each event has `words`. A `beat` has nothing, and comes while a search takes long. When the iterator is closed
    the search ends, within a second.

    * **seats** - where it is searched.
    * **board** - the position, with the moves before it on its stack.
    * **lines** - how many best moves get a line, 1 to 5.
    """
    told: asyncio.Queue[Event] = asyncio.Queue()
    work = asyncio.create_task(_work(seats, board, lines, told))
    try:
        while True:
            try:
                event = await asyncio.wait_for(told.get(), BEAT)
            except TimeoutError:
                yield "beat", {}
                continue
            yield event
            if event[0] in ("end", "trouble"):
                return
    finally:
        work.cancel()


async def _work(seats: Seats, board: chess.Board, lines: int, told: asyncio.Queue[Event]) -> None:
    def tell(kind: str, words: str, **data: Any) -> None:
        told.put_nowait((kind, {"words": words, **data}))

    try:
        if seats.full:
            tell("waiting", f"Others are analysing; you are number {seats.waiting + 1} of those who wait.")
        async with asyncio.timeout(SECONDS) as until, seats.taken() as seat:
            until.reschedule(asyncio.get_running_loop().time() + SECONDS)
            await _deepen(seat, board, lines, tell)
        tell("end", f"Done: {NODES[-1]:,} nodes are the most that are searched here.")
    except TimeoutError:
        tell("end", f"Ended after {SECONDS:.0f} seconds, which is the most that one analysis may take.")
    except Full:
        tell("trouble", "Too many people wait for an analysis. Try again in a minute.")
    except AnalysisError as error:
        tell("trouble", _sentence(str(error)))


async def _deepen(seat: Seat, board: chess.Board, lines: int, tell: Callable[..., None]) -> None:
    if not seat.warm:
        tell("started", "The evaluator is being started.")
    try:
        name = await seat.name()
        tell("started", f"{name} is searching.", evaluator=name)
        for nodes in NODES:
            found = step(board, await seat.search(board, nodes, lines))
            tell("step", found.pop("words"), **found)
    except EvaluatorError:
        await seat.close()  # the next visitor begins with a new one
        raise


def step(board: chess.Board, evaluation: Evaluation) -> dict[str, Any]:
    """Return what one search has found as plain values; every score is in White's view.

    * **board** - the position.
    * **evaluation** - what was found, in the side to move's view.
    """
    found = evaluation.lines or (Line(evaluation.score, evaluation.pv, evaluation.depth),)
    score = _white(board, evaluation.score)
    win = win_percent(score)
    return {
        "words": f"{score} for White at depth {evaluation.depth}, {evaluation.nodes:,} nodes.",
        "score": str(score),
        "win": round(win, 1),
        "depth": evaluation.depth,
        "nodes": evaluation.nodes,
        "lines": [
            {"score": str(_white(board, line.score)), "depth": line.depth, "moves": _moves(board, line.pv)}
            for line in found
        ],
    }


def _moves(board: chess.Board, pv: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the moves of a line, each with its number where one is written, SAN and UCI."""
    after = board.copy(stack=False)
    moves: list[dict[str, str]] = []
    for uci in pv:
        move = after.parse_uci(uci)
        number = f"{after.fullmove_number}." if after.turn else "" if moves else f"{after.fullmove_number}..."
        moves.append({"number": number, "san": after.san(move), "uci": uci})
        after.push(move)
    return moves


def _white(board: chess.Board, score: Score) -> Score:
    return score if board.turn else -score


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
