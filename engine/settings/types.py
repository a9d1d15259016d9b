"""Typed settings of a run."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, structs

from engine.contracts.messages import CpuSettings
from engine.errors import ConfigError
from engine.model import Limit
from engine.settings import plugins as choices
from engine.settings.checked import CheckedStruct, check_value
from engine.settings.plugins import EvaluatorChoice, ExecutorChoice, PluginChoice
from engine.text.numbers import MAX_LIMIT

DEFAULT_AGGREGATORS = ("wins", "best-scores", "accuracy", "acpl", "judgements")
"""Aggregators of a run that names none."""
EPD_AGGREGATORS = ("epd-solved",)
"""Aggregators that are added to the default ones when the input has EPD."""
PLAYER_AGGREGATORS = ("leaks", "trends")
"""Aggregators that are added to the default ones when a player is named."""


class Search(CheckedStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the search: how games are cut into units, and how centipawns are read."""

    policy: Literal["chunk", "game", "fresh"] = "chunk"
    """Use of the hash table. `chunk`: the positions of a chunk share it. `game`: those of a whole game do, which
    keeps all workers busy only where there are more games than workers. `fresh`: it starts empty at each one."""
    opening: Annotated[int, Meta(ge=0, le=200)] = 10
    """Number of positions from the start that are searched one by one, so that games share them."""
    chunk: Annotated[int, Meta(ge=1, le=200)] = 12
    """Number of positions in a chunk."""
    scale: Annotated[float, Meta(gt=0, le=10)] | None = None
    """Factor by which searched centipawns are multiplied before Win%, accuracy and judgements; None: the
    evaluator's own."""
    reconcile: bool | None = None
    """Whether evaluations that contradict each other are made to agree; None: yes for searched ones, and analysed
    games of this framework are taken as they were written."""
    adaptive: bool | None = None
    """Whether a whole game is searched with an eighth of the nodes, and again where that leaves a judgement in
    doubt, until a quarter of the nodes is spent; None: yes for a limit of 40,000 nodes or more and nothing else,
    one line a position and the policy `chunk`."""


class ScoreboardSettings(CheckedStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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


class Settings(CheckedStruct, frozen=True, kw_only=True):
    """Everything that decides what a run computes. The defaults are those of the command without flags.

    Raises `ArgumentError` for an unknown name (with the nearest one) or a value of a wrong type, `ConfigError` for
    one that is out of bounds.

    >>> import engine
    >>> settings = engine.Settings(filter='White = "B"', limit=engine.Limit(nodes=1_000))
    >>> engine.analyze("games.pgn", settings=settings).counts.analysed
    1
    """

    plugin_fields: ClassVar[tuple[str, ...]] = ("evaluator", "executor", "plugins")

    limit: Limit = Limit(nodes=100_000)
    """Limit of the search of each position."""
    evaluator: EvaluatorChoice = "stockfish"
    """Name of an evaluator, path of a UCI program, or `recorded,` followed by one of these to search the positions
    without an evaluation in the input. Or a class or an instance of an evaluator; an instance stands for its class
    and its options, since each worker makes one of its own. Games that this framework has analysed are always
    taken as they are."""
    follow_up_evaluator: str | None = None
    """Evaluator of follow-up searches in a run that searches nothing else; None: `stockfish`; `none`: no follow-up
    is searched."""
    follow_up_limit: Limit | None = None
    """Limit of follow-up searches; None: in a run that searches nothing else the limit with which we have analysed
    the game, where its evaluations show it, and otherwise `limit`."""
    evaluator_options: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    """Options of the evaluator: `hash` (megabytes), `uci` (UCI options by name), and any others it understands."""
    workers: Annotated[int, Meta(ge=1)] | None = None
    """Number of workers; None: one for each core that this process may use."""
    executor: ExecutorChoice = "local"
    """Name or class of the executor."""
    aggregators: tuple[str, ...] | None = None
    """Names of the aggregators; None: the default ones, those for a player when `players` names one, and those for
    EPD when there is EPD."""
    aggregator_options: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - msgspec copies it
    """Options of aggregators by name."""
    writer_options: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - msgspec copies it
    """Options of writers by name."""
    plugin_options: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - msgspec copies it
    """Options of plugins of every kind by name, as `--set NAME.KEY=VALUE` gives them. They win over the others. A
    name that an aggregator has means the aggregator; where a reader and a writer have the same name, each gets the
    options that it has."""
    search: Search = Search()
    """Settings of the search: how games are cut into units, and how centipawns are read."""
    scoreboard: ScoreboardSettings = ScoreboardSettings()
    """Settings of the scoreboard: what counts as a win, and how many scores are kept."""
    players: tuple[str, ...] = ()
    """Names and aliases of the player whose games are taken and whose view the reports have; empty: all games. In
    the tables, names that `same` does not declare to be one are as many players, but for `NAME,ALIAS` in one."""
    same: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it
    """Other names of players, by the name that is to stand for all of them (`engine.model.names`)."""
    filter: str | None = None
    """Expression over the tags of the games to take (`engine.input.filters`); None: all games."""
    max_games: Annotated[int, Meta(ge=0)] | None = None
    """Number of games after which reading stops; None: all games."""
    sample: str | None = None
    """Sample of the games: `5%` or a number of games; None: all games."""
    seed: int = 0
    """Seed of the sample: the same seed takes the same games."""
    shard: str | None = None
    """Share of the games by their numbers, `3/16` for the third of sixteen, for other machines to take the others
    (`engine merge`); None: all games. What else is chosen, a sample and copies too, is chosen before."""
    encoding: str | None = None
    """Text encoding of the inputs, such as `cp1250`; None: UTF-8, and where that is wrong what it looks like."""
    keep_duplicates: bool = False
    """Whether a game that the input has twice counts twice; otherwise the first one counts (`Reader.identity`)."""
    plugins: tuple[PluginChoice, ...] = ()
    """Plugins to use beside the installed ones: paths of single files, classes of any kind, instances of readers
    and evaluators. Each has the name of its class in kebab-case."""
    syzygy: str | None = None
    """Folder of Syzygy tablebases, for the aggregators that have an option `syzygy`."""
    cache: str | None = None
    """Path of the cache; None: the one in the user's cache folder; empty: no cache."""
    start_method: Literal["spawn", "forkserver"] = "spawn"
    """How worker processes are started (`multiprocessing`)."""
    nice: Annotated[int, Meta(ge=0, le=19)] = 0
    """Amount added to the niceness of workers, 0 to 19; from 1 on other programs go first."""
    pin: bool = False
    """Whether each worker keeps to one core, where the system can do that (Linux)."""
    log_level: int = 30
    """Worker processes write log records from this level on to standard error: 10 (DEBUG) shows every line that
    is exchanged with a UCI program, 20 (INFO) what workers do. 30 (WARNING) leaves that to Python."""

    verify: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """Share of what the cache knows, 0 to 1, that is searched again and compared; a difference is a failure."""

    @property
    def cpu(self) -> CpuSettings:
        """`nice` and `pin` as workers take them."""
        return CpuSettings(self.nice, self.pin)

    @property
    def evaluator_name(self) -> str:
        """Name of the evaluator, also of one that was given as a class or an instance."""
        return choices.name_of(self.evaluator)

    @property
    def executor_name(self) -> str:
        """Name of the executor."""
        return choices.name_of(self.executor)

    @property
    def all_plugins(self) -> tuple[PluginChoice, ...]:
        """`plugins`, and beside them evaluator and executor if they were given as classes or instances."""
        others = (self.evaluator, self.executor)
        return (*self.plugins, *(choice for choice in others if not isinstance(choice, str)))

    def __post_init__(self) -> None:
        super().__post_init__()
        check_value("limit", LimitSettings(**structs.asdict(self.limit)), LimitSettings)
        if self.limit == Limit(multipv=self.limit.multipv):
            raise ConfigError("limit: it needs nodes, depth or time; without any of them a search has no end")

    def check_plugins(self, name: str, value: Any) -> Any:
        """Return the value of a field that may hold plugins, checked. Raises ArgumentError."""
        if name == "plugins":
            return choices.check_all(value)
        return choices.check_evaluator(value) if name == "evaluator" else choices.check_executor(value)
