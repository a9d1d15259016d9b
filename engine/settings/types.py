"""Typed settings of a run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from engine.contracts.messages import CpuSettings
from engine.model import Limit
from engine.settings.numbers import MOST

DEFAULT_AGGREGATORS = ("wins", "best-scores", "accuracy", "acpl", "judgements")
EPD_AGGREGATORS = ("epd-solved",)
"""Added to the default ones when the input has EPD."""
PLAYER_AGGREGATORS = ("leaks",)
"""Added to the default ones when a player is named: where that player loses more than the opponents do."""


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How games are cut into units, and how centipawns are read."""

    policy: Literal["chunk", "fresh"] = "chunk"
    """`chunk`: positions of a chunk share a warm hash. `fresh`: a fresh hash for every position."""
    opening: Annotated[int, Meta(ge=0, le=200)] = 10
    """So many positions from the start are searched one by one, so that games share them."""
    chunk: Annotated[int, Meta(ge=1, le=200)] = 12
    """Positions in a chunk."""
    scale: Annotated[float, Meta(gt=0, le=10)] | None = None
    """Searched centipawns are multiplied by this before Win%, accuracy and judgements; None: the evaluator's
    own."""
    reconcile: bool | None = None
    """Whether evaluations that contradict each other are made to agree; None: yes for searched ones."""
    adaptive: bool = False
    """Whether a first pass with a share of the nodes decides which positions get all of them."""


class ScoreboardSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts and how much is kept."""

    winning_cp: Annotated[int, Meta(ge=1, le=20_000)] = 300
    """A position whose best move scores at least this for its mover is a winning move found."""
    size: Annotated[int, Meta(ge=1, le=1_000)] = 10
    """Lines of the best-scores board."""


class LimitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the search of a position ends."""

    nodes: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    depth: Annotated[int, Meta(ge=1, le=245)] | None = None
    time: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    """Milliseconds."""
    multipv: Annotated[int, Meta(ge=1, le=500)] | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that decides what a run computes. The defaults are those of the command without flags.

    >>> import engine
    >>> settings = engine.Settings(filter='White = "B"', limit=engine.Limit(nodes=1_000))
    >>> engine.analyze("games.pgn", settings=settings).counts.analysed
    1
    """

    limit: Limit = Limit(nodes=100_000)
    evaluator: str = "stockfish"
    """A name, the path of a UCI program, or `recorded,` and one of these to search what the input lacks. Games
    that this framework has analysed are taken as they are, whatever it says."""
    follow_up_evaluator: str | None = None
    """Where nothing else is searched, who answers follow-up searches; None: `stockfish`; `none`: nobody."""
    evaluator_options: dict[str, Any] = {}
    """`hash` (megabytes), `uci` (options by name), and what else the evaluator understands."""
    workers: int | None = None
    """None: all cores this process may use."""
    executor: str = "local"
    aggregators: tuple[str, ...] | None = None
    """None: the default ones, those for a player when `players` names one, and those for EPD when there is EPD."""
    aggregator_options: dict[str, dict[str, Any]] = {}
    """By name; a name that is a writer's and no aggregator's means the writer."""
    writer_options: dict[str, dict[str, Any]] = {}
    """By name."""
    search: Search = Search()
    scoreboard: ScoreboardSettings = ScoreboardSettings()
    players: tuple[str, ...] = ()
    """Whose games and whose view: a player's name and aliases."""
    filter: str | None = None
    """An expression over the headers (`engine.input.filters`)."""
    max_games: int | None = None
    sample: str | None = None
    """`5%` or a number of games."""
    seed: int = 0
    plugins: tuple[str, ...] = ()
    """Paths of single-file plugins."""
    syzygy: str | None = None
    """Folder of Syzygy tablebases, for the aggregators that have an option of that name."""
    cache: str | None = None
    """Path of the cache; None: in the user's cache folder; empty: none."""
    start_method: Literal["spawn", "forkserver"] = "spawn"
    nice: int = 0
    """Added to the niceness of workers, 0 to 19: from 1 on other programs go first."""
    pin: bool = False
    """Whether each worker keeps to one core, where the system can do that (Linux)."""

    @property
    def cpu(self) -> CpuSettings:
        """`nice` and `pin` as workers take them."""
        return CpuSettings(self.nice, self.pin)
