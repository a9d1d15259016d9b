"""Options of plugins: declared once, typed, bounded and described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from engine.errors import ConfigError

O = TypeVar("O", bound="Options")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every plugin's options. Bounds and descriptions are `Annotated[..., msgspec.Meta(...)]`."""


class NoOptions(Options):
    """For plugins without any."""


def build(options: type[O], values: Mapping[str, Any], owner: str) -> O:
    """Check `values` (strings from the command line or typed from TOML) and build the options.

    Raises ConfigError naming `owner`, the key and what was expected.
    """
    try:
        return msgspec.convert(dict(values), options, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{owner}: {error}") from None
