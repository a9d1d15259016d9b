"""`--filter` and `--player`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.input.filters import compile_filter, player_filter

TAGS = {
    "White": "Carlsen, Magnus",
    "Black": "O'Neill",
    "WhiteElo": "2850",
    "BlackElo": "?",
    "Date": "2024.01.05",
    "UTCDate": "2024-01-05",
    "EventDate": "2023.??.??",
    "ECO": "B22",
    "Result": "1-0",
    "Event": "Rated Blitz game",
}


def matches(text: str, movetext: bytes = b"") -> bool:
    return compile_filter(text).matches(TAGS, movetext)


@pytest.mark.parametrize(
    "text",
    [
        'White = "Carlsen, Magnus"',
        "white = 'carlsen, magnus'",
        "White ~ carlsen",
        "White != Caruana",
        "Black = 'O\\'Neill'",
        'Black = "O\'Neill"',
        "WhiteElo >= 2850",
        "WhiteElo<=2850",
        "WhiteElo > 999",
        "WhiteElo < 10000",
        "Date >= 2024",
        "Date <= 2024",
        "Date > 2023",
        "Date < 2024.02",
        "Date >= 2024.01.05 and Date <= 2024.01.05",
        "UTCDate < 2024.01.06",
        "EventDate = '2023.??.??'",
        "EventDate <= 2023",
        "ECO >= B20 and ECO < C00",
        "Result = 1-0",
        "not White ~ caruana",
        "White ~ x or Event ~ blitz",
        "White ~ x and White ~ x or Event ~ blitz",
        "Event ~ blitz or White ~ x and White ~ x",
        "not (White ~ x or Event ~ bullet)",
        "NOT not Event ~ blitz",
        "((Event ~ 'rated blitz'))",
    ],
)
def test_true(text):
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "White = Carlsen",
        "WhiteElo > 2850",
        "WhiteElo < 999",
        "BlackElo >= 0",
        "BlackElo < 5000",
        "Date > 2024",
        "Date < 2024",
        "EventDate >= 2023.05",
        "EventDate < 2024.05",
        "Missing = x",
        "Missing != x",
        "Missing < 5",
        "Missing ~ x",
        "(White ~ x or Event ~ blitz) and White ~ x",
        "eval",
        "clock",
    ],
)
def test_false(text):
    assert not matches(text)


def test_the_examples_of_the_readme_compile():
    page = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    grammar = page[page.index("`--filter` takes an expression") :].partition("\n\n| | |\n")[2].partition("\n\n")[0]
    examples = [text for line in grammar.splitlines() for text in re.findall("`([^`]+)`", line.split("|")[1])]
    assert {"my result = loss and my color = black", "speed = blitz", "clock and not eval"} <= set(examples)
    for example in examples:
        compile_filter(example, ANNA)


def test_presence_of_comments():
    assert matches("eval and not clock", b"1. e4 { [%eval 0.3] }")
    assert matches("clock and not eval", b"1. e4 { [%clk 0:03:00] }")


@pytest.mark.parametrize(
    ("control", "movetext", "speed"),
    [
        ("15+0", b"", "ultrabullet"),
        ("60", b"1. e4 { [%clk 0:01:00] } e5 { [%clk 0:01:00] }", "bullet"),
        ("180+2", b"", "blitz"),
        ("10 min + 5 s", b"", "rapid"),
        ("90+30", b"", "rapid"),
        ("90+30", b"1. e4 { [%clk 1:29:30] }", "classical"),
        ("90+30", b'{"game":1,"plies":[{"clock":5370.5},{"clock":5360}]}', "classical"),
        ("1/86400", b"", "correspondence"),
        ("-", b"1. e4 e5", "correspondence"),
    ],
)
def test_speed(control, movetext, speed):
    def holds(text):
        return compile_filter(text).matches({"TimeControl": control}, movetext)

    assert holds(f"speed = {speed}")
    assert holds(f"Speed <= {speed} and speed >= {speed.title()} and not speed != {speed}")
    assert holds("speed > ultrabullet") == (speed != "ultrabullet")
    assert holds("speed < correspondence") == (speed != "correspondence")


@pytest.mark.parametrize("control", ["", "?", "as usual", "15'/game"])
def test_no_comparison_is_true_for_a_speed_that_is_not_known(control):
    for op in ("=", "!=", "<=", ">"):
        test = compile_filter(f"speed {op} blitz")
        assert not test.matches({"TimeControl": control}, b"1. e4 { [%clk 1:29:30] }")


ANNA = player_filter(["Anna", "anna2"])
SIDES = {"White": "Bert", "Black": "Anna", "WhiteElo": "1800", "BlackElo": "1600?", "Result": "1-0"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my result = loss", True),
        ("my result != loss", False),
        ("MY Result = Win", False),
        ("my result = draw or my color = black", True),
        ("not my color = white and my color != white", True),
        ("my rating < 1700", True),
        ("my rating >= 1600 and opponent rating >= 1800", True),
        ("opponent rating < 1700", False),
        ("opponent name ~ ber", True),
        ("opponent name = Anna", False),
        ("my = x", False),
    ],
)
def test_the_view_of_a_player(text, expected):
    assert compile_filter(text, ANNA).matches(SIDES, b"") is expected
    assert not compile_filter(text, ANNA).matches({"White": "Carl", "Result": "0-1"}, b"")


def test_a_game_between_two_names_of_a_player_has_both_views():
    both = compile_filter("my result = win and my result = loss", ANNA)
    assert both.asks_result
    assert both.matches({"White": "Anna", "Black": "anna2", "Result": "0-1"}, b"")
    assert not both.matches({"White": "Anna", "Black": "anna2", "Result": "1/2-1/2"}, b"")


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("my result = 1-0", 12, "`my result` with = or != and one of win, loss, draw expected"),
        ("my color ~ white", 11, "`my color` with = or != and one of white, black expected"),
        ("my elo > 5", 3, "`my` with one of result, color, rating expected"),
        ("my result", 9, "one of = != ~ < <= > >= expected"),
    ],
)
def test_a_mistake_about_the_player_is_pointed_at(text, at, problem):
    with pytest.raises(ConfigError) as error:
        compile_filter(text, ANNA)
    assert problem in str(error.value)
    assert f"\n  {' ' * at}^\n" in str(error.value)


def test_a_view_needs_a_player():
    for text in ("my result = win", "White ~ a and opponent rating > 5"):
        with pytest.raises(ConfigError, match="needs to know whose games these are: --player NAME"):
            compile_filter(text)


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("speed = quick", 8, "one of ultrabullet, bullet, blitz, rapid, classical, correspondence expected"),
        ("speed ~ blitz", 8, "`speed` with one of = != < <= > >="),
        ("", 0, "the name of a tag expected"),
        ("White", 5, "one of = != ~ < <= > >= expected"),
        ("White =", 7, "a value expected"),
        ("White == x", 7, "a value expected"),
        ("White = Carlsen Magnus", 16, "`and`, `or` or the end expected"),
        ("White = 'Carlsen", 8, "a quote that is never closed"),
        ("(White ~ a", 10, "`)` expected"),
        ("White ~ a)", 9, "`and`, `or` or the end expected"),
        ("White ~ a and", 13, "the name of a tag expected"),
        ("White ~ a && Black ~ b", 10, "`and`, `or` or the end expected"),
        ("White ! a", 6, "not understood"),
        ("not = 5", 4, "the name of a tag expected"),
        ("(" * 500, 100, "nested more than 100 deep"),
    ],
)
def test_a_mistake_is_pointed_at(text, at, problem):
    with pytest.raises(ConfigError) as error:
        compile_filter(text)
    head, line, caret, example = str(error.value).split("\n")
    assert problem in head
    assert line == f"  {text}"
    assert caret == "  " + " " * at + "^"
    compile_filter(example.partition("'")[2][:-1])


@settings(max_examples=100, deadline=None, database=None)
@given(
    st.lists(
        st.sampled_from(
            ["White", "=", "<", "~", "'", '"', "(", ")", "and", "or", "not", "eval", "2000", "\\", " "]
        )
    )
)
def test_any_expression_compiles_or_says_why(words):
    try:
        test = compile_filter(" ".join(words))
    except ConfigError:
        return
    assert test.matches(TAGS, b"") in (True, False)


@pytest.mark.parametrize(
    "name",
    [
        "Carlsen, Magnus",
        "Magnus Carlsen",
        "MAGNUS  CARLSEN",
        " carlsen ,magnus ",
        "Cárlsen,Magnus",
        "Carlsen, Magnus.",
    ],
)
def test_a_player_by_any_spelling(name):
    assert player_filter([name])(TAGS) == ("white",)


def test_a_players_colours():
    both = {"White": "DrNykterstein", "Black": "Carlsen, Magnus"}
    assert player_filter(["Carlsen, Magnus", "drnykterstein"])(both) == ("white", "black")
    assert player_filter(["ONeill"])({"black": "O'Neill"}) == ("black",)
    assert player_filter(["Carlsen"])(both) == ()
    assert player_filter(["Carlsen"])({}) == ()


@pytest.mark.parametrize("name", ["", " ", "?", ","])
def test_a_player_without_a_name(name):
    with pytest.raises(ConfigError, match="is no name"):
        player_filter(["Carlsen", name])
