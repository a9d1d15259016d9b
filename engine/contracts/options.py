"""Options of plugins: declared once, typed, bounded and described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from engine.errors import ConfigError

O = TypeVar("O", bound="Options")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every plugin's options. Bounds and descriptions are `Annotated[..., msgspec.Meta(...)]`."""


class NoOptions(Options, frozen=True):
    """For plugins without any."""


def build(options: type[O], values: Mapping[str, Any], owner: str) -> O:
    """Check `values` (strings from the command line or typed from TOML) and build the options.

    Raises ConfigError naming `owner`, the key and what was expected.
    """
    try:
        return msgspec.convert(dict(values), options, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{owner}: {error}") from None


def has_field(options: type[Options], name: str) -> bool:
    """Whether the options have a field of that name."""
    return name in options.__struct_fields__


class Described(msgspec.Struct, frozen=True):
    """One option, in words."""

    key: str
    type: str
    """With its bounds: `int, 1 to 100`."""
    default: str
    description: str


def describe(options: type[Options]) -> list[Described]:
    """Every option of a plugin, in the order of its declaration."""
    schema = msgspec.json.schema(options)
    properties = schema["$defs"][options.__name__]["properties"]
    return [
        Described(key, _type_in_words(of_one), _default(of_one), of_one.get("description", ""))
        for key, of_one in properties.items()
    ]


def _type_in_words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type_in_words(one) for one in schema["anyOf"])
    words = {"integer": "int", "number": "float", "string": "text", "boolean": "true | false", "null": "none"}
    name = words.get(schema.get("type", ""), schema.get("type", "any"))
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"{name}, {low} to {high}"
    return f"{name}, from {low}" if low is not None else f"{name}, up to {high}" if high is not None else name


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "", {}, []) else str(value)
