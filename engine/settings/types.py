"""Typed settings of a run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from engine.contracts.messages import CpuSettings
from engine.model import Limit
from engine.settings.numbers import MAX_LIMIT

DEFAULT_AGGREGATORS = ("wins", "best-scores", "accuracy", "acpl", "judgements")
"""Aggregators of a run that names none."""
EPD_AGGREGATORS = ("epd-solved",)
"""Aggregators that are added to the default ones when the input has EPD."""
PLAYER_AGGREGATORS = ("leaks",)
"""Aggregators that are added to the default ones when a player is named."""


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the search: how games are cut into units, and how centipawns are read."""

    policy: Literal["chunk", "fresh"] = "chunk"
    """Use of the hash table. `chunk`: the positions of a chunk share it. `fresh`: it starts empty at each one."""
    opening: Annotated[int, Meta(ge=0, le=200)] = 10
    """Number of positions from the start that are searched one by one, so that games share them."""
    chunk: Annotated[int, Meta(ge=1, le=200)] = 12
    """Number of positions in a chunk."""
    scale: Annotated[float, Meta(gt=0, le=10)] | None = None
    """Factor by which searched centipawns are multiplied before Win%, accuracy and judgements; None: the
    evaluator's own."""
    reconcile: bool | None = None
    """Whether evaluations that contradict each other are made to agree; None: yes for searched ones."""
    adaptive: bool = False
    """Whether a first pass with a share of the nodes decides which positions get all of them."""


class ScoreboardSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the scoreboard: what counts as a win, and how many scores are kept."""

    winning_cp: Annotated[int, Meta(ge=1, le=20_000)] = 300
    """Centipawns, in the mover's view, from which a best move counts as a winning move."""
    size: Annotated[int, Meta(ge=1, le=1_000)] = 10
    """Number of entries of the best-scores board."""


class LimitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limit of a search as a profile, `engine.toml` or flags set it; None where a field is not set."""

    nodes: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] | None = None
    """Nodes to search in one position."""
    depth: Annotated[int, Meta(ge=1, le=245)] | None = None
    """Nominal depth in plies."""
    time: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] | None = None
    """Milliseconds to search one position."""
    multipv: Annotated[int, Meta(ge=1, le=500)] | None = None
    """Number of best moves that get a line of their own."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that decides what a run computes. The defaults are those of the command without flags.

    >>> import engine
    >>> settings = engine.Settings(filter='White = "B"', limit=engine.Limit(nodes=1_000))
    >>> engine.analyze("games.pgn", settings=settings).counts.analysed
    1
    """

    limit: Limit = Limit(nodes=100_000)
    """Limit of the search of each position."""
    evaluator: str = "stockfish"
    """Name of an evaluator, path of a UCI program, or `recorded,` followed by one of these to search the positions
    without an evaluation in the input. Games that this framework has analysed are always taken as they are."""
    follow_up_evaluator: str | None = None
    """Evaluator of follow-up searches in a run that searches nothing else; None: `stockfish`; `none`: no follow-up
    is searched."""
    evaluator_options: dict[str, Any] = {}
    """Options of the evaluator: `hash` (megabytes), `uci` (UCI options by name), and any others it understands."""
    workers: int | None = None
    """Number of workers; None: one for each core that this process may use."""
    executor: str = "local"
    """Name of the executor."""
    aggregators: tuple[str, ...] | None = None
    """Names of the aggregators; None: the default ones, those for a player when `players` names one, and those for
    EPD when there is EPD."""
    aggregator_options: dict[str, dict[str, Any]] = {}
    """Options of aggregators by name; a name that only a writer has means the writer."""
    writer_options: dict[str, dict[str, Any]] = {}
    """Options of writers by name."""
    search: Search = Search()
    """Settings of the search: how games are cut into units, and how centipawns are read."""
    scoreboard: ScoreboardSettings = ScoreboardSettings()
    """Settings of the scoreboard: what counts as a win, and how many scores are kept."""
    players: tuple[str, ...] = ()
    """Name and aliases of the player whose games are taken and whose view the reports have; empty: all games."""
    filter: str | None = None
    """Expression over the tags of the games to take (`engine.input.filters`); None: all games."""
    max_games: int | None = None
    """Number of games after which reading stops; None: all games."""
    sample: str | None = None
    """Sample of the games: `5%` or a number of games; None: all games."""
    seed: int = 0
    """Seed of the sample: the same seed takes the same games."""
    encoding: str | None = None
    """Text encoding of the inputs, such as `cp1250`; None: UTF-8, and where that is wrong what it looks like."""
    plugins: tuple[str, ...] = ()
    """Paths of single-file plugins."""
    syzygy: str | None = None
    """Folder of Syzygy tablebases, for the aggregators that have an option `syzygy`."""
    cache: str | None = None
    """Path of the cache; None: the one in the user's cache folder; empty: no cache."""
    start_method: Literal["spawn", "forkserver"] = "spawn"
    """How worker processes are started (`multiprocessing`)."""
    nice: int = 0
    """Amount added to the niceness of workers, 0 to 19; from 1 on other programs go first."""
    pin: bool = False
    """Whether each worker keeps to one core, where the system can do that (Linux)."""
    log_level: int = 30
    """Worker processes write log records from this level on to standard error: 10 (DEBUG) shows every line that
    is exchanged with a UCI program, 20 (INFO) what workers do. 30 (WARNING) leaves that to Python."""

    verify: float = 0.0
    """Share of what the cache knows, 0 to 1, that is searched again and compared; a difference is a failure."""

    @property
    def cpu(self) -> CpuSettings:
        """`nice` and `pin` as workers take them."""
        return CpuSettings(self.nice, self.pin)
