"""The page that shows two filters side by side, with intervals and a word where a difference is within chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup
from msgspec import Struct, structs
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from engine.errors import ConfigError
from engine.model import Axis, Certainty, Chart, Point, Series
from engine.plugin import certainties
from engine.text.format import figure
from engine.web.filter_bar import FIELDS, Field, fields
from engine.web.frame import Frame, address, frame
from engine.web.pages.charts import Drawing, draw
from engine.web.samples import FEW, PHASES, Difference, Estimate, Sample, difference, samples
from engine.web.site import Site, site_of
from engine.web.store.filters import Filter

_SIDES = ("a", "b")
_LONGEST = 4_000
"""Characters of an address that holds a filter at most."""
_ROWS = (
    ("score", "Score", "percent"),
    ("accuracy", "Accuracy", "percent"),
    ("acpl", "ACPL, centipawns", "float"),
    ("inaccuracies", "Inaccuracies a game", "float"),
    ("mistakes", "Mistakes a game", "float"),
    ("blunders", "Blunders a game", "float"),
    *((f"lost in the {phase}", f"Win% lost by a move, {phase}", "float") for phase in PHASES),
)
"""Figure, its label and the kind of its value."""
_POINTS = {"score": " points of 100", "accuracy": " points"}
"""Units of differences of percentages, by figure, as reports have them."""
_BEHIND: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "score": ("/games", {}),
    "accuracy": ("/reports/accuracy", {}),
    "acpl": ("/reports/acpl", {}),
    **{f"lost in the {phase}": ("/moves", {"phase": phase}) for phase in PHASES},
    "inaccuracies": ("/moves", {"judgement": "inaccuracy"}),
    "mistakes": ("/moves", {"judgement": "mistake"}),
    "blunders": ("/moves", {"judgement": "blunder"}),
}
"""The page with what a figure rests on, and what it asks for unless the filter does, by figure."""
_HIGHER_IS_BETTER = frozenset({"score", "accuracy"})


def routes() -> list[BaseRoute]:
    """Return the route of this page."""
    return [Route("/compare", compare)]


class Side(Struct, frozen=True):
    """One of the two filters."""

    key: str
    words: str
    trouble: str
    """What its filter has that is not understood; empty for nothing."""
    games: int
    href: str
    """Address of the overview of its games."""
    fields: list[Field]
    kept: list[tuple[str, str]]
    """What its form keeps of the address: the other filter."""


class Line(Struct, frozen=True):
    """A figure of both sides, and how far they are apart."""

    label: str
    first: str
    second: str
    behind: tuple[str, ...]
    """Addresses of what they rest on."""
    ends: tuple[str, str]
    """The 95% intervals in words; empty for none."""
    apart: str
    apart_ends: str
    word: str
    """`sure`, `likely`, `within chance`; empty where nothing can be said."""
    better: str
    """Which side is better, `a` or `b`; empty within chance."""
    drawing: Markup
    unknown: str = "cannot be said"
    """Why there is no word."""


def compare(request: Request) -> Response:
    """Return the page, or lead to the address that has both filters whole."""
    site = site_of(request)
    around = frame(site, request)
    asked = _asked(request)
    if asked != [
        (key, value) for key, value in parse_qsl(request.url.query, keep_blank_values=True) if key in _SIDES
    ]:
        return RedirectResponse(address(around.at("/compare"), "", dict(asked)), 303)
    queries = dict(asked)
    both = [_understood(queries[key]) for key in _SIDES]
    wheres = [where for where, _ in both]
    sides = [_side(site, around, key, one, queries) for key, one in zip(_SIDES, both, strict=True)]
    is_wrong = any(side.trouble for side in sides)
    found = [samples(site.store, where) for where in wheres] if all(side.games for side in sides) else []
    return site.render(
        "compare.html.jinja",
        request,
        status=400 if is_wrong else 200,
        sides=sides,
        is_wrong=is_wrong,
        is_same=not is_wrong and wheres[0] == wheres[1],
        lines=list(_lines(around, wheres, *found)) if found else [],
        charts=[chart for chart in _charts(sides, *found) if chart is not None] if found else [],
        shortcuts=list(_shortcuts(site, around, wheres[0])),
    )


def _understood(query: str) -> tuple[Filter, str]:
    """Return the filter of a side, and what is wrong with it, in words."""
    try:
        return Filter.from_query(dict(parse_qsl(query))), ""
    except ConfigError as error:
        return Filter(), str(error)


def _asked(request: Request) -> list[tuple[str, str]]:
    """Return both filters as they stand in the address: whole, or as the fields of a form."""
    pairs = parse_qsl(request.url.query[:_LONGEST], keep_blank_values=True)
    given = dict(pairs)
    if not any(key in given or any(name.startswith(f"{key}.") for name in given) for key in _SIDES):
        return [("a", urlencode({k: v.strip() for k, v in pairs if k in FIELDS and v.strip()})), ("b", "")]
    asked = []
    for key in _SIDES:
        named = {name[2:]: value.strip() for name, value in pairs if name.startswith(f"{key}.")}
        query = urlencode({name: value for name, value in named.items() if value}) if named else given.get(key, "")
        asked.append((key, query))
    return asked


def _side(site: Site, around: Frame, key: str, understood: tuple[Filter, str], queries: Mapping[str, str]) -> Side:
    where, trouble = understood
    other = "b" if key == "a" else "a"
    values = where.values() if not trouble else dict(parse_qsl(queries[key]))
    return Side(
        key,
        where.words() if not trouble else "",
        trouble,
        site.store.count(where) if not trouble else 0,
        around.of("/", where.to_query(), {}),
        fields(values, site.offered, f"{key}."),
        [(other, queries[other])],
    )


# -- the figures --------------------------------------------------------------------------------------------


class _Row(Struct, frozen=True):
    """A figure of both sides before it is put in words."""

    name: str
    label: str
    kind: str
    first: Estimate
    second: Estimate
    apart: Difference

    @property
    def games(self) -> int:
        """Games of the smaller side."""
        return min(self.first.games, self.second.games)


def _lines(
    around: Frame, wheres: Sequence[Filter], first: Mapping[str, Sample], second: Mapping[str, Sample]
) -> Iterator[Line]:
    none = Sample({})
    rows = []
    for name, label, kind in _ROWS:
        a, b = first.get(name, none), second.get(name, none)
        apart, ends = difference(a, b), (a.estimate(), b.estimate())
        if apart is not None and ends[0] is not None and ends[1] is not None:
            rows.append(_Row(name, label, kind, ends[0], ends[1], apart))
    compared = [row for row in rows if row.games >= FEW]
    words = certainties([row.apart.p for row in compared])
    certain = {row.name: certainty for row, certainty in zip(compared, words, strict=True)}
    for row in rows:
        line = _line(row, certain[row.name]) if row.name in certain else _uncertain(row)
        yield structs.replace(line, behind=tuple(_behind(around, where, row.name) for where in wheres))


def _behind(around: Frame, where: Filter, name: str) -> str:
    """Return the address of the games or moves that a figure rests on."""
    path, asked = _BEHIND[name]
    own = {field: value for field, value in asked.items() if not getattr(where, field)}
    return around.of(path, structs.replace(where, **own).to_query(), {})


def _uncertain(row: _Row) -> Line:
    """Return the line of a figure of too few games: what it is, and nothing of how certain."""
    line = _line(row, "may be chance")
    return structs.replace(line, apart_ends="", word="", unknown=f"too few games ({row.games})")


def _line(row: _Row, certainty: Certainty) -> Line:
    a, b, kind = row.first, row.second, row.kind
    apart, low, high = row.apart.value, row.apart.low, row.apart.high
    chance = certainty == "may be chance"
    higher, lower = ("a", "b") if apart > 0 else ("b", "a")
    return Line(
        label=row.label,
        first=figure(a.value, kind),
        second=figure(b.value, kind),
        behind=(),
        ends=(_between(a, kind), _between(b, kind)),
        apart=_signed(apart, kind) + _POINTS.get(row.name, ""),
        apart_ends="" if low is None or high is None else f"{_signed(low, kind)} to {_signed(high, kind)}",
        word="" if low is None else "within chance" if chance else certainty,
        better="" if chance else higher if row.name in _HIGHER_IS_BETTER else lower,
        drawing=_whiskers((a, b)),
    )


def _between(one: Estimate, kind: str) -> str:
    """Return an interval in words; empty where games do not differ at all."""
    if one.low is None or one.high is None:
        return "too few games" if one.games < FEW else ""
    return f"{figure(one.low, kind)} to {figure(one.high, kind)}"


def _signed(value: float, kind: str) -> str:
    """Return a difference with its sign, of percentages without theirs: it is in points."""
    text = figure(abs(value), kind).rstrip("%")
    return text if not text.strip("0.") else f"{'+' if value > 0 else '−'}{text}"


def _whiskers(both: tuple[Estimate, Estimate]) -> Markup:
    """Return a drawing of both intervals above each other, on one scale."""
    ends = [end for one in both for end in (one.low, one.value, one.high) if end is not None]
    low, high = min(ends), max(ends)
    room = (high - low) or 1.0

    def across(value: float) -> float:
        return round(6 + 108 * (min(max(value, low), high) - low) / room, 1)

    parts = []
    for k, one in enumerate(both):
        y = 8 + 12 * k
        if one.low is not None and one.high is not None:
            parts.append(
                Markup('<path class="stroke s{}" d="M{} {y}H{}"/>').format(
                    k, across(one.low), across(one.high), y=y
                )
            )
        parts.append(Markup('<circle class="fill s{}" cx="{}" cy="{}" r="4"/>').format(k, across(one.value), y))
    return Markup('<svg class="whiskers" viewBox="0 0 120 28" aria-hidden="true">{}</svg>').format(
        Markup("").join(parts)
    )


def _charts(
    sides: list[Side], first: Mapping[str, Sample], second: Mapping[str, Sample]
) -> Iterator[Drawing | None]:
    groups = (
        ("phases", "Win% lost by a move", "Win% lost", [(f"lost in the {phase}", phase) for phase in PHASES]),
        (
            "judgements",
            "Errors in a game",
            "Errors",
            [(name, name) for name in ("inaccuracies", "mistakes", "blunders")],
        ),
    )
    for key, title, upward, names in groups:
        series = []
        for side, found in zip(sides, (first, second), strict=True):
            estimates = [(label, found[name].estimate()) for name, label in names if name in found]
            points = (Point(label, one.value, one.low, one.high, one.games) for label, one in estimates if one)
            series.append(Series(f"{side.key.upper()}: {side.words}", tuple(points)))
        reading = "With 95% intervals by the game."
        chart = Chart(key, title, "bars", Axis("", "text"), Axis(upward), tuple(series), reading)
        yield draw("compare", chart, lambda _game, _ply: "")


# -- shortcuts ----------------------------------------------------------------------------------------------


def _shortcuts(site: Site, around: Frame, where: Filter) -> Iterator[tuple[str, str]]:
    """Yield the label and the address of comparisons that are often wanted."""
    players = site.store.players()
    base = where if where.player or not players else structs.replace(where, player=players[0])
    year = site.store.summary(structs.replace(base, since="", until="")).until[:4]

    def to(a: Filter, b: Filter) -> str:
        return address(around.at("/compare"), "", {"a": a.to_query(), "b": b.to_query()})

    if year.isdigit():
        now, then = (structs.replace(base, since=each, until=each) for each in (year, str(int(year) - 1)))
        yield f"{year} and {int(year) - 1}", to(now, then)
    white, black = (structs.replace(base, side=side) for side in ("white", "black"))
    yield "White and Black", to(white, black)
    if base.player:
        for side, other in (("white", "black"), ("black", "white")):
            mine = structs.replace(base, side=side, opponent="", result="")
            theirs = structs.replace(mine, player="", side=other, opponent=base.player, rating="")
            yield f"{base.player} as {side.title()} and the opponents", to(mine, theirs)
        yield f"{base.player} and everybody", to(base, structs.replace(base, player="", side="", result=""))
