"""The parts of a page in the order in which they are written: head, games, foot."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from engine.model import AnalysedGame, Color
from engine.text.format import count
from engine.text.json import encode
from engine.web.pages.finder import escaped
from engine.web.pages.names import names_of
from engine.web.pages.pieces import symbols
from engine.web.pages.record import record
from engine.web.pages.trainer.cards import Deck

_TRAINER = tuple(f"trainer/script/{name}.js" for name in ("fsrs", "progress", "moves", "field", "deck", "trainer"))
_REPORT = ("position", "export", "board", "graphs", "game", "lines", "drill", "tree", "tables", "finder")
_MAIN = tuple(f"script/{name}.js" for name in ("route", "controls", "paper", "main"))
_PLAIN_SCRIPTS = (*(f"script/{name}.js" for name in _REPORT), *_MAIN)
_SCRIPTS = (*_PLAIN_SCRIPTS[: -len(_MAIN)], *_TRAINER, *_MAIN)
_TRAINER_SCRIPTS = ("script/position.js", "script/board.js", *_TRAINER, "trainer/script/alone.js")
_PLAIN_STYLES = ("style.css", "answers.css", "tree.css")
_STYLES = (*_PLAIN_STYLES, "trainer/trainer.css")
_TRAINER_STYLES = ("style.css", "trainer/trainer.css")
_BUFFERED = 1_000
"""Parts of the template's output that are passed on at once."""
_FOLDER = resources.files(__package__)


def head(*, has_trainer: bool = True, **values: Any) -> bytes:
    """Return everything before the first game: policy, style, script, the empty game page."""
    styles, scripts = (_STYLES, _SCRIPTS) if has_trainer else (_PLAIN_STYLES, _PLAIN_SCRIPTS)
    return _render("head.html.jinja", **_code(_style(styles), _script(scripts)), **values)


def trainer(deck: Deck, **values: Any) -> bytes:
    """Return the page that is the trainer alone."""
    code = _code(_style(_TRAINER_STYLES), _script(_TRAINER_SCRIPTS))
    return _render("trainer/alone.html.jinja", deck=deck, data=_cards(deck), **code, **values)


def _code(style: str, script: str) -> dict[str, Any]:
    """Return the policy that allows a style and a script and nothing else, and what it allows."""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
    return {"policy": policy, "style": Markup(style), "script": Markup(script), "symbols": Markup(symbols())}  # noqa: S704 - our own files


def _cards(deck: Deck) -> Markup:
    return Markup(escaped(encode(deck.cards)))  # noqa: S704 - escaped


def index(**values: Any) -> bytes:
    """Return the page that links the reports of all players. It has no script."""
    policy = f"default-src 'none'; style-src {_hash(_style(_PLAIN_STYLES))}; base-uri 'none'; form-action 'none'"
    return _render("handouts.html.jinja", policy=policy, style=Markup(_style(_PLAIN_STYLES)), **values)  # noqa: S704 - our own file


def row(game: AnalysedGame) -> bytes:
    """Return a row of the list of games, with the data of the game's page inside."""
    fields = {
        "n": game.origin.game,
        "names": names_of(game),
        "ratings": [game.rating("white"), game.rating("black")],
        "result": "" if game.epd is not None else game.result,
        "opening": game.opening,
        "date": game.date.replace(".", "-"),
        "moves": (len(game.plies) + 1) // 2,
        "sides": [_side(game, "white"), _side(game, "black")],
        "data": Markup(escaped(encode(record(game)))),  # noqa: S704 - escaped
    }
    return _render("row.html.jinja", **fields)


def _side(game: AnalysedGame, color: Color) -> dict[str, Any]:
    side = game.side(color)
    return {"accuracy": side.accuracy, "errors": (side.inaccuracies, side.mistakes, side.blunders)}


def foot(deck: Deck | None = None, **values: Any) -> Iterator[bytes]:
    """Yield everything after the last game, by the piece: tables may be long."""
    data = _cards(deck) if deck is not None else None
    pieces = _environment().get_template("foot.html.jinja").stream(deck=deck, cards=data, **values)
    pieces.enable_buffering(_BUFFERED)
    for piece in pieces:
        yield piece.encode("utf-8", "replace")


def _render(template: str, **values: Any) -> bytes:
    return _environment().get_template(template).render(**values).encode("utf-8", "replace")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = count
    return environment


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@functools.cache
def _style(names: Sequence[str]) -> str:
    return "\n".join(map(_text, names))


@functools.cache
def _script(names: Sequence[str]) -> str:
    """Return script files as one function, so that no name is global."""
    parts = "\n".join(map(_text, names))
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
