"""PGN on paper: tags, comments, and movetext in lines.

Movetext is made of *atoms*, pieces that stay on one line. Text from a file can do no harm here: quotes and
backslashes in a tag are escaped, control characters are taken out, a comment cannot end early, and no line of
movetext begins with `[`, `%` or `;`, which readers take for a tag, an escape or a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

COLUMNS = 80

OPEN, CLOSE = "\x0e", "\x0f"
"""The atoms that become parentheses around a variation. No text has these characters: they are taken out."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IN_TAG = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n\v\f]+")
_TAG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+#=:-]*")
_UNIT = r"(?:\[%[^\]]{0,80}\]\S*|\S+)"
_ATOM = re.compile(rf"{_UNIT}(?: (?=[\[%;]){_UNIT})*")
_COMMAND = re.compile(r"\[%(?=\w)")


def printable(text: str) -> str:
    """Without control characters and lone surrogates; white space of all kinds stays."""
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    """With every run of white space as one space."""
    return _SPACE.sub(" ", text).strip(" ")


def tag(name: str, value: str) -> str:
    """A tag line, or nothing for a name that cannot stand in one."""
    if not _TAG_NAME.fullmatch(name):
        return ""
    value = _IN_TAG.sub("", value).replace("\\", "\\\\").replace('"', '\\"')
    return f'[{name} "{value}"]\n'


def quoted(movetext: str) -> str:
    """Movetext as words of a comment: without braces, and with its commands no longer commands."""
    return one_line(_COMMAND.sub("[", movetext.replace("{", " ").replace("}", " ")))


def comment(text: str) -> list[str]:
    """The atoms of a comment; none when there is nothing to say.

    Broken is only what is longer than a line, and no command like `[%clk …]`: readers keep line breaks.
    """
    text = one_line(text.replace("}", ""))
    if not text:
        return []
    if len(text) <= COLUMNS - 4:
        return [f"{{ {text} }}"]
    atoms = _ATOM.findall(text)
    atoms[0] = "{ " + atoms[0]
    atoms[-1] += " }"
    return atoms


def wrap(atoms: Iterable[str]) -> str:
    """Lines of at most `COLUMNS` characters, where the atoms allow it. Parentheses stick to what they enclose."""
    lines: list[str] = []
    line: list[str] = []
    width = 0
    opening = ""
    for atom in atoms:
        if atom == OPEN:
            opening += "("
            continue
        if atom == CLOSE and width < COLUMNS:
            line.append(")")
            width += 1
            continue
        word = ")" if atom == CLOSE else opening + atom
        opening = ""
        if width and width + 1 + len(word) > COLUMNS:
            lines.append("".join(line))
            line = [word]
            width = len(word)
        else:
            line.append(f" {word}" if width else word)
            width += len(word) + (width > 0)
    lines.append("".join(line))
    return "\n".join(lines) + "\n"
