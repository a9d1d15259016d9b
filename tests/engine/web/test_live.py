"""The page of a run: what it says without scripts, its events over a socket, and who may press its buttons."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from engine.model import Epd
from engine.testing import analysed_game
from engine.web.hub import Hub
from tests.engine.web.asgi import parsed
from tests.engine.web.live_rig import Controls, Stream, game, notice, served, snapshot

EPD = {1: "Lucena", 2: None}
"""Names of positions by their numbers."""


def test_the_page_says_everything_without_a_script(tmp_path: Path) -> None:
    hub = Hub(Controls())
    hub.snapshot(snapshot(2, notices=(notice("<b>an illegal move</b>"),)))
    hub.games([game(1)])
    with served(tmp_path, hub) as server:
        status, text, _ = server.ask("GET", "/live")
    page = parsed(text)
    words = " ".join(page.words.split())
    assert status == 200
    for said in ("Running", "20%, 2 games, 6 winning moves", "80 of 400", "#1", "7... Qh4#", "searching"):
        assert said in words, said
    assert "<b>an illegal move</b>" in words  # text, not a tag
    posts = [
        attributes["action"] for tag, attributes in page.tags if tag == "form" and attributes["method"] == "post"
    ]
    assert posts == ["/live/pause", "/live/resume", "/live/stop"]
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a" and "href" in attributes]
    assert "/game/1" in links
    assert "style=" not in text.replace("data-style=", "")
    assert not [tag for tag, attributes in page.tags if tag == "script" and "src" not in attributes]


def test_positions_of_epd_have_their_names(tmp_path: Path) -> None:
    hub = Hub()
    hub.games([structs.replace(analysed_game("*", [20], number=k), epd=Epd(id=name)) for k, name in EPD.items()])
    with served(tmp_path, hub) as server:
        page = parsed(server.ask("GET", "/live")[1])
        stream = Stream(server.port)
        _, state = stream.next()
        stream.close()
    assert [one["names"] for one in state["games"]] == [["Lucena"], ["Position 2"]]
    assert "Position 2" in page.words
    assert "Lucena" in page.words
    assert "White –" not in page.words


def test_every_page_says_that_its_figures_are_those_so_far(tmp_path: Path) -> None:
    hub = Hub()
    hub.snapshot(snapshot(1))
    with served(tmp_path, hub) as server:
        assert 'so far: <a href="/live">the run goes on</a>' in server.ask("GET", "/games")[1]
        hub.error(3, "no evaluator works")
        assert "the run goes on" not in server.ask("GET", "/games")[1]


def test_without_a_run_there_is_no_page(tmp_path: Path) -> None:
    with served(tmp_path, None) as server:
        for path in ("/live", "/live/events"):
            assert server.ask("GET", path)[0] == 404


def test_a_stream_that_breaks_goes_on_where_it_was(tmp_path: Path) -> None:
    hub = Hub()
    hub.snapshot(snapshot(1))
    with served(tmp_path, hub) as server:
        stream = Stream(server.port)
        name, state = stream.next()
        assert (name, state["progress"]["positions"], state["games"]) == ("reset", 40, [])
        hub.games([game(1)])
        assert stream.next()[1]["number"] == 1
        stream.close()
        hub.games([game(2), game(3)])
        again = Stream(server.port, stream.last_id)
        assert [values["number"] for _, values in (again.next(), again.next())] == [2, 3]
        hub.error(3, "no evaluator works")
        assert again.next()[0] == "error"
        assert again.answer.read() == b""  # nothing more will come
        over = Stream(server.port, again.last_id)
        assert over.status == 204
        assert server.ask("GET", f"/live/events?last={again.last_id}")[0] == 204
        for each in (again, over):
            each.close()


def test_buttons_are_for_pages_of_this_server(tmp_path: Path) -> None:
    controls = Controls()
    with served(tmp_path, Hub(controls)) as server:
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        for body, headers in (
            ("", {}),
            ("csrf=wrong", form),
            ("", {"X_Token": "wrong"}),
            (f"csrf={server.token}", {**form, "Origin": "http://elsewhere.example"}),
        ):
            assert server.ask("POST", "/live/stop", body, **headers)[0] in (400, 403)
        assert server.ask("GET", "/live/stop")[0] == 405
        assert controls.pressed == []
        assert server.ask("POST", "/live/pause", "", X_Token=server.token)[0] == 204
        assert server.ask("POST", "/live/resume", f"csrf={server.token}", **form)[::2] == (303, "/live")
        assert server.ask("POST", "/live/stop", f"csrf={server.token}", **form)[::2] == (303, "/live")
        assert controls.pressed == ["pause", "resume", "stop"]


def test_a_run_without_controls_cannot_be_changed(tmp_path: Path) -> None:
    with served(tmp_path, Hub()) as server:
        assert "/live/stop" not in server.ask("GET", "/live")[1]
        assert server.ask("POST", "/live/stop", "", X_Token=server.token)[0] == 404
