"""`/openings` is the tree of what was played from a position, `/openings/leaks` where a repertoire loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from engine.contracts.certainty import certainties, critical_value, p_value
from engine.errors import ConfigError
from engine.web.board import games_with
from engine.web.drawing import picture
from engine.web.frame import filter_of
from engine.web.played import Played
from engine.web.samples import FEW
from engine.web.site import site_of
from engine.web.store import Filter, Leak, Store, TreeMove
from engine.web.store.leaks import LEAST_LOSS
from engine.web.store.tree import starts

STARTS = 12
"""Other positions to begin with that are shown where nobody begins with the usual one."""


class Compared(Struct, frozen=True):
    """The score of a move against what the evaluation promises."""

    difference: str
    """In percentage points; empty where nothing can be compared."""
    interval: str
    """Its 95% interval; empty where none can be told."""
    verdict: str
    """What is to be made of it: a difference that is sure, likely or within chance."""
    notable: bool


def routes() -> list[BaseRoute]:
    """Return the routes of the opening tree."""
    return [Route("/openings", page), Route("/openings/leaks", leaks)]


def page(request: Request) -> Response:
    """Return the moves that were played from the position of the address, over all games of the filter."""
    site, where = site_of(request), filter_of(request)
    played = Played.from_query(request.query_params)
    if played.trouble:
        raise ConfigError(played.trouble)
    tree = site.store.tree(where, played.fen)
    of_player = tree.view == "player"
    return site.render(
        "openings.html.jinja",
        request,
        played=played,
        facts=played.facts(),
        picture=picture(played),
        tree=tree,
        of_player=of_player,
        compared=compared(tree.moves),
        whose="the player" if where.player else where.side.title() if of_player else tree.turn.title(),
        games=games_with(request, played.fen),
        games_after={move.uci: games_with(request, move.fen) for move in tree.moves},
        opening=played.opening(),
        starts=[] if tree.moves or tree.ended or played.moves else _starts(site.store, where),
    )


def _starts(store: Store, where: Filter) -> list[tuple[str, int]]:
    """Return with which other positions games begin, such as those of Chess960, and how many games do."""
    query = store.query(where)
    with store.reading() as db:
        return starts(db, query, STARTS)


def leaks(request: Request) -> Response:
    """Return the positions of the opening that cost the filter's player the most."""
    site, where = site_of(request), filter_of(request)
    found: Sequence[Leak] = site.store.leaks(where) if where.player or where.side else []
    return site.render(
        "leaks.html.jinja",
        request,
        found=found,
        least=LEAST_LOSS,
        asked=bool(where.player or where.side),
        at_most=max((leak.cost for leak in found), default=0.0),
        lines={leak.fen: _line_of(leak) for leak in found},
        games_of={leak.fen: games_with(request, leak.fen) for leak in found},
        players=site.store.people().most_frequent(12),
    )


def compared(moves: Sequence[TreeMove]) -> Mapping[str, Compared]:
    """Return what is to be said of each move's score against its evaluation, by its UCI.

    The words take into account how many moves are compared at once; a game is one observation.

    * **moves** - the moves of a position.
    """
    chances = [
        p_value(move.surplus, move.error, move.compared - 1)
        if move.surplus is not None and move.error is not None and move.compared >= FEW
        else 1.0
        for move in moves
    ]
    return {move.uci: _compare(move, word) for move, word in zip(moves, certainties(chances), strict=True)}


def _compare(move: TreeMove, certainty: str) -> Compared:
    if move.surplus is None:
        return Compared("", "", "nothing to compare", notable=False)
    difference = _signed(move.surplus)
    if move.error is None or move.compared < FEW:
        return Compared(difference, "", f"too few games ({move.compared})", notable=False)
    reach = move.error * critical_value(move.compared - 1)
    low, high = max(-100.0, move.surplus - reach), min(100.0, move.surplus + reach)
    interval = f"{_signed(low)} to {_signed(high)}"
    if certainty == "may be chance":
        return Compared(difference, interval, "within chance", notable=False)
    way = "better" if move.surplus > 0 else "worse"
    verdict = f"{way} than promised{'' if certainty == 'sure' else ', likely'}"
    return Compared(difference, interval, verdict, notable=True)


def _signed(value: float) -> str:
    """Return a whole number with its sign; none for zero."""
    return f"{value:+.0f}".replace("-0", "0").replace("+0", "0").replace("-", "−")


def _line_of(leak: Leak) -> dict[str, Any]:
    """Return the parameters of a page with the leak's position, reached by its moves where they are known."""
    sans = [word for word in leak.line.split() if not word[0].isdigit()]
    try:
        reached = Played.from_query({"moves": " ".join(sans)})
    except ConfigError:
        return {"fen": leak.fen}
    same = reached.board.fen().rsplit(" ", 2)[0] == leak.fen.rsplit(" ", 2)[0]
    return reached.parameters() if same else {"fen": leak.fen}
