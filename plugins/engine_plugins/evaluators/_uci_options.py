"""The options of a UCI program: which it offers, and which values it gets. Pure functions over lines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from engine.errors import EvaluatorError
from engine_plugins.evaluators._uci_text import printable

_REFUSED = {
    "debug log file": "it would write a file wherever the value says",
    "multipv": "it is part of the limit: --multipv",
    "uci_chess960": "it follows from the position",
}
_VARIANT = "uci_variant"
_BOOKS = frozenset({"ownbook", "usebook", "useownbook", "openingbook", "useopeningbook", "bookon"})
"""Names of the switch of an opening book, in lower case and without blanks, `-` and `_`."""
_USUAL_HASH = 16
"""Megabytes that a program gets which nobody has chosen a size for."""


class UciOption(Struct, frozen=True):
    """One `option` line of the handshake."""

    name: str
    type: str
    """`check`, `spin`, `combo`, `button` or `string`."""
    default: str = ""
    min: int | None = None
    max: int | None = None
    choices: tuple[str, ...] = ()
    """The values of a `combo`."""


def parse_option(line: str) -> UciOption | None:
    """Read an `option name … type …` line; None for anything else, or a line that makes no sense."""
    words = line.split()
    if words[:2] != ["option", "name"] or "type" not in words[3:]:
        return None
    at = words.index("type", 3)
    name, kind = " ".join(words[2:at]), "".join(words[at + 1 : at + 2])
    fields = _fields(words[at + 2 :], free_text=kind == "string")
    try:
        bounds = [int(fields[key][0]) if key in fields else None for key in ("min", "max")]
    except ValueError:
        bounds = [None, None]
    default = "".join(fields.get("default", []))
    return UciOption(name, kind, default, bounds[0], bounds[1], tuple(fields.get("var", [])))


def _fields(words: list[str], *, free_text: bool) -> dict[str, list[str]]:
    """Return lists of values by keyword; the words after a keyword are one value, and keywords may repeat."""
    if free_text:
        return {"default": [" ".join(words[1:])]} if words[:1] == ["default"] else {}
    fields: dict[str, list[str]] = {}
    key = ""
    for word in words:
        if word in ("default", "min", "max", "var"):
            key = word
            fields.setdefault(key, []).append("")
        elif key:
            fields[key][-1] = f"{fields[key][-1]} {word}".strip()
    return fields


def common_options(offered: Iterable[UciOption], megabytes: int) -> dict[str, str]:
    """Return the values that every program is started with, of the options that it has.

    One thread, the hash size, no opening book: a move from a book has no score. The usual hash size becomes the
    nearest that the program takes; another one is what the user wants.

    * **offered** - the options of the program.
    * **megabytes** - the hash size.
    """
    by_name = {option.name.lower(): option for option in offered}
    values: dict[str, str] = {}
    if table := by_name.get("hash"):
        size = max(table.min or 0, min(megabytes, table.max or megabytes))
        values[table.name] = str(size if megabytes == _USUAL_HASH else megabytes)
    if threads := by_name.get("threads"):
        values[threads.name] = "1"
    for name, option in by_name.items():
        if option.type == "check" and re.sub("[ _-]", "", name) in _BOOKS:
            values[option.name] = "false"
    return values


def check_options(values: Mapping[str, str], offered: Iterable[UciOption]) -> dict[str, str]:
    """Check option values and return them with the names that the program uses.

    Programs silently ignore an unknown name or a number out of range, so this must be checked here.

    * **values** - values by option name, in any case.
    * **offered** - the options of the program.

    Raises `EvaluatorError`.
    """
    by_name = {option.name.lower(): option for option in offered}
    checked: dict[str, str] = {}
    for name, value in values.items():
        if not (name.isprintable() and value.isprintable()):
            raise EvaluatorError(f"UCI option {printable(name, 60)!r}: control characters are not allowed")
        if reason := _REFUSED.get(name.strip().lower()):
            raise EvaluatorError(f"UCI option {name!r} cannot be set: {reason}")
        if name.strip().lower() == _VARIANT and value.strip().lower() != "chess":
            raise EvaluatorError(
                f"UCI option {name!r} = {printable(value, 60)!r}: games are analysed as chess only"
            )
        option = by_name.get(name.strip().lower())
        if option is None:
            raise EvaluatorError(f"the program has no UCI option {name!r}{_nearest(name, by_name)}")
        checked[option.name] = _checked_value(option, value.strip())
    return checked


def _nearest(name: str, by_name: Mapping[str, UciOption]) -> str:
    near = difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {by_name[near[0]].name!r}?"
    return f"; it has: {printable(', '.join(option.name for option in by_name.values()), 400)}"


def _checked_value(option: UciOption, value: str) -> str:
    wrong = ""
    if option.type == "check":
        value = value.lower()
        wrong = "" if value in ("true", "false") else "true or false"
    elif option.type == "combo":
        same = {choice.lower(): choice for choice in option.choices}
        wrong = "" if value.lower() in same else "one of " + ", ".join(option.choices)
        value = same.get(value.lower(), value)
    elif option.type == "spin" and not _in_range(option, value):
        wrong = f"a whole number from {option.min} to {option.max}"
    elif option.type == "button" and value.lower() not in ("", "true"):
        wrong = "no value: it is a button"
    if wrong:
        raise EvaluatorError(
            f"UCI option {option.name!r} = {printable(value, 60)!r}: expected {printable(wrong, 300)}"
        )
    return "" if option.type == "button" else value


def _in_range(option: UciOption, value: str) -> bool:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        return False
    number = int(value)
    return (option.min is None or number >= option.min) and (option.max is None or number <= option.max)
