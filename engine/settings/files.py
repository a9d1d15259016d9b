"""Settings from flags, ENGINE_* variables, a profile and `engine.toml`.

The earlier of these win. A profile is a TOML file in `configs/`, or any file the user names; `engine.toml` lies in
the user's configuration folder. Nothing is ever read from the folder of the input.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Struct

from engine.errors import ConfigError
from engine.model import Limit
from engine.settings.checked import check_value
from engine.settings.types import LimitSettings, ScoreboardSettings, Search, Settings
from engine.system.paths import config_dir

DEFAULT_PROFILE = "standard"
"""Name of the profile that is used when none is named."""


class ConfigFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Contents of a profile or `engine.toml`; every key is optional."""

    summary: str = ""
    """Purpose of the profile, in one line."""
    limit: LimitSettings | None = None
    """Limit of each search; None: not set here."""
    aggregators: tuple[str, ...] | None = None
    """Names of the aggregators; None: not set here."""
    aggregator: dict[str, dict[str, Any]] = {}
    """Options of aggregators, by the aggregator's name."""
    writer: dict[str, dict[str, Any]] = {}
    """Options of writers, by the writer's name."""
    search: dict[str, Any] = {}
    """Fields of `Search`."""
    scoreboard: dict[str, Any] = {}
    """Fields of `ScoreboardSettings`."""
    evaluator: str | None = None
    """Name or path of the evaluator; None: not set here."""
    evaluator_options: dict[str, Any] = {}
    """Options of the evaluator."""
    executor: str | None = None
    """Name of the executor; None: not set here."""
    executor_options: dict[str, Any] = {}
    """Options of that executor; another one that is named elsewhere does not get them."""
    workers: Annotated[int, Meta(ge=1)] | None = None
    """Number of workers; None: not set here."""
    player: tuple[str, ...] = ()
    """Name and aliases of a player."""
    players: dict[str, tuple[str, ...]] = {}
    """Other names of players, by the name that is to stand for all of them."""
    encoding: str | None = None
    """Text encoding of the inputs; None: not set here."""
    shard: str | None = None
    """Share of the games by their numbers; None: not set here."""
    profile: str | None = None
    """Profile to use when none is named; only in `engine.toml`."""


def build_settings(
    flags: Mapping[str, Any], *, profile: str | None = None, user: ConfigFile | None = None
) -> Settings:
    """Return the settings from flags over a profile over the user's `engine.toml`.

    * **flags** - the fields of `Settings` that were given; `limit`, `search` and `scoreboard` map the fields
      of their types to numbers or strings.
    * **profile** - *(optional)* name or path of a profile, which then wins over `engine.toml`.
    * **user** - *(optional)* the contents of `engine.toml`; the user's own is read when it is not given.

    Raises `ConfigError` for a profile that does not exist and for a value that is not allowed.
    """
    user = user if user is not None else load_user_config()
    profile_config = load_profile(profile or user.profile or DEFAULT_PROFILE)
    # A profile that was asked for beats engine.toml; one that is only the default does not.
    layers = (user, profile_config) if profile else (profile_config, user)
    values: dict[str, Any] = dict(flags)
    values["limit"] = _merged_limit([layer.limit for layer in layers], values.get("limit") or {})
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
    values["aggregator_options"] = _merged_by_name(
        *(layer.aggregator for layer in layers), values.get("aggregator_options") or {}
    )
    ours = {user.player[0]: user.player[1:]} if len(user.player) > 1 else {}
    values["same"] = _same(ours, *(layer.players for layer in layers), values.get("same") or {})
    values["writer_options"] = _merged_by_name(*(layer.writer for layer in layers))
    for layer in reversed(layers):
        for field, value in (
            ("aggregators", layer.aggregators),
            ("evaluator", layer.evaluator),
            ("executor", layer.executor),
            ("workers", layer.workers),
            ("players", layer.player),
            ("encoding", layer.encoding),
            ("shard", layer.shard),
        ):
            if value:
                values.setdefault(field, value)
    values["plugin_options"] = _merged_by_name(
        *({values["executor"]: layer.executor_options} for layer in layers if _is_for(layer, values)),
        values.get("plugin_options") or {},
    )
    return Settings(**values)


def _is_for(layer: ConfigFile, values: Mapping[str, Any]) -> bool:
    """Return whether a layer has options for the executor of the run."""
    return bool(layer.executor_options) and layer.executor == values.get("executor")


def _merged(*layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the layers as one mapping; later layers win, key by key."""
    return {key: value for layer in layers if layer for key, value in layer.items()}


def _merged_by_name(*layers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the options of several plugins by name; later layers win, key by key."""
    names = dict.fromkeys(name for layer in layers for name in layer)
    return {name: _merged(*(layer.get(name) for layer in layers)) for name in names}


def _same(*layers: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the other names of each player in all layers."""
    names: dict[str, tuple[str, ...]] = {}
    for player, others in (item for layer in layers for item in layer.items()):
        names[player] = (*names.get(player, ()), *others)
    return names


def check_limit(**fields: int | None) -> Limit:
    """Return a limit whose fields are within their bounds.

    * **fields** - the fields of `Limit`; those that are None are left out.

    Raises `ArgumentError` for what is no number, `ConfigError` for a value out of bounds.
    """
    hints = get_type_hints(LimitSettings, include_extras=True)
    limit = {name: check_value(f"limit: {name}", value, hints[name]) for name, value in fields.items()}
    return Limit(**{name: value for name, value in limit.items() if value is not None})


def _merged_limit(layers: list[LimitSettings | None], flags: Mapping[str, Any]) -> Limit:
    """Return the limit of the last layer that sets one, with the MultiPV of the last layer that sets it."""
    limit = Limit(nodes=100_000)
    for layer in [*layers, _convert(flags, LimitSettings, "limit")]:
        if layer is None:
            continue
        multipv = layer.multipv or limit.multipv
        if layer.nodes or layer.depth or layer.time:
            limit = Limit(layer.nodes, layer.depth, layer.time, multipv)
        else:
            limit = Limit(limit.nodes, limit.depth, limit.time, multipv)
    return limit


def _convert(values: Mapping[str, Any], kind: type[Any], owner: str) -> Any:
    try:
        return msgspec.convert(dict(values), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{owner}: {error}") from None


def load_user_config() -> ConfigFile:
    """Return the user's `engine.toml`, or an empty one. Raises `ConfigError` that names the file and the key."""
    path = config_dir() / "engine.toml"
    return read_config(path) if path.is_file() else ConfigFile()


def load_profile(name: str) -> ConfigFile:
    """Read a profile.

    * **name** - the name of a profile, or the path of a TOML file.

    Raises `ConfigError` when it does not exist or cannot be read.
    """
    if name.endswith(".toml") or "/" in name:
        if not Path(name).is_file():
            raise ConfigError(f"profile {name}: no such file")
        return read_config(Path(name))
    paths = profiles()
    if name not in paths:
        raise ConfigError(f"no profile is called {name!r}; there are {', '.join(sorted(paths))}")
    return read_config(paths[name])


def profiles() -> dict[str, Path]:
    """Return the paths of all profiles by name; the user's own win over those of the package."""
    package = Path(__file__).parents[1]
    # A wheel carries the folder inside the package; in a checkout it lies beside it.
    folders = [package.parent / "configs", package / "configs", config_dir() / "profiles"]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def read_config(path: Path) -> ConfigFile:
    """Read a profile or `engine.toml`.

    * **path** - the TOML file.

    Raises `ConfigError` that names the file and the mistake.
    """
    try:
        with open(path, "rb") as file:
            return msgspec.convert(tomllib.load(file), ConfigFile)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
