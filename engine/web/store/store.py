"""A store: analysed games in a database made for the questions of the pages."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import msgspec

from engine.errors import ConfigError, InputError
from engine.model import AnalysedGame, RunResult
from engine.web.store import answers, leaks, tree
from engine.web.store.connections import Readers, writing
from engine.web.store.filters import Filter
from engine.web.store.keys import plain_fen
from engine.web.store.people import People
from engine.web.store.query import Query
from engine.web.store.results import Facts, GameRow, Leak, MoveRow, Summary, Tree
from engine.web.store.rows import GameRows, rows_of, unpack
from engine.web.store.schema import GAMES, INDEXES, PLIES, TABLES, VERSION
from engine.web.store.selections import Selections
from engine.web.store.states import remove_states

WINNING_CP = 300
"""The score from which on a position counts as a winning move, unless it is said."""


class Store:
    """Analysed games in a file of SQLite, read by any thread while one adds to it."""

    def __init__(self, path: Path, writer: sqlite3.Connection | None = None) -> None:
        """Take in a file that `create` or `open` has checked."""
        self.path = path
        self._readers = Readers(path)
        self._writer = writer
        self._lock = threading.Lock()
        self._people: tuple[int, People] | None = None
        self._selections = Selections()
        self._winning_cp = WINNING_CP

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        players: Sequence[str] = (),
        same: Mapping[str, Sequence[str]] | None = None,
        winning_cp: int = WINNING_CP,
    ) -> Self:
        """Make an empty store, in place of what is there.

        * **path** - the file.
        * **players** - *(optional)* the names of the player whom the games are about, as `--player` has them.
        * **same** - *(optional)* other names of players, as `Settings.same` has them.
        * **winning_cp** - *(optional)* from which score on a position counts as a winning move.

        Raises OSError and sqlite3.Error when it cannot be made.
        """
        place = Path(path)
        remove(place)
        writer = writing(place)
        with writer:
            for statement in (*TABLES, *INDEXES):
                writer.execute(statement)
            writer.executemany("INSERT INTO meta VALUES (?, ?)", _meta_of(players, same or {}).items())
            writer.execute(f"PRAGMA user_version = {VERSION}")
        store = cls(place, writer)
        store._winning_cp = winning_cp
        return store

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a store to read it, also one that another program is adding to.

        Raises InputError for what is no store of this version.
        """
        place = Path(path)
        if not place.is_file():
            raise InputError(f"{place}: there is no such file")
        store = cls(place)
        with store.reading() as db:
            [version] = db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise InputError(f"{place}: a store of version {version}, not {VERSION}; build it again")
            db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
        return store

    @classmethod
    def append(cls, path: str | os.PathLike[str], *, winning_cp: int = WINNING_CP) -> Self:
        """Open a store to add games to it. The arguments are those of `create`. Raises as `open`."""
        store = cls.open(path)
        store._winning_cp = winning_cp  # noqa: SLF001 - of its class
        store._writer = writing(store.path)  # noqa: SLF001
        return store

    # -- writing --

    def add(self, games: Sequence[AnalysedGame]) -> None:
        """Add games, all or none of them; readers then see them. One whose number is there replaces that one."""
        self.add_rows([rows_of(game, self._winning_cp) for game in games])

    def add_rows(self, rows: Sequence[GameRows]) -> None:
        """Add the rows of games, as `add` does."""
        with self._lock, self._writing() as db:
            for game, plies, record in rows:
                if db.execute("DELETE FROM games WHERE game = ?", game[:1]).rowcount:
                    db.execute("DELETE FROM plies WHERE game = ?", game[:1])
                    db.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'")
                db.execute(_INSERT_GAME, game)
                db.executemany(_INSERT_PLY, plies)
                db.execute("INSERT OR REPLACE INTO records VALUES (?, ?)", (game[0], record))
            if rows:
                db.execute("UPDATE meta SET value = value + 1 WHERE name = 'version'")

    def finish(self, result: RunResult | None = None) -> None:
        """Say that no more games come; all are there, unless the run was interrupted.

        * **result** - *(optional)* that of the run; `run` then returns its figures.
        """
        with self._lock, self._writing() as db:
            db.execute(_FINISHED, (result is None or not result.interrupted,))
            if result is not None:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('run', ?)", (_run_facts(result),))
        self._readers.drop()
        with self._lock, contextlib.suppress(sqlite3.Error):
            assert self._writer is not None
            self._writer.execute("PRAGMA optimize")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.execute("PRAGMA journal_mode = DELETE")  # unless others read it: one file, nothing beside

    def rest(self) -> None:
        """Close what is only open for the next reader."""
        self._readers.drop()

    def close(self) -> None:
        """Close the file. May be called more than once."""
        self._readers.close()
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._writer is None:
            raise ConfigError(f"{self.path}: this store was opened to be read")
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
        except BaseException:
            self._writer.rollback()
            raise
        self._writer.commit()

    # -- reading --

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend a connection that only reads, in one transaction. Raises InputError for a damaged store."""
        return self._readers.read()

    def version(self) -> int:
        """Return a number that grows whenever games are added."""
        return int(self._meta("version") or 0)

    def epoch(self) -> int:
        """Return a number that grows whenever games are replaced."""
        return int(self._meta("epoch") or 0)

    def finished(self) -> bool:
        """Whether all games of the run are there."""
        return bool(self._meta("finished"))

    def is_whole(self) -> bool:
        """Whether the run is finished, and its first and last games can be read."""
        try:
            with self.reading() as db:
                first, last = db.execute("SELECT min(game), max(game) FROM games").fetchone()
                for table in ("plies", "records"):
                    db.execute(f"SELECT * FROM {table} WHERE game IN (?, ?)", (first, last)).fetchall()
            games = self.records({number for number in (first, last) if number is not None})
        except InputError:
            return False
        return self.finished() and len(games) == len({first, last} - {None})

    def players(self) -> tuple[str, ...]:
        """Return the names of the player whom the games are about; empty for nobody."""
        return tuple(msgspec.json.decode(self._meta("players") or "[]", type=list[str]))

    def run(self) -> dict[str, Any]:
        """Return the facts of the run that analysed the games, by name; empty where they are not known."""
        facts: dict[str, Any] = msgspec.json.decode(self._meta("run") or "{}")
        return facts

    def _meta(self, name: str) -> Any:
        with self.reading() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def people(self) -> People:
        """Return everybody who plays in the games."""
        version, known = self.version(), self._people
        if known is None or known[0] != version:
            with self.reading() as db:
                names = db.execute(_NAMES).fetchall()
            known = self._people = (
                version,
                People(names, self.players(), msgspec.json.decode(self._meta("same") or "{}")),
            )
        return known[1]

    def query(self, where: Filter) -> Query:
        """Return a filter in the terms of the tables; what it asks of moves is looked up once."""
        numbers = [number for number, _ in self.numbers(where)] if where.asks_moves else None
        return Query(where, self.people(), numbers)

    def has_epd(self) -> bool:
        """Whether some of it are positions of EPD, not games."""
        with self.reading() as db:
            return db.execute("SELECT 1 FROM games WHERE epd LIMIT 1").fetchone() is not None

    def count(self, where: Filter) -> int:
        """Return how many games a filter selects."""
        return len(self.numbers(where))

    def count_moves(self, where: Filter) -> int:
        """Return how many moves `moves` lists."""
        query = self.query(where)
        with self.reading() as db:
            return answers.count_moves(db, query)

    def summary(self, where: Filter) -> Summary:
        """Return the figures of the games that a filter selects."""
        query = self.query(where)
        with self.reading() as db:
            return answers.summary(db, query)

    def games(self, where: Filter, *, order: str = "number", start: int = 0, limit: int = 50) -> list[GameRow]:
        """Return games that a filter selects.

        * **order** - *(optional)* one of `GAME_ORDERS`, with `-` before it for the other direction.
        * **start** - *(optional)* how many to leave out.
        * **limit** - *(optional)* how many to return, at most 1,000.

        Raises ConfigError for another order.
        """
        query = self.query(where)
        with self.reading() as db:
            return answers.games(db, query, order=order, start=start, limit=limit)

    def moves(self, where: Filter, *, order: str = "number", start: int = 0, limit: int = 50) -> list[MoveRow]:
        """Return the moves that a filter asks for: the player's in these games, or where nothing is asked all.

        * **order** - *(optional)* one of `MOVE_ORDERS`: `number`, or `loss`, the most expensive first.
        * **start**, **limit** - *(optional)* as in `games`.
        """
        query = self.query(where)
        with self.reading() as db:
            return answers.moves(db, query, order=order, start=start, limit=limit)

    def game(self, number: int) -> AnalysedGame | None:
        """Return a game, seen from both sides; None when there is none of this number."""
        return next(iter(self.records([number])), None)

    def records(self, numbers: Collection[int]) -> list[AnalysedGame]:
        """Return games, in the order of their numbers; those that are not there are left out.

        Raises InputError for a damaged store.
        """
        found: list[AnalysedGame] = []
        with self.reading() as db:
            for number in sorted(numbers):
                row = db.execute("SELECT record FROM records WHERE game = ?", (number,)).fetchone()
                if row is not None:
                    try:
                        found.append(unpack(row[0]))
                    except ValueError as error:
                        raise InputError(f"{self.path}: game {number}: {error}; remove the file") from None
        return found

    def numbers(self, where: Filter) -> list[tuple[int, str]]:
        """Return the numbers of the games that a filter selects, each with the side that it is seen from."""
        return self._selections.get(where, self.version(), lambda: self._select(Query(where, self.people())))

    def _select(self, query: Query) -> list[tuple[int, str]]:
        (view, values), condition = query.view(), query.games()
        with self.reading() as db:
            sql = f"SELECT game, {view} FROM games WHERE {condition.sql} ORDER BY game"
            return db.execute(sql, [*values, *condition.values]).fetchall()

    def facts(self, numbers: Sequence[int]) -> Facts:
        """Return what reports say of games, by their numbers, beside what aggregators count."""
        with self.reading() as db:
            return answers.facts(db, numbers)

    def tree(self, where: Filter, fen: str = "startpos") -> Tree:
        """Return what was played in a position, over the games that a filter selects.

        * **fen** - *(optional)* the position; by default the initial one.

        Raises ConfigError for what is no position.
        """
        position, query = plain_fen(fen), self.query(where)
        with self.reading() as db:
            return tree.tree(db, query, position)

    def leaks(self, where: Filter, limit: int = 50) -> list[Leak]:
        """Return the positions of the first 20 plies in which the player loses the most, the most expensive first.

        Without a player, those in which anybody does.

        * **limit** - *(optional)* how many to return.
        """
        query = self.query(where)
        with self.reading() as db:
            return leaks.leaks(db, query, limit)

    def choices(self, field: str, prefix: str = "", limit: int = 20) -> list[str]:
        """Return values of a field of filters that begin in some way, the most frequent first.

        * **field** - `player`, `opponent`, `opening`, `eco`, `event`, `time_control` or `speed`.
        * **prefix** - *(optional)* how they begin; case makes no difference.
        * **limit** - *(optional)* how many to return.

        Raises ConfigError for another field.
        """
        with self.reading() as db:
            return answers.choices(db, field, prefix, limit)


_INSERT_GAME = f"INSERT INTO games VALUES ({', '.join('?' * GAMES)})"
_INSERT_PLY = f"INSERT INTO plies VALUES ({', '.join('?' * PLIES)})"
_FINISHED = "UPDATE meta SET value = ? WHERE name = 'finished'"
_NAMES = (
    "SELECT name, count(*) FROM (SELECT white AS name FROM games WHERE NOT epd "
    "UNION ALL SELECT black FROM games WHERE NOT epd) GROUP BY name"
)


def remove(path: Path) -> None:
    """Remove a store, what SQLite keeps beside it, and the states of aggregators."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    remove_states(path)


def _meta_of(players: Sequence[str], same: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what stands in `meta` before the first game."""
    said = {"players": list(players), "same": dict(same)}
    texts = {name: msgspec.json.encode(value).decode() for name, value in said.items()}
    return {"version": 0, "epoch": 0, "finished": 0, **texts}


def _run_facts(result: RunResult) -> str:
    facts = {
        "evaluator": result.evaluator.name,
        "version": result.evaluator.version,
        "limit": str(result.limit),
        "adaptive": result.adaptive,
        "interrupted": result.interrupted,
        "counts": result.counts,
        "wins": result.wins,
    }
    return msgspec.json.encode(facts).decode()
