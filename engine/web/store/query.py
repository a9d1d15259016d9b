"""Filters as SQL: conditions on `games` and `plies`, with every value a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.web.store.filters import Filter, is_eco
from engine.web.store.keys import key_of
from engine.web.store.people import People

Values = list[Any]
_DIGITS = {"white": "1", "black": "0"}


class Condition:
    """A condition, and the values of its parameters in order."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.values: Values = []

    @property
    def sql(self) -> str:
        """The condition; true without parts."""
        return " AND ".join(self._parts) or "1"

    def add(self, sql: str, *values: Any) -> None:
        """Add a part that must hold too."""
        self._parts.append(sql)
        self.values += values


class Query:
    """A filter, put in the terms of the tables. `games` stands for a game, `p` for a move."""

    def __init__(self, where: Filter, people: People, games: Sequence[int] | None = None) -> None:
        """Take in a filter.

        * **people** - everybody in the games.
        * **games** - *(optional)* the numbers of the games that it selects, where they are known already.
        """
        self.where = where
        self._games = games
        self._keys = people.keys(where.player) if where.player else ()

    @property
    def has_view(self) -> bool:
        """Whether games are seen from one side: the player's, or the one that is named."""
        return bool(self.where.player or self.where.side)

    def view(self) -> tuple[str, Values]:
        """Return an expression for the side that a game is seen from: `white`, `black`, `both`."""
        if not self._keys:
            return (f"'{self.where.side}'" if self.where.side in _DIGITS else "'both'"), []
        white, black = self._is("white"), self._is("black")
        sql = f"CASE WHEN NOT ({black}) THEN 'white' WHEN NOT ({white}) THEN 'black' ELSE 'both' END"
        return sql, [*self._keys, *self._keys]

    def games(self) -> Condition:
        """Return the condition on a game."""
        condition, where = Condition(), self.where
        if self._games is not None:
            condition.add("games.game IN (SELECT value FROM json_each(?))", listed(self._games))
            return condition
        if self._keys:
            sides = [where.side] if where.side else ["white", "black"]
            owned = " OR ".join(self._is(side) for side in sides)
            condition.add(f"({owned})", *(self._keys * len(sides)))
        if where.opponent:
            folded = where.opponent.casefold()
            self._by_side(condition, "instr(black_folded, ?) > 0", "instr(white_folded, ?) > 0", [folded])
        self._ratings(condition)
        if where.speed:
            self._one_of(condition, "speed", where.speed.split(","))
        if where.time_control:
            condition.add("time_control = ?", where.time_control)
        self._dates(condition)
        if where.opening and is_eco(where.opening):
            condition.add("eco >= ? AND eco < ?", where.opening, f"{where.opening}~")
        elif where.opening:
            condition.add("instr(opening_folded, ?) > 0", where.opening.casefold())
        self._result(condition)
        if where.asks_moves:
            self._has_move(condition)
        return condition

    def chosen(self) -> tuple[str, Values]:
        """Return a WITH clause that has the games of the filter, each with its side as `view`, and its values."""
        view, values = self.view()
        condition = self.games()
        sql = f"WITH chosen AS MATERIALIZED (SELECT *, {view} AS view FROM games WHERE {condition.sql})"
        return sql, [*values, *condition.values]

    def moves(self) -> Condition:
        """Return the condition on a move `p` of such a game: the player's, with all that is asked of one."""
        condition, where = Condition(), self.where
        if where.position:
            condition.add("p.key = ?", key_of(where.position))
        if where.phase:
            self._one_of(condition, "p.phase", where.phase.split(","))
        if where.judgement:
            self._one_of(condition, "p.judgement", where.judgement.split(","))
        if where.clock:
            column = "left_share" if where.clock.endswith("%") else "left_seconds"
            condition.add(f"p.{column} <= ?", float(where.clock.rstrip("s%")))
        asks_only_position = where.position and not (where.phase or where.judgement or where.clock)
        if not asks_only_position:
            self._of_player(condition)
        return condition

    # -- parts --

    def _is(self, side: str) -> str:
        return f"{side}_key IN ({_marks(self._keys)})"

    def _by_side(self, condition: Condition, of_white: str, of_black: str, values: Sequence[Any]) -> None:
        """Add what must hold from the player's view: one condition as White, the other as Black."""
        if self._keys:
            white, black = f"{self._is('white')} AND {of_white}", f"{self._is('black')} AND {of_black}"
            condition.add(f"(({white}) OR ({black}))", *self._keys, *values, *self._keys, *values)
        elif self.where.side:
            condition.add(of_white if self.where.side == "white" else of_black, *values)
        else:
            condition.add(f"(({of_white}) OR ({of_black}))", *values, *values)

    def _ratings(self, condition: Condition) -> None:
        low, high = self.where.ratings if self.where.rating else (None, None)
        bounds = [(op, bound) for op, bound in ((">=", low), ("<=", high)) if bound is not None]
        if not bounds:
            return
        white, black = (" AND ".join(f"{side}_elo {op} ?" for op, _ in bounds) for side in ("white", "black"))
        values = [bound for _, bound in bounds]
        if self.has_view:
            self._by_side(condition, black, white, values)
        else:
            condition.add(f"{white} AND {black}", *values, *values)

    def _dates(self, condition: Condition) -> None:
        if self.where.since:
            condition.add("length(date) >= ? AND substr(date, 1, ?) >= ?", *_dated(self.where.since))
        if self.where.until:
            condition.add("length(date) >= ? AND substr(date, 1, ?) <= ?", *_dated(self.where.until))

    def _result(self, condition: Condition) -> None:
        result = self.where.result
        if result in ("win", "loss"):
            white, black = ("1-0", "0-1") if result == "win" else ("0-1", "1-0")
            self._by_side(condition, f"result = '{white}'", f"result = '{black}'", [])
        elif result:
            scores = {"white": "1-0", "black": "0-1", "draw": "1/2-1/2", "unfinished": "*"}
            condition.add("result = ?", scores[result])

    def _of_player(self, condition: Condition) -> None:
        """Add that the player has the move."""
        if self._keys:
            sql = f"((p.white = 1 AND {self._is('white')}) OR (p.white = 0 AND {self._is('black')}))"
            condition.add(sql, *self._keys, *self._keys)
        elif self.where.side:
            condition.add("p.white = ?", self.where.side == "white")

    def _has_move(self, condition: Condition) -> None:
        move = self.moves()
        sql, values = f"EXISTS (SELECT 1 FROM plies p WHERE p.game = games.game AND {move.sql})", list(move.values)
        if self.where.position:
            # The position is rare, or else the game is found first.
            found = "games.game IN (SELECT p.game FROM plies p WHERE p.key = ?)"
            values.insert(0, key_of(self.where.position))
            sql = f"{found} AND {sql}"
            if not (self.where.phase or self.where.judgement or self.where.clock):
                sql = f"({found} OR final_key = ?)"
                values = [key_of(self.where.position)] * 2
        condition.add(sql, *values)

    @staticmethod
    def _one_of(condition: Condition, column: str, choices: Sequence[str]) -> None:
        condition.add(f"{column} IN ({_marks(choices)})", *choices)


def listed(numbers: Iterable[int]) -> str:
    """Return numbers as a value for `json_each`, since a statement takes only so many parameters."""
    return f"[{','.join(map(str, numbers))}]"


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _dated(date: str) -> tuple[int, int, str]:
    dotted = date.replace("-", ".")
    return len(dotted), len(dotted), dotted
