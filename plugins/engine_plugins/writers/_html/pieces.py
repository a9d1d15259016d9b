"""The pieces of python-chess as SVG symbols, which every board of a page uses by reference."""

from __future__ import annotations

import re

import chess.svg

_STYLE = re.compile(r'\sstyle="([^"]*)"')
_NAME = re.compile(r'^<g id="[^"]*" class="[^"]*"')


def symbol_id(piece: str) -> str:
    """Of a piece letter, upper case for White: `wN`, `bN`."""
    return f"{'w' if piece.isupper() else 'b'}{piece.upper()}"


def symbols() -> str:
    """The twelve `<symbol>` elements, on squares of 45 units.

    There is no `style` attribute in them, because the page's policy forbids it.
    """
    return "".join(
        f'<symbol id="{symbol_id(piece)}" viewBox="0 0 45 45">{_plain(drawing)}</symbol>'
        for piece, drawing in sorted(chess.svg.PIECES.items())
    )


def _plain(drawing: str) -> str:
    return _STYLE.sub(_attributes, _NAME.sub("<g", drawing))


def _attributes(found: re.Match[str]) -> str:
    """`style="fill:#fff; stroke:none"` as presentation attributes."""
    pairs = (rule.split(":", 1) for rule in found[1].split(";") if ":" in rule)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)
