"""The pieces of python-chess as SVG symbols, to which all boards of a page refer."""

from __future__ import annotations

import re

import chess.svg

_STYLE = re.compile(r'\sstyle="([^"]*)"')
_NAME = re.compile(r'^<g id="[^"]*" class="[^"]*"')


def symbol_id(piece: str) -> str:
    """Return the identifier of a piece letter, which is upper case for White: `wN`, `bN`."""
    return f"{'w' if piece.isupper() else 'b'}{piece.upper()}"


def symbols() -> str:
    """Return the twelve `<symbol>` elements, on squares of 45 units.

    They have no `style` attribute, because the page's policy forbids it.
    """
    return "".join(
        f'<symbol id="{symbol_id(piece)}" viewBox="0 0 45 45">{_plain(drawing)}</symbol>'
        for piece, drawing in sorted(chess.svg.PIECES.items())
    )


def _plain(drawing: str) -> str:
    return _STYLE.sub(_attributes, _NAME.sub("<g", drawing))


def _attributes(style: re.Match[str]) -> str:
    """Return `style="fill:#fff; stroke:none"` as presentation attributes."""
    pairs = (rule.split(":", 1) for rule in style[1].split(";") if ":" in rule)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)
