"""The pages over a store: what they show, where they lead, and what they say where nothing is to be shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from engine.model import AnalysedGame
from engine.testing import analysed_game
from engine.text.format import count
from engine.web.store import Filter
from tests.engine.web import asgi
from tests.engine.web.conftest import Visit
from tests.plugins.writers.test_html import HOSTILE, MATE

Make = Callable[[Sequence[AnalysedGame]], Visit]
PAGES = ("/", "/reports", "/reports/accuracy", "/games", "/moves", "/game/1?ply=3", "/compare?a=side%3Dwhite&b=")
OURS = ("/", "/reports", "/games", "/moves", "/game", "/compare")


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def numbers(answer: asgi.Answer) -> list[int]:
    """Numbers of the games that a page leads to, in its order."""
    paths = [urlsplit(link).path for link in answer.links]
    return [int(path.rsplit("/", 1)[1]) for path in paths if path.startswith("/game/")]


def test_every_page_is_closed_to_scripts_and_styles_inside(match: Visit) -> None:
    for address in PAGES:
        closed(match.page(address))


def closed(answer: asgi.Answer) -> None:
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for tag, attributes in answer.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert tag != "style"
        assert tag != "script" or "src" in attributes or attributes.get("type") == "application/json"


def test_the_filter_stays_in_every_address_until_it_is_taken_away(match: Visit) -> None:
    filtered = "side=black&opening=C4"
    for path in ("/", "/reports", "/games", "/moves"):
        answer = match.page(f"{path}?{filtered}")
        links = [link for link in answer.links if urlsplit(link).path in OURS]
        kept = [link for link in links if query_of(link).items() >= {"side": "black", "opening": "C4"}.items()]
        assert {urlsplit(link).path for link in kept} >= {"/", "/reports", "/games", "/moves"}
        assert f"{path}?opening=C4" in answer.links
        assert f"{path}?side=black" in answer.links
        assert path in answer.links, "no link that clears the filter"
        assert "in C4" in answer.words


def test_games_are_those_of_the_filter_in_the_order_of_the_address(match: Visit) -> None:
    where = Filter(result="white")
    expected = [row.number for row in match.store.games(where)]
    assert 0 < len(expected) < 24
    assert numbers(match.page("/games?result=white")) == expected
    by_length = [row.number for row in match.store.games(where, order="-plies")]
    assert numbers(match.page("/games?result=white&order=-plies")) == by_length
    heads = [attributes for tag, attributes in match.page("/games?order=-plies").tags if tag == "th"]
    assert [head["aria-sort"] for head in heads if "aria-sort" in head] == ["descending"]


def test_a_long_list_has_pages(site_of: Make) -> None:
    visit = site_of([analysed_game(MATE, [20, -40, -30, "#-1"], number=k) for k in range(1, 121)])
    seen, address = [], "/games?order=number"
    for _ in range(3):
        answer = visit.page(address)
        seen += numbers(answer)
        following = [a["href"] for tag, a in answer.tags if tag == "a" and a.get("rel") == "next"]
        address = str(following[0]) if following else ""
    assert (seen, address) == (list(range(1, 121)), "")


def test_the_overview_has_the_figures_of_the_store(match: Visit) -> None:
    for query in ("", "side=black", "result=draw"):
        summary = match.store.summary(Filter.from_query(dict(parse_qsl(query))))
        words = match.page(f"/?{query}").words
        assert count(summary.games, "game") in words
        assert summary.accuracy is not None
        assert f"Accuracy {summary.accuracy:.1f}%" in words
        assert f"Blunders {summary.blunders}" in words
        assert f"Winning moves {summary.wins:,}" in words


def test_figures_lead_to_their_moves(match: Visit) -> None:
    answer = match.page("/?side=white")
    [blunders] = [link for link in answer.links if query_of(link) == {"side": "white", "judgement": "blunder"}]
    shown = match.page(blunders)
    rows = match.store.moves(Filter(side="white", judgement="blunder"), order="loss", limit=24)
    assert rows
    expected = [f"/game/{row.game}?side=white&judgement=blunder&ply={row.ply}" for row in rows]
    assert list(dict.fromkeys(link for link in shown.links if link.startswith("/game/"))) == expected


def test_the_page_of_a_game_has_its_data_and_its_neighbours_in_the_filter(match: Visit) -> None:
    chosen = [number for number, _ in match.store.numbers(Filter(result="white"))]
    answer = match.page(f"/game/{chosen[1]}?result=white&ply=7")
    [data] = [a for tag, a in answer.tags if tag == "script" and a.get("class") == "shown-game"]
    assert (data["id"], data["data-ply"]) == (f"g{chosen[1]}", "7")
    assert data["data-before"] == f"/game/{chosen[0]}?result=white"
    assert data["data-after"] == f"/game/{chosen[2]}?result=white"
    game = match.store.game(chosen[1])
    assert game is not None
    # Without scripts there are a board and the moves as links.
    assert f"/game/{chosen[1]}?result=white&ply={len(game.plies)}" in answer.links
    fen = game.board(7).fen()
    [board] = [link for link in answer.links if link.startswith("/board?result=white&fen=")]
    assert query_of(board)["fen"] == fen


def test_data_of_games_for_boards(match: Visit) -> None:
    found = json.loads(match.get("/records?games=3,1,3,999,x").body)
    assert list(found) == ["3", "1"]
    game = match.store.game(3)
    assert game is not None
    assert found["3"]["m"] == " ".join(ply.uci for ply in game.plies)
    many = match.get("/records?games=" + ",".join(map(str, range(1, 5_000))))
    assert len(json.loads(many.body)) == 24


def test_suggestions(match: Visit) -> None:
    names = json.loads(match.get("/suggestions/player?prefix=").body)
    assert names == match.store.choices("player")
    assert json.loads(match.get(f"/suggestions/opponent?prefix={quote(names[0][:5].upper())}").body)
    assert match.get("/suggestions/nothing").status == 404


# -- reports ------------------------------------------------------------------------------------------------


def events_of(answer: asgi.Answer) -> list[tuple[str, str]]:
    events = []
    for block in answer.text.rstrip("\n").split("\n\n"):
        name, *lines = block.split("\n")
        events.append((name.removeprefix("event: "), "\n".join(line.removeprefix("data: ") for line in lines)))
    return events


def test_all_reports_are_listed_and_can_be_opened(match: Visit) -> None:
    links = [link for link in match.page("/reports?side=white").links if link.startswith("/reports/")]
    assert len(links) >= 20
    assert "/reports/leaks?side=white" in links


def test_a_report_is_that_of_the_filter_and_its_rows_lead_to_games(match: Visit) -> None:
    reports = match.app.state.site.reports
    report = reports.report("judgements", Filter(result="draw"))
    answer = match.page("/reports/judgements?result=draw")
    for metric in report.metrics.values():
        assert metric.label in answer.words
    worst = report.table("worst")
    assert worst is not None
    game, ply = (worst.records().__next__()[key] for key in ("game", "ply"))
    assert f"/game/{game}?result=draw&ply={ply}" in answer.links
    assert [a for tag, a in answer.tags if tag == "tr" and a.get("data-about")]


def test_the_stream_of_a_report_ends_with_the_whole(match: Visit) -> None:
    answer = match.get("/reports/accuracy/events?side=white")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *_, (name, whole), last = events_of(answer)
    assert (name, last) == ("part", ("done", ""))
    assert whole.strip() in match.page("/reports/accuracy?side=white").text
    *_, (_, findings), _ = events_of(match.get("/reports/leaks/events?side=white&show=findings"))
    more = [link for link in asgi.Answer(200, {}, findings.encode()).links if "#table" in link]
    assert all(link.startswith("/reports/leaks?side=white#table-leaks-") for link in more)
    assert "/reports/leaks?side=white" in findings


class Slow:
    """Reports that come in three parts."""

    def __init__(self, reports: Any) -> None:
        self._reports = reports
        self.closed = 0

    def names(self) -> Any:
        return self._reports.names()

    def stream(self, name: str, where: Filter) -> Any:
        try:
            [*_, last] = self._reports.stream(name, where)
            for games in (8, 16):
                yield type(last)(games, last.of, last.report)
            yield last
        finally:
            self.closed += 1


def test_a_stream_says_how_far_it_is_and_is_ended(match: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.web.report_pages.BETWEEN", 0.0)
    match.app.state.site.reports = slow = Slow(match.app.state.site.reports)
    parts = [text for name, text in events_of(match.get("/reports/wins/events")) if name == "part"]
    assert ["8 of 24 games so far" in part for part in parts] == [True, False, False]
    assert "16 of 24 games so far" in parts[1]
    assert "so far" not in parts[2]
    assert slow.closed == 1


# -- what is not there --------------------------------------------------------------------------------------


NOT_THERE = (
    ("/games?speed=fast", 400, "speed: one of"),
    ("/?since=yesterday", 400, "since:"),
    ("/games?position=e4", 400, "is no FEN"),
    ("/games?order=colour", 400, "order: one of"),
    ("/games?start=-1", 400, "start: a whole number"),
    ("/game/1?ply=x", 400, "ply: a whole number"),
    ("/compare?a=speed%3Dfast&b=", 400, "speed: one of"),
    ("/game/999", 404, "There is no game 999"),
    ("/game/one", 404, "There is no game one"),
    ("/reports/unknown", 404, "There is no report 'unknown'"),
    ("/reports/unknown/events", 404, "There is no report 'unknown'"),
    ("/nowhere", 404, "nothing at this address"),
    ("/static/..%2Fsite.py", 404, "nothing at this address"),
    ("/games?start=5000", 200, "There are no more games."),
    ("/games?opponent=nobody", 200, "No game fits the filter."),
    ("/moves?opponent=nobody", 200, "No move fits the filter."),
    ("/?opponent=nobody", 200, "No game fits the filter."),
    ("/reports/accuracy?opponent=nobody", 200, ""),
    ("/compare?a=opponent%3Dnobody&b=", 200, "No game fits this filter."),
)
"""Address, status and words."""


def test_words_and_a_way_out(match: Visit) -> None:
    for address, status, words in NOT_THERE:
        answer = match.get(address)
        assert (answer.status, words in answer.words) == (status, True), (address, answer.words)
        assert "/games" in {urlsplit(link).path for link in answer.links}, address


def test_a_value_that_is_not_understood_stays_in_the_form(match: Visit) -> None:
    answer = match.get("/games?since=yesterday&side=white")
    fields = {a.get("name"): a.get("value") for tag, a in answer.tags if tag == "input"}
    assert fields["since"] == "yesterday"
    # The form is open, nothing claims to be about all games, and there is a way without the filter.
    assert next(a for tag, a in answer.tags if tag == "details") == {"open": None}
    assert "All games" not in answer.words.partition("Show")[2].partition("This address")[0]
    assert "/games" in answer.links
    assert "The same page without a filter" in answer.words


def test_a_name_that_is_not_understood_is_said(match: Visit) -> None:
    answer = match.page("/games?speeed=blitz&order=-date&side=white")
    assert "Not understood in the address, and left out: speeed." in answer.words
    assert not [link for link in answer.links if "speeed" in link]
    for address in (
        "/games?order=-date&start=2",
        "/game/1?ply=3",
        "/compare?a.side=white&b=",
        "/board?moves=e2e4",
    ):
        assert "Not understood" not in match.get(address).words


def test_an_empty_store_has_pages(site_of: Make) -> None:
    visit = site_of([])
    for address in ("/", "/games", "/moves", "/reports/accuracy", "/compare?a=&b="):
        visit.page(address)
    assert "There is no game here yet." in visit.page("/").words


# -- strangers' text, other places --------------------------------------------------------------------------


def hostile_games(texts: Sequence[str]) -> list[AnalysedGame]:
    tags = ("White", "Black", "Event", "Site", "Date", "Result", "Termination", "Round", "TimeControl")
    return [
        analysed_game(MATE, [20, -40, -30, "#-1"], headers=dict.fromkeys(tags, text), number=number)
        for number, text in enumerate(texts, start=1)
    ]


def test_text_of_games_stays_text(site_of: Make) -> None:
    plain = site_of(hostile_games([f"text {number}" for number in range(len(HOSTILE))]))
    hostile = site_of(hostile_games(HOSTILE))
    for address in (
        "/games",
        "/moves",
        *(f"/game/{number}" for number in range(1, len(HOSTILE) + 1)),
        "/reports/wins",
    ):
        answer, harmless = hostile.page(address), plain.page(address)
        assert [tag for tag, _ in answer.tags] == [tag for tag, _ in harmless.tags], address
    games = hostile.page("/games")
    assert HOSTILE[0] in games.words
    assert "{{ 7 * 7 }}" in games.words
    filtered = hostile.get(f"/games?player={quote(HOSTILE[0])}&opening={quote(HOSTILE[2])}")
    assert "hacked" in filtered.words
    assert "script>window" not in filtered.text


def test_it_can_be_mounted_in_another_application(match: Visit) -> None:
    outer = Starlette(routes=[Mount("/chess", app=match.app)])
    for address in PAGES:
        answer = asgi.get(outer, f"/chess{address}")
        assert answer.status == 200, address
        places = [*answer.links, *(str(a[key]) for _, a in answer.tags for key in ("src", "action") if key in a)]
        assert [place for place in places if place.startswith("/") and not place.startswith("/chess")] == []


def test_files_are_sent_once(match: Visit) -> None:
    first = match.get("/static/board.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = asgi.get(match.app, "/static/board.js", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_every_script_and_style_of_a_page_is_there(match: Visit) -> None:
    for address in PAGES:
        for tag, attributes in match.page(address).tags:
            place = attributes.get("src") if tag == "script" else attributes.get("href") if tag == "link" else None
            if place:
                assert match.get(place).status == 200, place
