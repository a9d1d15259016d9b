"""Options of plugins: declared once, typed, bounded and described."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from engine.errors import ConfigError
from engine.text.numbers import parse_count

PluginOptions = TypeVar("PluginOptions", bound="Options")

_UNITS = ("k", "m", "g")
"""Ends of numbers such as `100k`."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base class of every plugin's options.

    Each field is an option. Bounds and the description are given as
    `Annotated[int, msgspec.Meta(ge=1, description="...")]`.
    """


class NoOptions(Options, frozen=True):
    """Options of a plugin that has none."""


def parse_options(options: type[PluginOptions], values: Mapping[str, Any], owner: str) -> PluginOptions:
    """Check option values and build the options from them.

    * **options** - the plugin's class of options.
    * **values** - values by key: strings from the command line, or typed values from TOML. A string may give a
      whole number with a unit: `100k`.
    * **owner** - the plugin as error messages name it: `aggregator accuracy`.

    Raises `ConfigError` that names the owner, the key and the expected value.
    """
    fields = options.__struct_encode_fields__
    for key in values:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            there = (
                f"did you mean `{near[0]}`?"
                if near
                else f"there are {', '.join(fields)}"
                if fields
                else "it has none"
            )
            raise ConfigError(f"{owner} has no option `{key}`; {there}")
    try:
        return msgspec.convert(_with_counts(options, values), options, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{owner}: {error}") from None


def _with_counts(options: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with `100k` written out where an option is a whole number."""
    written_out = dict(values)
    for key in [key for key, value in values.items() if isinstance(value, str) and value[-1:].lower() in _UNITS]:
        if _properties(options)[key].get("type") == "integer":
            with contextlib.suppress(ValueError):
                written_out[key] = parse_count(values[key])
    return written_out


def has_field(options: type[Options], name: str) -> bool:
    """Return whether the options have a field with this name."""
    return name in options.__struct_fields__


class Described(msgspec.Struct, frozen=True):
    """Description of one option for people."""

    key: str
    type: str
    """The type with its bounds: `int, 1 to 100`."""
    default: str
    """The default value; empty when there is nothing to show."""
    description: str


def describe(options: type[Options]) -> list[Described]:
    """Describe every option of a plugin, in the order of declaration."""
    return [
        Described(key, _type_in_words(field), _default(field), field.get("description", ""))
        for key, field in _properties(options).items()
    ]


def _properties(options: type[Options]) -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each option."""
    properties: dict[str, dict[str, Any]] = msgspec.json.schema(options)["$defs"][options.__name__]["properties"]
    return properties


def _type_in_words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type_in_words(alternative) for alternative in schema["anyOf"])
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
