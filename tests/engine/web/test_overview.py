"""The first page: on how many games each figure rests, how certain it is, and with whom it begins."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest

from engine.model import Epd
from engine.testing import analysed_game
from engine.text.format import figure
from engine.web.glimpse import graph
from engine.web.samples import samples
from engine.web.store import Filter
from tests.engine.web.conftest import Visit

MOVES = "1. e4 e5 2. a3 Nf6 3. Nc3 Bc5 *"
LOSES = [20, 25, 20, -300, -300, -280, -290]
"""White's third position is the last good one."""
ANNA = {"White": "Anna", "Black": "Boris", "Result": "1-0"}
Make = Callable[..., Visit]


def test_games_without_evaluations_are_in_no_mean(site_of: Make) -> None:
    visit = site_of(
        [
            *(analysed_game(MOVES, LOSES, headers=ANNA, number=k) for k in (1, 2)),
            *(analysed_game(MOVES, headers=ANNA, number=k) for k in (3, 4, 5)),
        ]
    )
    words = visit.page("/?player=Anna").words
    assert "5 games · 3 without evaluations" in words
    assert "mean of 2 games" in words
    assert "Blunders 2 1.0 a game Winning" in words
    assert "5 won, 0 drawn, 0 lost" in words
    # Without a player both sides are looked at, as the comparison does.
    assert "Blunders 2 0.5 a game and player" in visit.page("/").words
    assert samples(visit.store, Filter())["blunders"].value == 0.5
    assert "without evaluations" not in site_of([analysed_game(MOVES, LOSES)]).page("/").words


def test_one_game_has_no_interval_and_many_have_one(site_of: Make, match: Visit) -> None:
    words = site_of([analysed_game(MOVES, LOSES, headers=ANNA)]).page("/").words
    assert "Accuracy" in words
    assert "of 1 game; too few games for an interval" in words
    assert words.count("95%: 20.7% to 100.0%") == words.count("95%") == 1, "of the score, as in reports"
    estimate = samples(match.store, Filter(side="white"))["accuracy"].estimate()
    assert estimate is not None
    assert (
        f"mean of 24 games; 95%: {estimate.low:.1f}% to {estimate.high:.1f}%" in match.page("/?side=white").words
    )


@pytest.mark.parametrize("query", ["", "side=white", "side=black", "opening=C", "result=white", "opening=B"])
def test_figures_are_those_of_the_reports(match: Visit, query: str) -> None:
    where = Filter.from_query(dict(parse_qsl(query)))
    words = match.page(f"/?{query}").words
    for label, name, kind in (("Accuracy", "accuracy", "percent"), ("ACPL", "acpl", "float")):
        *_, last = match.app.state.site.reports.stream(name, where)
        assert f"{label} {figure(last.report.metrics[name].value, kind)} " in words


def test_winning_moves_are_those_of_the_player(match: Visit) -> None:
    for player in match.store.choices("player")[:2]:
        where = Filter(player=player)
        *_, last = match.app.state.site.reports.stream("wins", where)
        [table] = [table for table in last.report.tables if table.key == "players"]
        available = {row[0]: row[1] for row in table.rows}
        assert 0 < available[player] < match.store.summary(Filter()).wins
        assert f"Winning moves {available[player]:,} that {player} had" in match.page(f"/?player={player}").words


def test_the_graph_of_a_run_shows_only_what_is_known() -> None:
    mate = "1. f3 e5 2. g4 Qh4# 0-1"
    assert graph(analysed_game(mate, [0, -50, -60, -500])) == [51, 45, 44, 14, 0]
    assert graph(analysed_game(mate)) == [], "the last position alone, which is checkmate"


def test_positions_are_called_by_their_names(site_of: Make) -> None:
    fen = {"FEN": "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"}
    epd = Epd(id="WAC.007", bm=("a1a8",))
    visit = site_of([analysed_game("", ["#1"], headers=fen, epd=epd), analysed_game("", [9], epd=Epd(), number=2)])
    words = visit.page("/").words
    assert "WAC.007" in words
    assert "Solved" in words
    assert "Blunders" not in words, "no move was judged"
    assert "? – ?" not in words
    assert "WAC.007" in visit.page("/games").words


def test_the_pages_begin_with_the_player(site_of: Make) -> None:
    visit = site_of([analysed_game(MOVES, LOSES, headers=ANNA)], players=["Anna"])
    begins = visit.get("/")
    assert (begins.status, begins.headers["location"]) == (303, "/?player=Anna")
    about = visit.page("/?player=Anna")
    assert "/?player=" in about.links, "no way to all games"
    everybody = visit.page("/?player=")
    assert "All games" in everybody.words
    assert "/?player=" in everybody.links
    assert "/?player=" in visit.page("/games").links
    for address in ("/games?since=soon", "/nothing"):
        assert "/?player=" in visit.get(address).links, address


def test_a_player_without_games_leaves_the_first_page_to_everybody(site_of: Make) -> None:
    visit = site_of([analysed_game(MOVES, LOSES, headers=ANNA)], players=["Nobody"])
    assert "1 game" in visit.page("/").words


@pytest.mark.parametrize("address", ["/?side=white", "/?result=draw", "/games", "/reports"])
def test_another_address_is_what_it_says(site_of: Make, address: str) -> None:
    visit = site_of([analysed_game(MOVES, LOSES, headers=ANNA)], players=["Anna"])
    assert visit.get(address).status == 200
