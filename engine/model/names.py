"""Names of players: which spellings are one person. The rule holds for every table, `--player` and `{player}`.

1. Names that are declared to be one person are: `--same 'Carlsen, Magnus=DrNykterstein'`, or in `engine.toml`
   `[players]` and `"Carlsen, Magnus" = ["DrNykterstein"]`. What is declared goes before everything below.
2. Spellings of one name are: case, accents, spaces and punctuation make no difference, and the two parts of a name
   with one comma are swapped. `Carlsen, Magnus`, `MAGNUS CARLSEN` and `Carlsen,Magnus.` are one name. In a name
   with a digit, which is an account or a version of a program, only case and spaces make no difference.
3. Initials stand for the given names of the one player of that family name whom they fit: `Carlsen, M` is
   `Carlsen, Magnus` where no other Carlsen could be meant. `Smith, J` stays by itself, and that is said, beside
   `Smith, John` and `Smith, James`.

Other spellings are different people until they are declared: `Carlsen Magnus` without a comma, `Magnus`,
`Mueller` for `Müller`, a title before the name, a given name that is missing or cut after more than one letter.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from engine.errors import ConfigError

UNKNOWN = ("", "?")
"""Names that are none."""
LARGEST_FAMILY = 2_000
"""Names with one family name among which initials are looked up; with more, initials stay by themselves."""

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "ı": "i"})
_EXAMPLE = "example: --same 'Carlsen, Magnus=DrNykterstein'"
_SIGN = re.compile(r"[^\w\s,.'’-]")
_DIGIT = re.compile(r"\d")


@functools.lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return the form in which names of players are compared; empty for a name without a letter or digit.

    * **name** - a player's name as a tag or the user has it.
    """
    if name.isascii() and name.isalnum():
        return name.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if unicodedata.category(c) not in ("Mn", "Cf"))
    bare = bare.casefold().translate(_LETTERS)
    if _DIGIT.search(bare):
        return " ".join(bare.split()) if re.search(r"\w", bare) else ""
    if bare.count(",") == 1:
        last, first = bare.split(",")
        bare = f"{first} {last}"
    return " ".join(re.sub(r"[^\w\s]", " ", re.sub(r"['’`]", "", bare)).split())


class Person:
    """A name, in all its spellings."""

    def __init__(self, plain: str, spellings: Mapping[str, int]) -> None:
        """`spellings` has the games by spelling, or other weights."""
        self.plain = plain
        self.spellings = dict(spellings)
        self.given, self.family = _parts(plain, spellings)
        """The words before the family name, and the words of it; the last word where no comma tells them."""
        self.has_initials = not _DIGIT.search(plain) and any(len(word) == 1 for word in self.given)

    @property
    def games(self) -> int:
        """Games of all spellings."""
        return sum(self.spellings.values())

    @property
    def display(self) -> str:
        """The spelling with the most games; of several the one that is written as names are."""
        return min(self.spellings, key=lambda name: (-self.spellings[name], _oddness(name), name)).strip()

    def may_be(self, other: Person) -> bool:
        """Return whether one could be short for the other, or both for a third."""
        pairs = self._pairs(other)
        return bool(pairs) and all(a == b or (1 in (len(a), len(b)) and a[0] == b[0]) for a, b in pairs)

    def is_short_for(self, other: Person) -> bool:
        """Return whether this is the other name with initials in it, and nothing in it says otherwise."""
        pairs = self._pairs(other)
        if not self.has_initials or not self.may_be(other):
            return False
        as_many = len(pairs) == len(self._given_beside(other)) == len(other._given_beside(self))
        fewer = len(pairs) == len(self.given) and bool(self.family and other.family)
        return (as_many or fewer) and all(a == b or len(a) == 1 for a, b in pairs)

    def _pairs(self, other: Person) -> list[tuple[str, str]]:
        """Return the given names of both beside each other; empty where the family names differ."""
        if self.family and other.family and self.family != other.family:
            return []
        return list(zip(self._given_beside(other), other._given_beside(self), strict=False))

    def _given_beside(self, other: Person) -> list[str]:
        """Return the given names, where the other name may be the one that tells the family name."""
        family, words = other.family, self.plain.split()
        return words[: -len(family)] if not self.family and words[-len(family) :] == family else self.given


def _parts(plain: str, spellings: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the given names, and the family name where a comma in the spellings tells it."""
    words = plain.split()
    families = {plain_name(name.partition(",")[0]) for name in spellings if name.count(",") == 1}
    family = families.pop().split() if len(families) == 1 else []
    if family and words[-len(family) :] == family and len(words) > len(family):
        return words[: -len(family)], family
    return words[:-1], []


def _oddness(name: str) -> tuple[bool, ...]:
    return (
        name.isupper(),
        _SIGN.search(name) is not None,
        name.islower(),
        ", " not in name,
        name != name.strip(),
    )


def family_key(plain: str) -> str:
    """Return the last word, which names have in common that may be one person; empty where there are no initials.

    * **plain** - a name as `plain_name` returns it.
    """
    first, _, last = plain.rpartition(" ")
    return last if first and len(last) > 1 and not _DIGIT.search(plain) else ""


def join_family(persons: Sequence[Person]) -> tuple[dict[str, Person], dict[str, list[Person]]]:
    """Find whom names with initials mean, among all names with one family name.

    Returns the person meant, by the plain name with initials, and the persons who could be meant where there are
    several.
    """
    joined: dict[str, Person] = {}
    apart: dict[str, list[Person]] = {}
    if len(persons) > LARGEST_FAMILY:
        return joined, apart
    for short in persons:
        if not short.has_initials:
            continue
        fuller = [p for p in persons if p is not short and short.may_be(p) and not p.is_short_for(short)]
        fullest = [p for p in fuller if not any(p is not q and p.is_short_for(q) for q in fuller)]
        if len(fullest) == 1 and short.is_short_for(fullest[0]):
            joined[short.plain] = fullest[0]
        elif any(short.is_short_for(p) for p in fullest):
            apart[short.plain] = sorted(fullest, key=lambda p: p.plain)
    return joined, apart


class Declared(Struct, frozen=True):
    """Names that are declared to be one person."""

    names: dict[str, str] = {}
    """The name to show, by plain name."""

    @classmethod
    def of(cls, same: Mapping[str, Iterable[str]]) -> Declared:
        """Take the other names of each player. Raises ConfigError for what is no name, or that of two players."""
        names: dict[str, str] = {}
        for player, others in same.items():
            shown = names.get(plain_name(player), player)
            for name in (player, *others):
                if not plain_name(name):
                    raise ConfigError(f"--same: {name!r} is no name; {_EXAMPLE}")
                if names.setdefault(plain_name(name), shown) != shown:
                    both = f"both {names[plain_name(name)]!r} and {shown!r}"
                    raise ConfigError(f"--same: {name!r} is declared to be {both}; choose one")
        return cls(names)

    def with_others(self, names: Iterable[str]) -> list[str]:
        """Return the names, each followed by the others of the same person."""
        found: dict[str, str] = {}
        for name in names:
            found.setdefault(plain_name(name), name)
            shown = self.names.get(plain_name(name))
            others = [plain for plain, other in self.names.items() if other == shown]
            found |= {plain: plain for plain in others if plain not in found}
        return list(found.values())
