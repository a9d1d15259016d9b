"""`--filter` and `--player`: which games a run takes, decided on the tags before a game is parsed.

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | "eval" | "clock" | comparison
    comparison  = operand ( "=" | "!=" | "~" | "<" | "<=" | ">" | ">=" ) VALUE
    operand     = TAG | "speed" | "my" ( "result" | "color" | "rating" ) | "opponent" ( "name" | "rating" )

- `TAG` is a tag's name in any case; a game without that tag makes every comparison false, `!=` too.
- `VALUE` is a word, or a text in single or double quotes, in which a backslash escapes the next character.
- `=` and `!=` compare the whole value and `~` looks for a part of it; upper and lower case are the same.
- `<`, `<=`, `>` and `>=` compare numbers when VALUE is a number; the comparison is false for a tag that is not a
  number. Otherwise they compare texts, so that `ECO >= B20 and ECO < C00` works. For a tag whose name ends in
  `Date` they compare only as much of the date as VALUE gives: `Date <= 2023` takes all of 2023. The comparison is
  false for a date that is not known that precisely.
- `Result` is the result of the game, also where the tag has it in another spelling or only the end of the moves
  says it.
- `eval` and `clock` are true for a game that has such comments anywhere.
- `speed` is no tag but the game's speed by Lichess's rule: `speed = blitz`, `speed >= rapid`. The speeds are
  ultrabullet, bullet, blitz, rapid, classical and correspondence; the comparison is false where the time control
  is not known.
- `my result` is `win`, `loss` or `draw`, `my color` is `white` or `black`, and `my rating`, `opponent rating` and
  `opponent name` are the tags of the sides: all from the view of `--player`, without whom they are refused. In a
  game between two names of the player, either side may fulfil the comparison.

    my result = loss and opponent rating < 1500 and speed = blitz
    White = "Carlsen, Magnus" and WhiteElo >= 2700 and not (Event ~ blitz or Event ~ bullet)

`engine.model.names` says which names are the same player.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from engine.errors import ConfigError
from engine.input.folded import Folded
from engine.input.speeds import speed_of
from engine.model import SPEED_NAMES, Color
from engine.model.names import plain_name

EXAMPLE_OF_MINE = "--player NAME --filter 'my result = loss and my color = black'"
EXAMPLE = 'WhiteElo >= 2500 and (Event ~ "olympiad" or clock)'

_Tags = Mapping[str, str]
_Test = Callable[[_Tags, bytes], bool]
"""A compiled expression: takes the tags by lower-case name and the raw game."""

_TOKEN = re.compile(
    r"""\s*(?: (?P<open>\() | (?P<close>\)) | (?P<op><=|>=|!=|=|~|<|>)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<word>[^\s()=!~<>"']+) )""",
    re.VERBOSE | re.DOTALL,
)
_PROVISIONAL = re.compile(r"(?<=\d)\s*[?P]$")
"""The mark behind a rating that rests on few games."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_Order = Callable[[Any, Any], bool]
_ORDER: dict[str, _Order] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EVALUATIONS = re.compile(rb'\[%ev(?:al|p)|\{[^{}]*?(?:\bwv=|\d/\d+,? \d)|"analysis":\s*\[')
_KEYWORDS = {"and", "or", "not", "eval", "clock"}
_SIDES: Mapping[str, tuple[str, ...]] = {"my": ("result", "color", "rating"), "opponent": ("name", "rating")}
"""What can be compared from the view of `--player`."""
_SIDE_WORDS: Mapping[str, tuple[str, ...]] = {
    "my result": ("win", "loss", "draw"),
    "my color": ("white", "black"),
}
_OUTCOMES: Mapping[Color, Mapping[str, str]] = {
    "white": {"1-0": "win", "0-1": "loss", "1/2-1/2": "draw"},
    "black": {"1-0": "loss", "0-1": "win", "1/2-1/2": "draw"},
}
"""Results from the view of each colour."""
_MAX_DEPTH = 100
_REMEMBERED = 8_192  # numbers and dates of which a comparison keeps whether it holds: a database has few of them


class Filter(Struct, frozen=True):
    """A compiled expression."""

    text: str
    """The expression as the user wrote it."""
    test: _Test
    """The compiled expression."""
    asks_result: bool = False
    """Whether it compares the tag `Result`, which means the result of the game."""
    asks_moves: bool = False
    """Whether the tags alone may not decide: it looks at comments of the moves, or at the clocks for the speed."""
    tags: frozenset[str] = frozenset()
    """Names of the tags that it compares, as the user wrote them."""

    def matches(self, headers: Mapping[str, str], movetext: bytes) -> bool:
        """Return whether a game passes.

        * **headers** - the tags of the game.
        * **movetext** - the raw game; only `eval` and `clock` look at it.
        """
        return self.test(Folded(headers), movetext)


def compile_filter(text: str, player: PlayerFilter | None = None) -> Filter:
    """Compile an expression.

    * **text** - the expression as the user wrote it.
    * **player** - *(optional)* who `my` is.

    Raises `ConfigError` that points at the mistake and shows an example.
    """
    parser = _Parser(text, player)
    return Filter(text, parser.parse(), parser.asks_result, parser.asks_moves, frozenset(parser.tags))


class _Token(Struct, frozen=True):
    kind: str
    text: str
    column: int
    """Offset in the expression, 0-based."""

    @property
    def keyword(self) -> str | None:
        word = self.text.lower()
        return word if self.kind == "word" and word in _KEYWORDS else None


class _Parser:
    """Recursive descent parser for the grammar in the docstring of this module."""

    def __init__(self, text: str, player: PlayerFilter | None) -> None:
        self._text = text
        self._player = player
        self.tags: set[str] = set()
        self._tokens = self._scan()
        self._next = 0
        self._depth = 0
        self.asks_result = self.asks_moves = False

    def parse(self) -> _Test:
        test = self._expression()
        if self._token.kind != "end":
            raise self._error("`and`, `or` or the end expected")
        return test

    def _scan(self) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        while rest := self._text[position:].lstrip():
            match = _TOKEN.match(self._text, position)
            if match is None:
                problem = "a quote that is never closed" if rest[0] in "\"'" else "not understood"
                raise _error(self._text, len(self._text) - len(rest), problem)
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            position = match.end()
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
        return _combined(tests, until=True)

    def _conjunction(self) -> _Test:
        tests = [self._negation()]
        while self._take("and"):
            tests.append(self._negation())
        return _combined(tests, until=False)

    def _negation(self) -> _Test:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"nested more than {_MAX_DEPTH} deep")
        test = self._operand()
        self._depth -= 1
        return test

    def _operand(self) -> _Test:
        if self._take("not"):
            negated = self._negation()
            return lambda tags, raw: not negated(tags, raw)
        if self._token.keyword in ("eval", "clock"):
            self.asks_moves = True
        if self._take("eval"):
            return lambda _tags, raw: bool(_EVALUATIONS.search(raw))
        if self._take("clock"):
            return lambda _tags, raw: b"[%clk" in raw or b'"clocks":[' in raw
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
        side = self._side(tag)
        op = self._token
        if op.kind != "op":
            raise self._error("one of = != ~ < <= > >= expected")
        self._next += 1
        value = self._token
        if value.kind not in ("word", "text"):
            raise self._error("a value expected; quote it when it is not one word")
        self._next += 1
        text = value.text if value.kind == "word" else re.sub(r"\\(.)", r"\1", value.text[1:-1], flags=re.DOTALL)
        if side is not None:
            return self._of_player(side, op.text, text)
        self.asks_result = self.asks_result or tag.text.lower() == "result"
        if tag.text.lower() == "speed":
            return self._speed(op.text, text)
        self.tags.add(tag.text)
        return _compare(tag.text.lower(), op.text, text)

    def _side(self, owner: _Token) -> str | None:
        """Return `my result` and the like where that stands here; None for the name of a tag."""
        name = owner.text.lower()
        if name not in _SIDES or self._token.kind != "word":
            return None
        if self._player is None:
            self._next -= 1
            raise self._error(f"`{name}` needs to know whose games these are: --player NAME")
        field = self._token.text.lower()
        if field not in _SIDES[name]:
            raise self._error(f"`{name}` with one of {', '.join(_SIDES[name])} expected")
        self._next += 1
        return f"{name} {field}"

    def _of_player(self, side: str, op: str, value: str) -> _Test:
        words = _SIDE_WORDS.get(side)
        if words is not None and (value.lower() not in words or op not in ("=", "!=")):
            self._next -= 1
            raise self._error(f"`{side}` with = or != and one of {', '.join(words)} expected")
        assert self._player is not None
        self.asks_result = self.asks_result or side == "my result"
        return _compare_side(side, op, value, self._player)

    def _speed(self, op: str, value: str) -> _Test:
        wanted = value.lower()
        if wanted not in SPEED_NAMES or op == "~":
            self._next -= 1
            raise self._error(f"`speed` with one of = != < <= > >= and one of {', '.join(SPEED_NAMES)} expected")
        self.asks_moves = True
        order = {"=": operator.eq, "!=": operator.ne, **_ORDER}[op]
        rank = SPEED_NAMES.index(wanted)

        def test(tags: _Tags, raw: bytes) -> bool:
            speed = speed_of(tags, raw)
            return speed is not None and order(SPEED_NAMES.index(speed), rank)

        return test

    def _error(self, problem: str) -> ConfigError:
        return _error(self._text, self._token.column, problem)


def _error(text: str, column: int, problem: str) -> ConfigError:
    line = re.sub(r"\s", " ", text)
    example = EXAMPLE_OF_MINE if re.search(r"\b(?:my|opponent)\b", line) else f"--filter '{EXAMPLE}'"
    return ConfigError(f"--filter: {problem}\n  {line}\n  {' ' * column}^\nexample: {example}")


def _combined(tests: Sequence[_Test], *, until: bool) -> _Test:
    """Return a test that goes through others until one has that outcome, without a generator for each game."""
    if len(tests) == 1:
        return tests[0]

    def test(tags: _Tags, raw: bytes) -> bool:
        for one in tests:
            if one(tags, raw) == until:
                return until
        return not until

    return test


def _compare(name: str, op: str, value: str) -> _Test:
    folded = value.casefold()
    if op == "=":
        holds: Callable[[str], bool] = lambda tag: tag.casefold() == folded  # noqa: E731
    elif op == "!=":
        holds = lambda tag: tag.casefold() != folded  # noqa: E731
    elif op == "~":
        holds = lambda tag: folded in tag.casefold()  # noqa: E731
    elif name.endswith("date"):
        holds = lru_cache(_REMEMBERED)(_by_date(_ORDER[op], value))
    elif _NUMBER.fullmatch(value):
        holds = lru_cache(_REMEMBERED)(_by_number(_ORDER[op], float(value)))
    else:
        holds = lambda tag: _ORDER[op](tag.casefold(), folded)  # noqa: E731

    def test(tags: _Tags, _raw: bytes) -> bool:
        tag = tags.get(name)
        return tag is not None and holds(tag.strip())

    return test


def _compare_side(side: str, op: str, value: str, player: PlayerFilter) -> _Test:
    """Return a comparison from the view of a player, who may have either side of a game, or both."""
    compare = {color: _compare(_tag_of(side, color), op, value) for color in ("white", "black")}

    def test(tags: _Tags, raw: bytes) -> bool:
        for color in player(tags):
            if side == "my color":
                holds = (color == value.lower()) == (op == "=")
            elif side == "my result":
                outcome = _OUTCOMES[color].get(tags.get("result", "").strip())
                holds = outcome is not None and (outcome == value.lower()) == (op == "=")
            else:
                holds = compare[color](tags, raw)
            if holds:
                return True
        return False

    return test


def _tag_of(side: str, color: Color) -> str:
    """Return the tag, in lower case, that has a name or rating in the view of one colour."""
    owner, _, field = side.partition(" ")
    whose = color if owner == "my" else "black" if color == "white" else "white"
    return whose + ("elo" if field == "rating" else "")


def _by_number(order: _Order, number: float) -> Callable[[str], bool]:
    def holds(tag: str) -> bool:
        tag = _PROVISIONAL.sub("", tag)
        return bool(_NUMBER.fullmatch(tag)) and order(float(tag), number)

    return holds


def _by_date(order: _Order, value: str) -> Callable[[str], bool]:
    date = _dotted(value)

    def holds(tag: str) -> bool:
        known = _dotted(tag)[: len(date)]
        return len(known) == len(date) and "?" not in known and order(known, date)

    return holds


def _dotted(date: str) -> str:
    """Return the date with dots between its parts, as PGN writes it."""
    return re.sub(r"[-/]", ".", date.strip())


class PlayerFilter(Struct, frozen=True):
    """One player under all their names. Called with the tags of a game, it returns the colours the player has."""

    names: frozenset[str]
    """Name and aliases, in the form of `plain_name`."""

    def __call__(self, headers: Mapping[str, str]) -> tuple[Color, ...]:
        """Return the colours of the player in a game: none, one, or both.

        * **headers** - the tags of the game.
        """
        colors: list[Color] = []
        for name in headers:
            side = name.lower()
            if side in ("white", "black") and plain_name(headers[name]) in self.names:
                colors.append("white" if side == "white" else "black")
        return tuple(sorted(set(colors), reverse=True))


def player_filter(names: Sequence[str]) -> PlayerFilter:
    """Return the filter for one player.

    * **names** - the player's name and aliases.

    Raises `ConfigError` for a name without a letter or digit.
    """
    for name in names:
        if not plain_name(name):
            raise ConfigError(f"--player: {name!r} is no name; example: --player 'Carlsen, Magnus'")
    return PlayerFilter(frozenset(map(plain_name, names)))
