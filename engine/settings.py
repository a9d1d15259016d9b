"""Typed settings of a run, and where they come from: flags, ENGINE_* variables, a profile, `engine.toml`.

Earlier ones win. A profile is a TOML file of `configs/`, or any file the user names; `engine.toml` lies in the
user's configuration folder. Nothing is ever read from beside the input.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from engine.contracts.messages import Place
from engine.errors import ConfigError
from engine.model import Limit
from engine.system.paths import config_dir

DEFAULT_AGGREGATORS = ("wins", "best-scores", "accuracy", "acpl", "judgements")
EPD_AGGREGATORS = ("epd-solved",)
"""Added to the default ones when the input has EPD."""
PLAYER_AGGREGATORS = ("leaks",)
"""Added to the default ones when a player is named: where that player loses more than the opponents do."""
DEFAULT_PROFILE = "standard"
MOST = 10**15
"""More nodes or milliseconds than anybody waits for; beyond it is a typing error."""


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


class ConfigFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What a profile or `engine.toml` may say; every key is optional."""

    summary: str = ""
    """What the profile is for, one line."""
    limit: LimitSettings | None = None
    aggregators: tuple[str, ...] | None = None
    aggregator: dict[str, dict[str, Any]] = {}
    """Options by aggregator."""
    writer: dict[str, dict[str, Any]] = {}
    """Options by writer."""
    search: dict[str, Any] = {}
    scoreboard: dict[str, Any] = {}
    evaluator: str | None = None
    evaluator_options: dict[str, Any] = {}
    workers: Annotated[int, Meta(ge=1)] | None = None
    player: tuple[str, ...] = ()
    profile: str | None = None
    """Of `engine.toml` only: the profile to use when none is named."""


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
    def place(self) -> Place:
        """`nice` and `pin` as workers take them."""
        return Place(self.nice, self.pin)


def build(flags: Mapping[str, Any], *, profile: str | None = None, user: ConfigFile | None = None) -> Settings:
    """Settings from flags over a profile over the user's `engine.toml`.

    `flags` holds fields of `Settings` that were given; `limit` in it is a mapping of `LimitSettings`, `search`
    and `scoreboard` are mappings of strings. Raises ConfigError.
    """
    user = user if user is not None else load_user_config()
    chosen = load_profile(profile or user.profile or DEFAULT_PROFILE)
    # A profile that was asked for beats engine.toml; one that is only the default does not.
    layers = (user, chosen) if profile else (chosen, user)
    values: dict[str, Any] = dict(flags)
    values["limit"] = _limit([layer.limit for layer in layers], values.get("limit") or {})
    values["search"] = _convert(
        _merged(*(layer.search for layer in layers), values.get("search")), Search, "search"
    )
    values["scoreboard"] = _convert(
        _merged(*(layer.scoreboard for layer in layers), values.get("scoreboard")),
        ScoreboardSettings,
        "scoreboard",
    )
    values["evaluator_options"] = _merged(
        *(layer.evaluator_options for layer in layers), values.get("evaluator_options")
    )
    values["aggregator_options"] = _by_name(
        *(layer.aggregator for layer in layers), values.get("aggregator_options") or {}
    )
    values["writer_options"] = _by_name(*(layer.writer for layer in layers))
    for layer in reversed(layers):
        for field, found in (
            ("aggregators", layer.aggregators),
            ("evaluator", layer.evaluator),
            ("workers", layer.workers),
            ("players", layer.player),
        ):
            if found:
                values.setdefault(field, found)
    return Settings(**values)


def _merged(*layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Later layers win, key by key."""
    return {key: value for layer in layers if layer for key, value in layer.items()}


def _by_name(*layers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Options of several plugins; later layers win, key by key."""
    names = dict.fromkeys(name for layer in layers for name in layer)
    return {name: _merged(*(layer.get(name) for layer in layers)) for name in names}


def check_limit(**given: int | None) -> Limit:
    """A limit within bounds; its fields that are None are left out. Raises ConfigError."""
    found = _convert({name: value for name, value in given.items() if value is not None}, LimitSettings, "limit")
    return Limit(found.nodes, found.depth, found.time, found.multipv or 1)


def _limit(layers: list[LimitSettings | None], flags: Mapping[str, Any]) -> Limit:
    """The latest layer that says when to stop decides; MultiPV is decided by itself."""
    found = Limit(nodes=100_000)
    for layer in [*layers, _convert(flags, LimitSettings, "limit")]:
        if layer is None:
            continue
        multipv = layer.multipv or found.multipv
        if layer.nodes or layer.depth or layer.time:
            found = Limit(layer.nodes, layer.depth, layer.time, multipv)
        else:
            found = Limit(found.nodes, found.depth, found.time, multipv)
    return found


def _convert(values: Mapping[str, Any], kind: type[Any], owner: str) -> Any:
    try:
        return msgspec.convert(dict(values), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{owner}: {error}") from None


def load_user_config() -> ConfigFile:
    """The user's `engine.toml`, or an empty one. Raises ConfigError naming the file and the key."""
    path = config_dir() / "engine.toml"
    return read_config(path) if path.is_file() else ConfigFile()


def load_profile(name: str) -> ConfigFile:
    """A profile by name or path. Raises ConfigError."""
    if name.endswith(".toml") or "/" in name:
        if not Path(name).is_file():
            raise ConfigError(f"profile {name}: no such file")
        return read_config(Path(name))
    found = profiles()
    if name not in found:
        raise ConfigError(f"no profile is called {name!r}; there are {', '.join(sorted(found))}")
    return read_config(found[name])


def profiles() -> dict[str, Path]:
    """Profiles by name: those that come with the package, and the user's own, which win."""
    package = Path(__file__).parent
    # A wheel carries the folder inside the package; in a checkout it lies beside it.
    folders = [package.parent / "configs", package / "configs", config_dir() / "profiles"]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def read_config(path: Path) -> ConfigFile:
    """Read a TOML file of this kind. Raises ConfigError naming the file."""
    try:
        with open(path, "rb") as file:
            return msgspec.convert(tomllib.load(file), ConfigFile)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_TIMES = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}


def parse_count(text: str) -> int:
    """`100k`, `1M`, `1_000_000`. Raises ValueError."""
    text = text.strip().lower().replace("_", "").replace(",", "")
    unit = text[-1:] if text[-1:].isalpha() else ""
    if unit not in _UNITS:
        raise ValueError(text)
    count = float(text.removesuffix(unit)) * _UNITS[unit]
    if not 1 <= count <= MOST or count != int(count):
        raise ValueError(text)
    return int(count)


def parse_time(text: str) -> int:
    """`500ms`, `2s`, `1h` in milliseconds; a bare number is milliseconds. Raises ValueError."""
    text = text.strip().lower()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :] or "ms"
    if unit not in _TIMES or not 1 <= float(number) * _TIMES[unit] <= MOST:
        raise ValueError(text)
    return int(float(number) * _TIMES[unit])
