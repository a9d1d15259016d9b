"""From a game to the units that have to be searched. Pure: no I/O, no clock, and no other game matters.

The first `opening` positions are units of their own, so that games share their openings in the cache. The rest
is cut into chunks of `chunk` consecutive positions, aligned from ply `opening`; a chunk is searched backwards on
one warm hash. Positions without a legal move are never searched, and positions that an evaluator may crash on
are refused here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import chess
from msgspec import Struct, structs

from engine.contracts.messages import Unit
from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Evaluation,
    Landmarks,
    Limit,
    Origin,
    Position,
    Recording,
    SourceGame,
)
from engine.positions.fen import fen_of
from engine.positions.landmarks import Surveyor
from engine.settings import Search

MAX_HALFMOVE_CLOCK = 32_767
MAX_FULLMOVE = 100_000
"""Stockfish's own bounds (2026-03)."""


class FollowUp(Struct, frozen=True):
    """A search that an aggregator asked for, in the run's terms."""

    ply: int
    """The position of the game that it starts from."""
    position: Position
    limit: Limit


class Plan(Struct):
    """A game and what has to be searched for it."""

    origin: Origin
    game: SourceGame
    positions: list[AnalysedPosition | None]
    """N + 1; None where a search has to fill in the evaluation."""
    refused: list[tuple[int, str]]
    """Plies whose position is not sent to an evaluator, and why."""
    units: list[Unit]
    landmarks: Landmarks
    deepened: bool = False
    """Whether its doubtful positions have been chosen for a deeper search, or there is none to come."""
    analysed: AnalysedGame | None = None
    """Once it is whole."""
    wanted: dict[str, list[int | None]] = {}
    """By aggregator: the units that answer its requests; None where there was nothing to search."""
    found: dict[int, Evaluation] = {}
    """By follow-up unit: what was found."""

    def answers(self) -> dict[str, tuple[Evaluation | None, ...]]:
        """As `AnalysedGame.answers` has them."""
        return {
            name: tuple(None if unit is None else self.found.get(unit) for unit in units)
            for name, units in self.wanted.items()
        }


def plan(
    origin: Origin,
    game: SourceGame,
    search: Search,
    ids: Iterator[int],
    *,
    use_recorded: bool = False,
    can_search: bool = True,
) -> Plan:
    """Cut one game. Units are numbered from `ids`, in the order in which they are handed out.

    Evaluations that stand in the input are taken when they are ours, or `use_recorded` says so; the positions
    without one are searched unless nobody can. An analysed game of ours is searched only with `use_recorded`.
    """
    recording = used_recording(game, use_recorded=use_recorded)
    if recording is not None and not use_recorded:
        can_search = False
    if not can_search and game.ending is not None and game.landmarks is not None:
        unsearched = _unsearched(origin, game, recording)
        if unsearched is not None:
            return unsearched
    asked: dict[int, Position] = {}
    positions: list[AnalysedPosition | None] = []
    refused: list[tuple[int, str]] = []
    surveyor = Surveyor()
    for ply, (position, board, reason) in enumerate(_walk(game, sent=can_search)):
        if game.landmarks is None:
            surveyor.see(board)
        known = recording.positions[ply] if recording is not None else None
        if reason is not None:
            refused.append((ply, reason))
            positions.append(AnalysedPosition(missing="refused"))
        elif ply == len(game.moves) and not any(board.legal_moves):
            positions.append(AnalysedPosition(terminal="checkmate" if board.is_check() else "stalemate"))
        elif known is not None and known.evaluation is not None:
            positions.append(known)
        elif not can_search:
            positions.append(known or AnalysedPosition(missing="input"))
        else:
            assert position is not None
            asked[ply] = position
            positions.append(None)
    groups = _groups(list(asked), search)
    units = [Unit(next(ids), origin.game, tuple(plies), tuple(asked[ply] for ply in plies)) for plies in groups]
    landmarks = game.landmarks or surveyor.landmarks(phases=game.epd is None)
    return Plan(origin, game, positions, refused, units, landmarks)


def _unsearched(origin: Origin, game: SourceGame, recording: Recording | None) -> Plan | None:
    """The plan of a game of which nothing is searched and that its reader has looked at; None for another look."""
    assert game.landmarks is not None
    if refusal(chess.Board(game.fen, chess960=game.variant == "chess960")) is not None:
        return None
    missing = AnalysedPosition(missing="input")
    known = recording.positions if recording is not None else (None,) * (len(game.moves) + 1)
    positions: list[AnalysedPosition | None] = [position or missing for position in known]
    if game.ending in ("checkmate", "stalemate"):
        positions[-1] = AnalysedPosition(terminal=game.ending)
    return Plan(origin, game, positions, [], [], game.landmarks)


def deeper(planned: Plan, plies: Collection[int], limit: Limit, search: Search, ids: Iterator[int]) -> list[Unit]:
    """The units that search these positions of a game again: the length of a chunk of them on one warm hash, also
    where they lie apart.
    """
    sent = _sent(planned.game) if plies else []
    wanted = {ply: position for ply in sorted(plies) if (position := sent[ply]) is not None}
    return [
        Unit(next(ids), planned.origin.game, tuple(group), tuple(wanted[ply] for ply in group), limit, deeper=True)
        for group in _apart(list(wanted), search)
    ]


def used_recording(game: SourceGame, *, use_recorded: bool) -> Recording | None:
    """The evaluations of the input that are taken as they are."""
    recording = game.recording
    return recording if recording is not None and (use_recorded or recording.ours) else None


def follow_ups(planned: Plan, wanted: Mapping[str, Sequence[FollowUp | None]], ids: Iterator[int]) -> list[Unit]:
    """The units that answer what aggregators want of this game: equal searches are one. Enters them in the
    plan."""
    units: dict[tuple[Position, Limit], Unit] = {}
    for name, searches in wanted.items():
        numbers: list[int | None] = []
        for one in searches:
            if one is None:
                numbers.append(None)
                continue
            key = one.position, one.limit
            if key not in units:
                units[key] = Unit(next(ids), planned.origin.game, (one.ply,), (one.position,), one.limit)
            numbers.append(units[key].id)
        planned.wanted[name] = numbers
    return list(units.values())


class Positions:
    """The positions of a game, and those after other moves from them, as they are sent."""

    def __init__(self, game: SourceGame) -> None:
        self._game = game
        self._sent: list[Position | None] | None = None

    def after(self, ply: int, moves: Sequence[str]) -> Position | None:
        """None for one that cannot be searched: refused, or without a legal move.

        Raises ValueError for a ply that the game has not, and for an illegal move.
        """
        if not 0 <= ply <= len(self._game.moves):
            raise ValueError(f"ply {ply} of a game with {len(self._game.moves)}")
        if moves:
            other = structs.replace(self._game, moves=(*self._game.moves[:ply], *moves))
            return _sent(other)[-1]
        if self._sent is None:
            self._sent = _sent(self._game)
        return self._sent[ply]


def _sent(game: SourceGame) -> list[Position | None]:
    return [
        None if reason is not None or not any(board.legal_moves) else position
        for position, board, reason in _walk(game)
    ]


def _groups(plies: list[int], search: Search) -> list[list[int]]:
    """Plies that are searched together, each group backwards."""
    alone = [ply for ply in plies if search.policy == "fresh" or ply < search.opening]
    chunks: dict[int, list[int]] = {}
    for ply in plies[len(alone) :]:
        chunks.setdefault((ply - search.opening) // search.chunk, []).append(ply)
    return [[ply] for ply in alone] + [chunk[::-1] for chunk in chunks.values()]


def _apart(plies: list[int], search: Search) -> list[list[int]]:
    """Plies that are searched together though they may lie apart, each group forwards: measured in `adaptive`."""
    size = 1 if search.policy == "fresh" else search.chunk
    return [plies[start : start + size] for start in range(0, len(plies), size)]


def _walk(game: SourceGame, *, sent: bool = True) -> Iterator[tuple[Position | None, chess.Board, str | None]]:
    """Every position as it will be sent, its board (one that changes), and why it is refused.

    What is sent is the position after the last irreversible move and the moves since: enough to know the
    repetitions and the fifty-move clock, and the same for every game that gets there the same way. None where
    nothing will be `sent`.
    """
    chess960 = game.variant == "chess960"
    board = chess.Board(game.fen, chess960=chess960)
    reason = refusal(board)
    # Legal moves lead from a sound position to sound positions; only an unsound start needs another look.
    sound = reason is None
    root, moves = fen_of(board, shredder=chess960) if sent else "", list[str]()
    yield Position(root, (), chess960) if sent else None, board, reason
    for uci in game.moves:
        move = chess.Move.from_uci(uci)
        irreversible = sent and (not sound or board.is_irreversible(move))
        board.push(move)
        if not sound:
            reason = refusal(board)
        if irreversible:
            root = fen_of(board, shredder=chess960)
            moves.clear()
        else:
            moves.append(uci)
        yield Position(root, tuple(moves), chess960) if sent else None, board, reason


_STATUS = {
    chess.STATUS_NO_WHITE_KING: "White has no king",
    chess.STATUS_NO_BLACK_KING: "Black has no king",
    chess.STATUS_TOO_MANY_KINGS: "too many kings",
    chess.STATUS_TOO_MANY_WHITE_PAWNS: "more than 8 white pawns",
    chess.STATUS_TOO_MANY_BLACK_PAWNS: "more than 8 black pawns",
    chess.STATUS_PAWNS_ON_BACKRANK: "a pawn on the first or last rank",
    chess.STATUS_TOO_MANY_WHITE_PIECES: "more than 16 white pieces",
    chess.STATUS_TOO_MANY_BLACK_PIECES: "more than 16 black pieces",
    chess.STATUS_BAD_CASTLING_RIGHTS: "castling rights without king and rook in place",
    chess.STATUS_INVALID_EP_SQUARE: "an impossible en passant square",
    chess.STATUS_OPPOSITE_CHECK: "the side that is not to move is in check",
    chess.STATUS_EMPTY: "an empty board",
    chess.STATUS_RACE_CHECK: "check in a race",
    chess.STATUS_RACE_OVER: "a race that is over",
    chess.STATUS_RACE_MATERIAL: "race material",
    chess.STATUS_TOO_MANY_CHECKERS: "more checking pieces than can be",
    chess.STATUS_IMPOSSIBLE_CHECK: "a check that cannot have come about",
}


def refusal(board: chess.Board) -> str | None:
    """Why this position must not be sent to an evaluator, or None.

    python-chess's validity, and Stockfish's own rules on top: it crashes on some such positions and answers
    others with a normal-looking score.
    """
    status = board.status()
    if status != chess.STATUS_VALID:
        return ", ".join(text for flag, text in _STATUS.items() if status & flag) or "not a legal position"
    for color, name in ((chess.WHITE, "White"), (chess.BLACK, "Black")):
        extra = sum(
            max(0, len(board.pieces(piece, color)) - usual)
            for piece, usual in ((chess.QUEEN, 1), (chess.ROOK, 2), (chess.BISHOP, 2), (chess.KNIGHT, 2))
        )
        if extra > 8 - len(board.pieces(chess.PAWN, color)):
            return f"{name} has more pieces than promotions allow"
    if board.halfmove_clock > MAX_HALFMOVE_CLOCK or board.fullmove_number > MAX_FULLMOVE:
        return "move counters out of range"
    return None
