"""File names of players: safe everywhere, readable, never two the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.output.names import numbered, safe, unused


@pytest.mark.parametrize(
    ("player", "name"),
    [
        ("Carlsen, Magnus", "Carlsen, Magnus"),
        ("Nepomniachtchi (2793)", "Nepomniachtchi (2793)"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\x", "C__temp_x"),
        ("a/b", "a_b"),
        ("  spaced   out ", "spaced out"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("dots...", "dots"),
        ("CON", "_CON"),
        ("aux.html", "_aux.html"),
        ("", "player"),
        ("...", "player"),
        ("***", "player"),
        ("Ле Куанг Льем", "Ле Куанг Льем"),
        ("विश्वनाथन आनंद", "विश्वनाथन आनंद"),
        ("丁立人", "丁立人"),
        ("line\nbreak\x00", "line_break_"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("\udcff", "player"),
        ("{player}", "_player_"),
    ],
)
def test_examples(player: str, name: str) -> None:
    assert safe(player) == name


@given(st.text(max_size=300))
def test_any_name_is_one_part_of_a_path(player: str) -> None:
    name = safe(player)
    assert name
    assert len(name.encode()) <= 121
    assert not set(name) & set('/\\:*?"<>|\0\n\r{}')
    assert name == name.strip()
    assert name[0] not in ".-"
    assert name[-1] != "."


def test_names_that_only_differ_in_case_get_numbers() -> None:
    used: set[str] = set()
    names = []
    for player in ("Anna", "anna", "ANNA", "Bob"):
        names.append(unused(player, used))
        used.add(names[-1].casefold())
    assert names == ["Anna", "anna (2)", "ANNA (3)", "Bob"]


def test_numbers_go_before_the_ending() -> None:
    assert numbered("out/report.html.gz", ".html.gz", 2) == "out/report-2.html.gz"
