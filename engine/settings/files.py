"""Where settings come from: flags, ENGINE_* variables, a profile, `engine.toml`.

Earlier ones win. A profile is a TOML file of `configs/`, or any file the user names; `engine.toml` lies in the
user's configuration folder. Nothing is ever read from beside the input.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from engine.errors import ConfigError
from engine.model import Limit
from engine.settings.types import LimitSettings, ScoreboardSettings, Search, Settings
from engine.system.paths import config_dir

DEFAULT_PROFILE = "standard"


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
    package = Path(__file__).parents[1]
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
