"""Layout of PGN: tags, comments, and movetext in lines.

Movetext consists of *atoms*, pieces that are not broken across lines. Text from a file can do no harm: quotes and
backslashes in a tag are escaped, control characters are removed, a comment cannot end early, and no line of
movetext begins with `[`, `%` or `;`, which readers take for a tag, an escape line or a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

COLUMNS = 80

OPEN, CLOSE = "\x0e", "\x0f"
"""Atoms that become the parentheses of a variation. Texts do not contain these characters; they are removed."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IN_TAG = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n\v\f]+")
_TAG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+#=:-]*")
_UNIT = r"(?:\[%[^\]]{0,80}\]\S*|\S+)"
_ATOM = re.compile(rf"{_UNIT}(?: (?=[\[%;]){_UNIT})*")
_COMMAND = re.compile(r"\[%(?=\w)")


def printable(text: str) -> str:
    """Return the text without control characters and lone surrogates; white space of all kinds stays."""
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    """Return the text with one space for each run of white space."""
    return _SPACE.sub(" ", text).strip(" ")


def tag(name: str, value: str) -> str:
    """Return a tag line; empty if the name is not allowed in a tag."""
    if not _TAG_NAME.fullmatch(name):
        return ""
    value = _IN_TAG.sub("", value).replace("\\", "\\\\").replace('"', '\\"')
    return f'[{name} "{value}"]\n'


def quoted(movetext: str) -> str:
    """Return movetext for use in a comment: without braces, and with its commands disabled."""
    return one_line(_COMMAND.sub("[", movetext.replace("{", " ").replace("}", " ")))


def comment(text: str) -> list[str]:
    """Return the atoms of a comment; none if the text is empty.

    Only a comment longer than a line is broken, since readers keep line breaks, and never inside a command like
    `[%clk …]`.
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
    """Return lines of at most `COLUMNS` characters if the atoms allow it. No line breaks beside a parenthesis."""
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
