"""The HTML report as bytes: what is in it, that it is closed to the outside, and how it grows."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from msgspec import structs

from engine.model import Epd
from engine.testing import analysed_game
from engine_plugins.writers import html
from tests.plugins.writers.html_page import Page, page, write
from tests.plugins.writers.test_html_answers import games as games_of_anna

HOSTILE = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    '"><img src=x onerror="window.hacked=1">',
    "javascript:window.hacked=1",
    "<!--<script>",
    "{{ 7 * 7 }} {% raw %}",
    "]]> &lt;b&gt; &amp; \u2028 \u202eevil",
    "'; window.hacked=1; '",
    "lone \udcff surrogate",
)
MATE = "1. f3 e5 2. g4 Qh4#"


def page_of(texts: Sequence[str], player: str) -> Page:
    """Return the page of games with each text in all their tags."""
    return page(
        *(
            analysed_game(
                MATE,
                [20, -40, -30, "#-1"],
                headers=dict.fromkeys(("White", "Black", "Event", "Site", "Date", "Result", "Termination"), text)
                | {"Round": text, text.replace(" ", "")[:20]: text},
                number=number,
            )
            for number, text in enumerate(texts, start=1)
        ),
        player=player,
    )


def test_the_policy_allows_our_script_and_style_and_nothing_else() -> None:
    parsed = page(analysed_game(MATE, [20, -40, -30, "#-1"]))
    rules = dict(rule.split(" ", 1) for rule in parsed.policy.split("; "))
    for kind, rule in (("script", "script-src"), ("style", "style-src")):
        digest = base64.b64encode(hashlib.sha256(parsed.code[kind].encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert set(rules.values()) == {"'none'", "'script'"}
    assert rules["default-src"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"


def test_nothing_in_the_page_is_fetched_or_needs_what_the_policy_forbids() -> None:
    parsed = page(analysed_game(MATE, [20, -40, -30, "#-1"]))
    for tag, attributes in parsed.tags:
        assert tag not in ("link", "img", "iframe", "object", "base", "form"), tag
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")], attributes
        assert str(attributes.get("href", "#")).startswith("#"), attributes


def test_text_of_games_stays_text() -> None:
    plain = page_of([f"text {number}" for number in range(len(HOSTILE))], "Anna")
    parsed = page_of(HOSTILE, "</title><script>window.hacked=1</script>")
    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in plain.tags]
    assert parsed.code == plain.code
    code = [attributes for tag, attributes in parsed.tags if tag == "script"]
    assert [script.get("type") for script in code] == [None, *["application/json"] * len(HOSTILE)]
    for number, text in enumerate(HOSTILE, start=1):
        shown = text.encode("utf-8", "replace").decode()
        assert dict(parsed.games[number]["t"])["White"] == shown
        assert shown in parsed.visible


def test_the_data_of_a_game() -> None:
    game = analysed_game(
        "1. e4 { [%clk 0:03:00] } d5 { [%clk 0:02:59.25] } 2. exd5 { [%clk 0:02:50] } *",
        [31, 25, 120, "#2"],
        headers={"White": "Anna"},
        best={1: "c5", 2: "exd5", 3: "Nf6"},
        number=7,
    )
    data = page(game).games[7]
    assert data["t"] == [["White", "Anna"]]
    assert (data["m"], data["s"]) == ("e2e4 d7d5 e4d5", "e4 d5 exd5")
    assert data["e"] == [31, 25, 120, "#2"]
    assert data["w"][0] < 550 < data["w"][2] < data["w"][3] < 1000
    assert (data["b"], data["bs"]) == ("= c7c5 = g8f6", "= c5 = Nf6")
    assert data["k"] == [180, 179.2, 170]
    assert data["j"] == {"1": 1}
    assert data["l"] == {"1": [[25, "c7c5", "c5"]]}
    assert data["o"][0] == "B01"
    assert data["r"] == [[0, "KQkq"]]
    assert "f" not in data
    assert "v" not in data


def test_scores_are_whites_and_checkmate_belongs_to_the_winner() -> None:
    data = page(analysed_game(MATE, [20, -40, -30, "#-1"])).games[1]
    assert data["e"] == [20, -40, -30, "#-1", "#"]
    assert data["w"][-1] == 0


def test_en_passant_and_castling_rights_are_those_of_python_chess() -> None:
    game = analysed_game("1. e4 a6 2. e5 d5 3. Ke2 Ra7 4. a4")
    data = page(game).games[1]
    boards = [board.fen().split() for board in game.boards()]
    assert {int(ply): square for ply, square in data["x"].items()} == {
        ply: fields[3] for ply, fields in enumerate(boards) if fields[3] != "-"
    }
    for ply, fields in enumerate(boards):
        assert [rights for start, rights in data["r"] if start <= ply][-1] == fields[2]


def test_what_is_not_known_is_not_there() -> None:
    data = page(analysed_game("1. e4 e5", [None, None, None])).games[1]
    assert not {"e", "w", "b", "bs", "j", "l", "k", "d"} & set(data)


def test_an_epd_line_has_its_name_and_solution() -> None:
    fen = "2rr3k/pp3pp1/1nnqbN1p/3pN3/2pP4/2P3Q1/PPB4P/R4RK1 w - - 0 1"
    parsed = page(analysed_game("", [500], headers={"FEN": fen}, epd=Epd(id="WAC <1>", bm=("g3g6",))))
    assert (parsed.games[1]["epd"], parsed.games[1]["bm"]) == ("WAC <1>", "Qg6")
    assert parsed.games[1]["f"] == fen
    assert "WAC <1>" in parsed.visible


def test_a_black_player_sees_the_board_from_blacks_side() -> None:
    game = structs.replace(analysed_game(MATE, [20, -40, -30, "#-1"]), view=("black",))
    assert page(game).games[1]["v"] == "b"


def test_sections_of_the_reports_link_to_the_plies() -> None:
    players = {"White": "A", "Black": "B"}
    parsed = page(analysed_game(MATE, [20, -40, -30, "#-1"], headers=players, best={2: "d4"}))
    ids = {attributes.get("id") for _, attributes in parsed.tags}
    assert {"report-wins", "report-accuracy", "report-judgements", "lessons", "overview-players", "g1"} <= ids
    assert "#game=1&ply=2" in parsed.links  # 2. g4??, in judgements and among the most instructive positions
    for link in parsed.links:
        assert link.startswith("#game=") or link[1:] in ids, link


def test_players_stand_by_games_and_then_by_accuracy() -> None:
    pairs = [("Anna", "Bob"), ("Cleo", "Anna"), ("Anna", "Dora")]
    games = [
        analysed_game(MATE, [20, -40, -30, "#-1"], headers={"White": white, "Black": black}, number=k)
        for k, (white, black) in enumerate(pairs, start=1)
    ]
    text = page(*games).text
    table = text[text.index('id="overview-players"') :].partition("</table>")[0]
    # Of one game each, Black was perfect and White was mated.
    assert re.findall(r"<td[^>]*><bdi>(\w+)</bdi>", table) == ["Anna", "Bob", "Dora", "Cleo"]


def test_ten_positions_of_different_games_before_a_second_of_one() -> None:
    parsed = page(*games_of_anna(12))
    part = parsed.text[parsed.text.index('id="lessons"') : parsed.text.index('class="solutions"')]
    assert part.count('<svg class="diagram"') == 10
    assert len(set(re.findall(r"#game=(\d+)", part))) == 10
    assert "Black: Ke8" in part


def test_no_game_is_a_page_that_says_so() -> None:
    [file] = write([])
    assert "No game was analysed." in file.visible


def test_the_same_games_give_the_same_bytes() -> None:
    game = analysed_game(MATE, [20, -40, -30, "#-1"])
    assert page(game).text == page(game).text


def test_a_large_report_goes_on_in_further_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "GAMES", 4)
    games = [analysed_game("1. f3 e5 2. g4 d6", [0, 0, 0, "#-1"], best={2: "d4"}, number=k) for k in range(1, 10)]
    first, second, third = write(games, split=True)
    assert [list(file.games) for file in (first, second, third)] == [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
    assert "3 files" in first.visible
    assert "file 2 of 3" in second.visible
    assert {"report-2.html", "report-3.html", "report-2.html#game=5&ply=2"} <= set(first.links)
    assert "#game=4&ply=2" in first.links
    assert "report.html" in second.links
    assert 'id="report-wins"' in first.text
    assert 'id="report-wins"' not in second.text
    for before, after in pairwise((first, second, third)):
        assert before.code == after.code


def test_bytes_begin_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "BYTES", 2_000)
    games = [analysed_game("1. f3 e5 2. g4 d6", [0, 0, 0, "#-1"], best={2: "d4"}, number=k) for k in range(1, 5)]
    files = write(games, split=True)
    assert len(files) > 1
    assert [number for file in files for number in file.games] == [1, 2, 3, 4]


def test_one_stream_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "GAMES", 1)
    [file] = write([analysed_game(MATE, number=k) for k in (1, 2, 3)])
    assert list(file.games) == [1, 2, 3]


def test_the_writer_holds_no_games() -> None:
    """A game leaves memory once it is written, and what the writer keeps does not grow with the games."""
    import io
    import pickle

    from tests.plugins.writers.rendering import INFO

    class Gone(io.BytesIO):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]

    writer = html.HtmlWriter(Gone(), INFO)

    def kept() -> int:
        state = {name: value for name, value in vars(writer).items() if name not in ("stream", "next_file")}
        state["_files"] = [(file.name, file.games, file.first, file.last) for file in state["_files"]]
        return len(pickle.dumps(state))

    sizes = []
    for number in range(1, 201):
        writer.game(analysed_game(MATE, [20, -40, -30, "#-1"], number=number))
        sizes.append(kept())
    assert sizes[-1] - sizes[9] < 50


def test_symbols_of_all_pieces_stand_once() -> None:
    parsed = page(analysed_game(MATE))
    names = [attributes["id"] for tag, attributes in parsed.tags if tag == "symbol"]
    assert sorted(map(str, names)) == sorted(side + piece for side in "wb" for piece in "KQRBNP")
