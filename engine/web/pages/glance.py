"""What the first screen needs of the games themselves: period, score, ratings, the best moments.

What is kept does not grow with the number of games.
"""

from __future__ import annotations

import chess
from msgspec import Struct

from engine.model import AnalysedGame, Color, Speed, title_of
from engine.plugin import TopK
from engine.positions.material import VALUES
from engine.text.format import count
from engine.web.pages.diagram import describe, diagram
from engine.web.pages.tables import Link

MOMENTS = 3
"""Number of best moments."""
GIVEN = 20.0
"""Win% that the opponent's move must have given away before a best moment."""
_CHOICE = 5
"""Legal moves that there must have been."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class Moment(Struct, frozen=True):
    """A move that used the opponent's error."""

    svg: str
    """The diagram with the move."""
    words: str
    """The position in words."""
    player: str
    move: str
    error: str
    """The opponent's move before it."""
    before: float
    """The player's Win% before the opponent's error."""
    after: float
    """The player's Win% after the move."""
    game: int
    href: str


class Glance:
    """Figures and moments of the games in the view of their players."""

    def __init__(self) -> None:
        self.games = 0
        self.results = {1.0: 0, 0.5: 0, 0.0: 0}
        """Games won, drawn and lost by the player, where exactly one is in view."""
        self.first = self.last = ""
        """Dates of the first and the last game, `2026.11.28`."""
        self.ratings: dict[str, tuple[tuple[str, int], tuple[str, int]]] = {}
        """Time and rating of the first and the last rated game at each speed."""
        self.speeds: dict[str, int] = {}
        """Number of games at each speed."""
        self.number = 0
        """Number of the first game."""
        self.title = ""
        """Title of the first game."""
        self.event = ""
        """Event and result of the first game."""
        self.best = TopK(MOMENTS)

    def add(self, game: AnalysedGame) -> None:
        """Count one game."""
        if not self.games:
            self.number = game.origin.game
            self.title = title_of(game.headers)[:200]
            facts = (game.headers.get("Event", ""), game.result)
            self.event = ", ".join(fact for fact in facts if fact.strip("?*- "))[:200]
        self.games += 1
        date = game.date
        if date:
            self.first = min(self.first or date, date)
            self.last = max(self.last, date)
        if game.speed is not None:
            self.speeds[game.speed] = self.speeds.get(game.speed, 0) + 1
        if len(game.view) == 1:
            self._add_result(game, game.view[0], date)
        self._add_moment(game)

    def _add_result(self, game: AnalysedGame, color: Color, date: str) -> None:
        points = game.points(color)
        if points is not None and not game.unplayed:
            self.results[points] += 1
        rating = game.rating(color)
        if rating is None or not date:
            return
        speed: Speed | str = game.speed or ""
        at = (f"{date} {game.headers.get('UTCTime', '')}"[:19], rating)
        first, last = self.ratings.get(speed, (at, at))
        self.ratings[speed] = (min(first, at, key=_when), max(last, at, key=_when))

    def _add_moment(self, game: AnalysedGame) -> None:
        """Enter the best moment of the game.

        It is the move with which a player used an error of the opponent that gave away at least `GIVEN` Win%: the
        best move, though neither a recapture nor the capture of a piece worth as much as the one that takes, and
        with `_CHOICE` legal moves or more. The larger the error, the better the moment.
        """
        found = None
        for k in range(1, len(game.plies)):
            if game.turn(k) not in game.view:
                continue
            error, ply, evaluation = game.plies[k - 1], game.plies[k], game.positions[k].evaluation
            if error.win_before is None or error.win_after is None or ply.win_after is None or evaluation is None:
                continue
            given = round(1000 * (error.win_before - error.win_after))
            if given < 1000 * GIVEN or evaluation.best != ply.uci or (found and found[0] >= given):
                continue
            if self.best.admits(given, game.origin.game, k) and _is_found(game, k):
                found = (given, k)
        if found:
            given, k = found
            error, ply = game.plies[k - 1], game.plies[k]
            assert error.win_before is not None
            assert ply.win_after is not None
            self.best.add(
                *(given, game.origin.game, k, game.board(k).fen(), ply.uci, game.player(game.turn(k))[:200]),
                *(f"{game.number(k)} {ply.san}", f"{game.number(k - 1)} {error.san}"),
                *(round(1000 * (100 - error.win_before)), round(1000 * ply.win_after)),
            )

    def moments(self, link: Link) -> list[Moment]:
        """Return the best moments, the largest error first."""
        moments = []
        for entry in self.best.entries():
            fen, uci, player, move, error, before, after = entry.cells
            board = chess.Board(str(fen), chess960=True)
            moments.append(
                Moment(
                    svg=diagram(board, {"best": chess.Move.from_uci(str(uci))}),
                    words=describe(board),
                    player=str(player),
                    move=str(move),
                    error=str(error),
                    before=int(before or 0) / 1000,
                    after=int(after or 0) / 1000,
                    game=entry.game,
                    href=link(entry.game, entry.ply),
                )
            )
        return moments

    @property
    def period(self) -> str:
        """The first and the last date for people; empty when no game has one."""
        if not self.first or self.first == self.last:
            return words_of_date(self.first)
        return f"{words_of_date(self.first)} to {words_of_date(self.last)}"

    @property
    def facts(self) -> list[str]:
        """What the games are: number, period, speed."""
        speeds = ", ".join(name for name, _ in sorted(self.speeds.items(), key=lambda pair: (-pair[1], pair[0])))
        return [fact for fact in (count(self.games, "game"), self.period, speeds) if fact]

    @property
    def speed(self) -> str:
        """The speed with the most rated games; empty for none."""
        return max(self.ratings, key=lambda name: (self.speeds.get(name, 0), name), default="")


def _when(rated: tuple[str, int]) -> str:
    return rated[0]


def words_of_date(date: str) -> str:
    """Return a date as people write it: `28 November 2026`, `November 2026`, `2026`."""
    year, month, day = (*(int(part) for part in date.split(".") if part), 0, 0, 0)[:3]
    named = _MONTHS[month - 1] if 1 <= month <= len(_MONTHS) else ""
    return " ".join(part for part in (str(day or "") if named else "", named, str(year or "")) if part)


def _is_found(game: AnalysedGame, k: int) -> bool:
    """Return whether the move had to be found: no recapture, no plain gain of material, and a real choice."""
    board, move = game.board(k), chess.Move.from_uci(game.plies[k].uci)
    taken, taking = board.piece_type_at(move.to_square), board.piece_type_at(move.from_square)
    if taken is not None and taking is not None and not board.is_castling(move):
        recaptures = move.to_square == chess.Move.from_uci(game.plies[k - 1].uci).to_square
        if recaptures or VALUES[taken] >= VALUES[taking]:
            return False
    return board.legal_moves.count() >= _CHOICE
