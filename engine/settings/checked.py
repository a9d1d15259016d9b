"""Settings that check themselves: the names of their fields, the types and the bounds of the values."""

from __future__ import annotations

import difflib
import os
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Struct, StructMeta, structs

from engine.errors import ArgumentError, ConfigError


class _NamesFields(StructMeta):
    """Says which field was probably meant by a name that is none."""

    def __call__(cls, *args: Any, **fields: Any) -> Any:  # noqa: N805 - of a metaclass
        for name in fields:
            if name not in cls.__struct_fields__:
                raise ArgumentError(f"{cls.__name__} has no {name!r}{_where(cls, name)}")
        return super().__call__(*args, **fields)


def _where(cls: StructMeta, name: str) -> str:
    """Return where a name belongs that is none of a class: in a field of it, or what was probably meant."""
    for field, default in zip(reversed(cls.__struct_fields__), reversed(cls.__struct_defaults__), strict=False):
        if isinstance(default, Struct) and name in default.__struct_fields__:
            return f"; it belongs to {field}={type(default).__name__}({name}=...)"
    return did_you_mean(name, cls.__struct_fields__)


class CheckedStruct(Struct, frozen=True, kw_only=True, metaclass=_NamesFields):
    """A struct whose values are checked when it is made, with `structs.replace` too.

    Lists become the tuples that are meant, and paths become strings. Raises `ArgumentError` for an unknown field
    and a value of a wrong type, `ConfigError` for one that is out of bounds.
    """

    plugin_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that `check_plugins` checks."""

    def check_plugins(self, name: str, value: Any) -> Any:  # noqa: ARG002 - for those that have such fields
        """Return the value of a field that may hold plugins, checked."""
        return value

    def __post_init__(self) -> None:
        kind = type(self)
        hints, defaults = _hints(kind), _defaults(kind)
        for name in kind.__struct_fields__:
            value = getattr(self, name)
            if name in defaults and value is defaults[name]:
                continue  # most are, and they were checked once
            if name in self.plugin_fields:
                checked = self.check_plugins(name, value)
            else:
                checked = check_value(name, value, hints[name], given_as=name)
            if checked is not value:
                structs.force_setattr(self, name, checked)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean 'nodes'?` for the nearest of the names, nothing when none is near."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_value(owner: str, value: Any, hint: Any, *, given_as: str | None = None) -> Any:
    """Return the value as one of type `hint`.

    * **owner** - what has the value, as messages name it.
    * **hint** - a type that msgspec knows. Values of other classes in it are only compared with the class.
    * **given_as** - *(optional)* the keyword that the value was given as, for the message.

    Raises `ArgumentError` for another type, `ConfigError` for a value that is out of bounds.
    """
    kinds = _alternatives(hint)
    if isinstance(value, os.PathLike) and str in kinds:
        value = os.fspath(value)
    if any(typing.get_origin(kind) is tuple for kind in kinds):
        if isinstance(value, str | bytes):
            example = f": {given_as}=({value!r},)" if given_as else ""
            raise ArgumentError(f"{owner}: {value!r} is a single text, and a tuple of texts is meant{example}")
        if isinstance(value, list | tuple) and str in typing.get_args(kinds[0]):
            value = tuple(os.fspath(item) if isinstance(item, os.PathLike) else item for item in value)
    if isinstance(value, Struct) and type(value) not in kinds:
        raise ArgumentError(f"{owner}: {value!r} is not {in_words(hint)}")
    try:
        # A struct passes as it is, whatever its fields are, so it is taken apart.
        converted = msgspec.convert(msgspec.to_builtins(value) if isinstance(value, Struct) else value, hint)
    except msgspec.ValidationError as error:
        reason = str(error).replace("`", "")
        reason = reason[:1].lower() + reason[1:]
        if reason.startswith("invalid enum") and " - at " not in reason:
            raise ConfigError(f"{owner}: {value!r} is not {in_words(hint)}") from None
        if any(word in reason for word in (" <= ", " >= ", " < ", " > ", "enum")):
            raise ConfigError(f"{owner}: {value!r} is not allowed: {reason}") from None
        where = f" ({reason})" if " - at " in reason or isinstance(value, dict) else ""
        raise ArgumentError(f"{owner}: {value!r} is not {in_words(hint)}{where}") from None
    return value if isinstance(value, Struct) else converted


def in_words(hint: Any) -> str:
    """Return a type as people call it: `a whole number or None`."""
    words = []
    for kind in _alternatives(hint):
        origin = typing.get_origin(kind) or kind
        if origin is typing.Literal:
            words.append(" or ".join(repr(value) for value in typing.get_args(kind)))
        elif origin in _WORDS:
            words.append(_WORDS[origin])
        else:
            words.append(f"a {getattr(origin, '__name__', origin)}")
    return " or ".join(words)


_WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "a text",
    tuple: "a tuple of texts",
    dict: "a dict",
    NoneType: "None",
}


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union, without their bounds."""
    if typing.get_origin(hint) is Annotated:
        return _alternatives(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return tuple(kind for part in typing.get_args(hint) for kind in _alternatives(part))
    return (hint,)


@cache
def _hints(kind: type[Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


@cache
def _defaults(kind: type[CheckedStruct]) -> dict[str, Any]:
    """Return the defaults of a class that check_value returns as they are, by the name of the field."""
    given = zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False)
    return {
        name: default
        for name, default in given
        if name not in kind.plugin_fields
        and isinstance(default, bool | int | float | str | tuple | NoneType)
        and check_value(name, default, _hints(kind)[name]) is default
    }
