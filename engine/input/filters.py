"""Which games a run takes: `--filter` and `--player`, decided on the tags before a game is parsed.

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | "eval" | "clock" | comparison
    comparison  = TAG ( "=" | "!=" | "~" | "<" | "<=" | ">" | ">=" ) VALUE

- `TAG` is a tag's name in any case; a game without that tag makes every comparison false, `!=` too.
- `VALUE` is a word, or a text in single or double quotes where a backslash takes the next character as it is.
- `=` and `!=` compare the whole value and `~` looks for a part of it, in any case.
- `<` and the like compare numbers when VALUE is a number (a tag that is none is false), else texts, so that
  `ECO >= B20 and ECO < C00` works. For a tag whose name ends in `Date` they compare only as much of the date as
  VALUE gives: `Date <= 2023` takes all of 2023. A date that is unknown that far is false.
- `eval` and `clock` are true for a game that has such comments anywhere.

    White = "Carlsen, Magnus" and WhiteElo >= 2700 and not (Event ~ blitz or Event ~ bullet)

A player is the same in `Carlsen, Magnus`, `Magnus Carlsen` and `MAGNUS  CARLSEN`: case, accents, punctuation and
extra spaces make no difference, and of a name with one comma the parts change places. `Carlsen, M` is another
name: give it as an alias.
"""

from __future__ import annotations

import functools
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from engine.errors import ConfigError
from engine.model import Color

EXAMPLE = 'WhiteElo >= 2500 and (Event ~ "olympiad" or clock)'

_Tags = Mapping[str, str]
_Test = Callable[[_Tags, bytes], bool]
"""Over tags by lower-case name, and the raw game."""

_TOKEN = re.compile(
    r"""\s*(?: (?P<open>\() | (?P<close>\)) | (?P<op><=|>=|!=|=|~|<|>)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<word>[^\s()=!~<>"']+) )""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_Order = Callable[[Any, Any], bool]
_ORDER: dict[str, _Order] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"and", "or", "not", "eval", "clock"}
_DEEPEST = 100


class Filter(Struct, frozen=True):
    """A compiled expression."""

    text: str
    """As the user wrote it."""
    test: _Test

    def matches(self, headers: Mapping[str, str], movetext: bytes) -> bool:
        """Whether the game passes. `movetext` is the raw game; only `eval` and `clock` look at it."""
        return self.test({name.lower(): value for name, value in headers.items()}, movetext)


def compile_filter(text: str) -> Filter:
    """Compile an expression. Raises ConfigError that points at the place and shows an example."""
    return Filter(text, _Parser(text).parse())


class _Token(Struct, frozen=True):
    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str | None:
        word = self.text.lower()
        return word if self.kind == "word" and word in _WORDS else None


class _Parser:
    """Recursive descent over the grammar above."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._next = 0
        self._depth = 0

    def parse(self) -> _Test:
        test = self._expression()
        if self._token.kind != "end":
            raise self._error("`and`, `or` or the end expected")
        return test

    def _scan(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while self._text[at:].strip():
            found = _TOKEN.match(self._text, at)
            if found is None:
                start = at + len(self._text[at:]) - len(self._text[at:].lstrip())
                what = "a quote that is never closed" if self._text[start] in "\"'" else "not understood"
                raise _error(self._text, start, what)
            kind = str(found.lastgroup)
            tokens.append(_Token(kind, found[kind], found.start(kind)))
            at = found.end()
        return [*tokens, _Token("end", "", len(self._text))]

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, keyword: str) -> bool:
        if self._token.keyword != keyword:
            return False
        self._next += 1
        return True

    def _expression(self) -> _Test:
        tests = [self._conjunction()]
        while self._take("or"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda tags, raw: any(test(tags, raw) for test in tests)

    def _conjunction(self) -> _Test:
        tests = [self._negation()]
        while self._take("and"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda tags, raw: all(test(tags, raw) for test in tests)

    def _negation(self) -> _Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"nested more than {_DEEPEST} deep")
        test = self._operand()
        self._depth -= 1
        return test

    def _operand(self) -> _Test:
        if self._take("not"):
            negated = self._negation()
            return lambda tags, raw: not negated(tags, raw)
        if self._take("eval"):
            return lambda _tags, raw: b"[%eval" in raw
        if self._take("clock"):
            return lambda _tags, raw: b"[%clk" in raw
        if self._token.kind == "open":
            self._next += 1
            test = self._expression()
            if self._token.kind != "close":
                raise self._error("`)` expected")
            self._next += 1
            return test
        return self._comparison()

    def _comparison(self) -> _Test:
        tag = self._token
        if tag.kind != "word" or tag.keyword:
            raise self._error("the name of a tag expected")
        self._next += 1
        op = self._token
        if op.kind != "op":
            raise self._error("one of = != ~ < <= > >= expected")
        self._next += 1
        value = self._token
        if value.kind not in ("word", "text"):
            raise self._error("a value expected; quote it when it is not one word")
        self._next += 1
        text = value.text if value.kind == "word" else re.sub(r"\\(.)", r"\1", value.text[1:-1], flags=re.DOTALL)
        return _compare(tag.text.lower(), op.text, text)

    def _error(self, what: str) -> ConfigError:
        return _error(self._text, self._token.at, what)


def _error(text: str, at: int, what: str) -> ConfigError:
    line = re.sub(r"\s", " ", text)
    return ConfigError(f"--filter: {what}\n  {line}\n  {' ' * at}^\nexample: --filter '{EXAMPLE}'")


def _compare(name: str, op: str, value: str) -> _Test:
    wanted = value.casefold()
    if op == "=":
        holds: Callable[[str], bool] = lambda tag: tag.casefold() == wanted  # noqa: E731
    elif op == "!=":
        holds = lambda tag: tag.casefold() != wanted  # noqa: E731
    elif op == "~":
        holds = lambda tag: wanted in tag.casefold()  # noqa: E731
    elif name.endswith("date"):
        holds = _by_date(_ORDER[op], value)
    elif _NUMBER.fullmatch(value):
        holds = _by_number(_ORDER[op], float(value))
    else:
        holds = lambda tag: _ORDER[op](tag.casefold(), wanted)  # noqa: E731

    def test(tags: _Tags, _raw: bytes) -> bool:
        tag = tags.get(name)
        return tag is not None and holds(tag.strip())

    return test


def _by_number(order: _Order, wanted: float) -> Callable[[str], bool]:
    return lambda tag: bool(_NUMBER.fullmatch(tag)) and order(float(tag), wanted)


def _by_date(order: _Order, value: str) -> Callable[[str], bool]:
    wanted = _dotted(value)

    def holds(tag: str) -> bool:
        known = _dotted(tag)[: len(wanted)]
        return len(known) == len(wanted) and "?" not in known and order(known, wanted)

    return holds


def _dotted(date: str) -> str:
    return re.sub(r"[-/]", ".", date.strip())


class PlayerFilter(Struct, frozen=True):
    """One player under all their names. Call it with tags: the colours they have there, maybe none, maybe both."""

    names: frozenset[str]
    """In the form that is compared."""

    def __call__(self, headers: Mapping[str, str]) -> tuple[Color, ...]:
        colors: list[Color] = []
        for name, value in headers.items():
            side = name.lower()
            if side in ("white", "black") and plain_name(value) in self.names:
                colors.append("white" if side == "white" else "black")
        return tuple(sorted(set(colors), reverse=True))


def player_filter(names: Sequence[str]) -> PlayerFilter:
    """A player's name and aliases. Raises ConfigError for a name without a letter or digit."""
    for name in names:
        if not plain_name(name):
            raise ConfigError(f"--player: {name!r} is no name; example: --player 'Carlsen, Magnus'")
    return PlayerFilter(frozenset(map(plain_name, names)))


@functools.lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """The form in which names of players are compared; empty for one without a letter or digit."""
    if name.count(",") == 1:
        last, first = name.split(",")
        name = f"{first} {last}"
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w\s]", " ", re.sub(r"['’`.]", "", bare)).casefold().split())
