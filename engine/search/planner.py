"""The planner: it cuts a game into the units that have to be searched. Pure: no other game matters.

The first `opening` positions are units of their own, so that games share their openings in the cache. The rest
is cut into chunks of `chunk` consecutive positions, aligned from ply `opening`; a chunk is searched backwards on
one warm hash. Under the policy `game`, and in adaptive searches, a unit is a whole game, up to `GAME` positions of
it. Positions without a legal move are never searched, and what an evaluator may crash on is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import chess
from msgspec import structs

from engine.contracts.messages import Unit
from engine.model import AnalysedPosition, Limit, Origin, Position, Recording, SourceGame
from engine.positions.fen import FenBoard, fen_of
from engine.positions.landmarks import landmarks_of
from engine.positions.movetext import NULL_MOVE
from engine.positions.refusal import refusal
from engine.positions.variations import legal_variation
from engine.search.games import FollowUps, FollowUpUnits, PlannedGame, RequestKey
from engine.settings import Search
from engine.workers.adaptive import is_worth_it

GAME = 200
"""Positions of a unit that is a whole game, at most: what is lost with a worker stays bounded."""


def plan(  # noqa: PLR0913 - everything that the units of a game depend on
    origin: Origin,
    game: SourceGame,
    search: Search,
    ids: Iterator[int],
    *,
    use_recorded: bool = False,
    can_search: bool = True,
) -> PlannedGame:
    """Cut one game into units.

    * **ids** - numbers for the units, in the order in which they are handed out.
    * **use_recorded** - whether evaluations in the input are used that another program wrote. Those of our own
      analysed games always are, and such a game is searched only with `use_recorded`.
    * **can_search** - whether the other positions can be searched.
    """
    recording = used_recording(game, use_recorded=use_recorded)
    if recording is not None and not use_recorded:
        can_search = False
    if not can_search and game.ending is not None and game.landmarks is not None:
        unsearched = _unsearched(origin, game, recording)
        if unsearched is not None:
            return unsearched
    to_search: dict[int, Position] = {}
    positions: list[AnalysedPosition | None] = []
    refused: list[tuple[int, str]] = []
    for ply, (position, reason) in enumerate(_walk(game)):
        known = recording.positions[ply] if recording is not None else None
        if reason is not None:
            refused.append((ply, reason))
            positions.append(AnalysedPosition(missing="refused"))
        elif ply == len(game.moves) and (ending := game.ending or _ending(position)) != "open":
            positions.append(AnalysedPosition(terminal=ending))
        elif known is not None and known.evaluation is not None:
            positions.append(known)
        elif not can_search:
            positions.append(known or AnalysedPosition(missing="input"))
        else:
            to_search[ply] = position
            positions.append(None)
    units = _units(origin.game, game.moves, to_search, search, ids)
    landmarks = game.landmarks or landmarks_of(game)
    return PlannedGame(origin, game, tuple(positions), tuple(refused), tuple(units), landmarks)


def cut_again(game: PlannedGame, search: Search, ids: Iterator[int]) -> tuple[Unit, ...]:
    """Return the units that a planned game has with other settings of the search."""
    to_search = {
        ply: position
        for unit in game.units
        for ply, position in sorted(zip(unit.plies, unit.positions, strict=True), key=lambda pair: pair[0])
    }
    return tuple(_units(game.origin.game, game.game.moves, to_search, search, ids))


def _units(
    game: int, moves: Sequence[str], to_search: Mapping[int, Position], search: Search, ids: Iterator[int]
) -> list[Unit]:
    """Return the units of game number `game`.

    * **moves** - its moves.
    * **to_search** - the positions to search by their plies, in order.
    """
    played = (*moves, "")
    units = []
    for plies in _groups(list(to_search), search):
        # A position by itself, such as that of an EPD line, has no move in doubt: it gets all nodes at once.
        known = tuple(played[ply] for ply in plies) if search.adaptive and is_worth_it(set(plies)) else ()
        positions = tuple(to_search[ply] for ply in plies)
        units.append(Unit(next(ids), game, tuple(plies), positions, moves=known))
    return units


def _unsearched(origin: Origin, game: SourceGame, recording: Recording | None) -> PlannedGame | None:
    """Return the plan of a game whose reader has named its landmarks and of which nothing is searched.

    None for a game that has to be replayed, because its start is refused.
    """
    assert game.landmarks is not None
    if _start(game.fen, game.variant == "chess960")[1] is not None:
        return None
    missing = AnalysedPosition(missing="input")
    known = recording.positions if recording is not None else (None,) * (len(game.moves) + 1)
    positions: list[AnalysedPosition | None] = [position or missing for position in known]
    if game.ending in ("checkmate", "stalemate"):
        positions[-1] = AnalysedPosition(terminal=game.ending)
    return PlannedGame(origin, game, tuple(positions), (), (), game.landmarks)


def used_recording(game: SourceGame, *, use_recorded: bool) -> Recording | None:
    """Return the evaluations in the input that are used as they are, if there are any."""
    recording = game.recording
    return recording if recording is not None and (use_recorded or recording.ours) else None


def follow_up_units(game: int, follow_ups: FollowUps, ids: Iterator[int]) -> FollowUpUnits:
    """Return the units that answer what aggregators ask of game number `game`: equal searches are one."""
    units: dict[tuple[Position, Limit], Unit] = {}
    ids_by_key: dict[RequestKey, tuple[int | None, ...]] = {}
    for key, searches in follow_ups.items():
        numbers: list[int | None] = []
        for search in searches:
            if search is None:
                numbers.append(None)
                continue
            same = search.position, search.limit
            if same not in units:
                units[same] = Unit(next(ids), game, (search.ply,), (search.position,), search.limit)
            numbers.append(units[same].id)
        ids_by_key[key] = tuple(numbers)
    return FollowUpUnits(tuple(units.values()), ids_by_key)


class Positions:
    """The positions of one game, and those after other moves from them, as they are sent to an evaluator."""

    def __init__(self, game: SourceGame) -> None:
        self._game = game
        self._sent: list[Position | None] | None = None

    def after(self, ply: int, moves: Sequence[str | chess.Move]) -> Position | None:
        """Return the position that these moves, in UCI or as `chess.Move`, lead to from position `ply`.

        None for a position that cannot be searched: refused, or without a legal move. Raises ValueError for a
        ply that the game does not have, and for an illegal move.
        """
        if not 0 <= ply <= len(self._game.moves):
            raise ValueError(f"ply {ply} of a game with {len(self._game.moves)}")
        if moves:
            board = chess.Board(self._game.fen, chess960=self._game.variant == "chess960")
            for uci in self._game.moves[:ply]:
                board.push(chess.Move.from_uci(uci))
            played = legal_variation(board, [move if isinstance(move, str) else move.uci() for move in moves])
            variation = structs.replace(self._game, moves=(*self._game.moves[:ply], *played))
            return _sent(variation)[-1]
        if self._sent is None:
            self._sent = _sent(self._game)
        return self._sent[ply]


def _sent(game: SourceGame) -> list[Position | None]:
    """Return the N + 1 positions as they are sent; None for one that cannot be searched."""
    # A legal move was made from the others.
    unknown = {ply for ply, uci in enumerate((*game.moves, NULL_MOVE)) if uci == NULL_MOVE}
    return [
        None if reason is not None or (ply in unknown and _ending(position) != "open") else position
        for ply, (position, reason) in enumerate(_walk(game))
    ]


def unit_numbers(positions: int, search: Search) -> list[int]:
    """Return the number of the unit in which each position of a game is searched first.

    * **positions** - the number of positions.
    * **search** - how games are cut into units.
    """
    opening, size = _cut(search)
    return [ply if ply < opening else opening + (ply - opening) // size for ply in range(positions)]


def _cut(search: Search) -> tuple[int, int]:
    """Return how many first positions are units of their own, and how many positions a later unit has."""
    whole = (0, GAME)
    return {"fresh": (0, 1), "game": whole}.get(
        search.policy, whole if search.adaptive else (search.opening, search.chunk)
    )


def _groups(plies: list[int], search: Search) -> list[list[int]]:
    """Group the plies that are searched together, each group backwards."""
    numbers = unit_numbers(plies[-1] + 1 if plies else 0, search)
    groups: dict[int, list[int]] = {}
    for ply in plies:
        groups.setdefault(numbers[ply], []).append(ply)
    return [group[::-1] for group in groups.values()]


def _walk(game: SourceGame) -> Iterator[tuple[Position, str | None]]:
    """Yield every position as it is sent, and the reason if it is refused.

    What is sent is the position after the last irreversible move and the moves since: enough to know the
    repetitions and the fifty-move clock, and the same for every game that gets there the same way. No program
    takes a null move, so what comes after it is a position without a past.
    """
    chess960 = game.variant == "chess960"
    root, reason = _start(game.fen, chess960)
    if chess960 or reason is not None:
        yield from _slow_walk(game, root, reason)
        return
    yield Position(root), None
    # Legal moves lead from a sound position to sound positions.
    board, moves = FenBoard(root), list[str]()
    for uci in game.moves:
        if board.push(uci):
            root = board.fen()
            moves.clear()
        else:
            moves.append(uci)
        yield Position(root, tuple(moves)), None


def _slow_walk(game: SourceGame, root: str, reason: str | None) -> Iterator[tuple[Position, str | None]]:
    """Do what `_walk` does for Chess960, and for an unsound start, after which each position is checked."""
    chess960 = game.variant == "chess960"
    board = chess.Board(game.fen, chess960=chess960)
    sound, moves = reason is None, list[str]()
    yield Position(root, (), chess960), reason
    for uci in game.moves:
        move = chess.Move.from_uci(uci)
        irreversible = not sound or uci == NULL_MOVE or board.is_irreversible(move)
        board.push(move)
        if not sound:
            reason = refusal(board)
        if irreversible:
            root = fen_of(board, shredder=chess960)
            moves.clear()
        else:
            moves.append(uci)
        yield Position(root, tuple(moves), chess960), reason


@lru_cache(1 << 7)
def _start(fen: str, chess960: bool) -> tuple[str, str | None]:
    """Return the FEN of a first position as it is sent, and the reason if it is refused."""
    board = chess.Board(fen, chess960=chess960)
    return fen_of(board, shredder=chess960), refusal(board)


def _ending(position: Position) -> Literal["checkmate", "stalemate", "open"]:
    """Return the state of a position as it is sent."""
    board = position.board()
    if any(board.legal_moves):
        return "open"
    return "checkmate" if board.is_check() else "stalemate"
