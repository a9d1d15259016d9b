"""Options of plugins: declared once, typed, bounded and described."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from engine.errors import ConfigError

PluginOptions = TypeVar("PluginOptions", bound="Options")


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
    * **values** - values by key: strings from the command line, or typed values from TOML.
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
        return msgspec.convert(dict(values), options, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{owner}: {error}") from None


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
    schema = msgspec.json.schema(options)
    properties = schema["$defs"][options.__name__]["properties"]
    return [
        Described(key, _type_in_words(field), _default(field), field.get("description", ""))
        for key, field in properties.items()
    ]


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
