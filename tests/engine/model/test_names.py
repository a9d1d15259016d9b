"""Names of players: which spellings are one person."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from engine.model.names import Declared, Person, join_family, plain_name


def persons(*names: str) -> list[Person]:
    spellings: dict[str, dict[str, int]] = {}
    for name in names:
        spellings.setdefault(plain_name(name), {})[name] = 1
    return [Person(plain, found) for plain, found in spellings.items()]


def meant(*names: str) -> dict[str, str]:
    joined, _ = join_family(persons(*names))
    return {short: person.display for short, person in joined.items()}


def apart(*names: str) -> dict[str, list[str]]:
    _, found = join_family(persons(*names))
    return {short: [person.display for person in others] for short, others in found.items()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Carlsen, Magnus", "MAGNUS  CARLSEN"),
        ("Carlsen, M", "Carlsen,M."),
        ("Smith, J. R.", "J.R. Smith"),
        ("Müller, Jürgen", "muller,jurgen "),
        ("Wojtaszek, Radosław", "Radoslaw Wojtaszek"),
        ("O'Neill, Ann", "ONeill,Ann"),
        ("Max\u200bMuster", "MaxMuster"),
        ("DrNykterstein", "drnykterstein"),
        ("van Foreest, Jorden", "Jorden van Foreest"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert plain_name(one) == plain_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Komodo 13.2", "Komodo 132"),
        ("Stockfish 15.1", "Stockfish 15"),
        ("fast_player", "fast-player"),
        ("player-1", "player1"),
        ("Carlsen Magnus", "Carlsen, Magnus"),
        ("Carlsen, Magnus", "Carlsen, M"),
    ],
)
def test_other_names(one: str, other: str) -> None:
    assert plain_name(one) != plain_name(other)


@pytest.mark.parametrize("name", ["?", "..", "~", "", "-"])
def test_no_names(name: str) -> None:
    assert plain_name(name) == ""


def test_initials_stand_for_the_one_player_whom_they_fit() -> None:
    assert meant("Carlsen, M", "Carlsen, Magnus") == {"m carlsen": "Carlsen, Magnus"}
    assert meant("M. Carlsen", "Magnus Carlsen") == {"m carlsen": "Magnus Carlsen"}
    assert meant("van Foreest, J", "Jorden van Foreest", "van Foreest, Lucas") == {
        "j van foreest": "Jorden van Foreest"
    }
    assert meant("Smith, J", "Smith, J. R.", "Smith, John Robert") == dict.fromkeys(
        ("j smith", "j r smith"), "Smith, John Robert"
    )


@pytest.mark.parametrize(
    "names",
    [
        ("Smith, J", "Smith, John", "Smith, James"),
        ("Smith, J", "Smith, John", "Smith, J. R."),
        ("Smith, J", "Smith, John", "James Robert Smith"),
        ("Smith, J", "Smith, John", "Smith, J. Paul"),
    ],
)
def test_initials_that_fit_several_stay_apart_and_that_is_said(names: tuple[str, ...]) -> None:
    for order in (names, names[::-1]):
        assert meant(*order) == {}
        assert list(apart(*order)) == ["j smith"]


@pytest.mark.parametrize(
    "names",
    [
        ("Carlsen, M", "Carlsen, Henrik"),
        ("Lopez, J", "Garcia Lopez, Juan"),
        ("Carlsen, Mag", "Carlsen, Magnus"),
        ("Carlsen", "Carlsen, Magnus"),
        ("Smith, John", "Smith, John Robert"),
        ("J Smith", "John Robert Smith"),
        ("Player A", "Player B"),
    ],
)
def test_others_are_other_people(names: tuple[str, str]) -> None:
    assert meant(*names) == {}
    assert apart(*names) == {}


def test_the_spelling_that_is_shown() -> None:
    def shown(**games: int) -> str:
        return Person("max muster", {name.replace("_", " "): n for name, n in games.items()}).display

    assert Person("max muster", {"MUSTER,MAX": 2, "Max Muster": 1}).display == "MUSTER,MAX"
    names = ("MUSTER,MAX", "Max Muster", "Muster,Max ", "muster, max", "Muster, Max")
    assert Person("max muster", dict.fromkeys(names, 1)).display == "Muster, Max"
    assert shown(anna=1, ANNA=1) == "anna"


def test_declared_names() -> None:
    declared = Declared.of({"Carlsen, Magnus": ("DrNykterstein", "Carlsen M"), "Smith, John": ()})
    assert declared.names["drnykterstein"] == "Carlsen, Magnus"
    assert declared.with_others(["drnykterstein", "Me"]) == ["drnykterstein", "magnus carlsen", "carlsen m", "Me"]
    assert Declared.of({"A": ("B",), "b": ("C",)}).names == dict.fromkeys("abc", "A")
    with pytest.raises(ConfigError, match="'x' is declared to be both 'A' and 'B'; choose one"):
        Declared.of({"A": ("X",), "B": ("x",)})
    with pytest.raises(ConfigError, match="--same: '-' is no name; example"):
        Declared.of({"A": ("-",)})
