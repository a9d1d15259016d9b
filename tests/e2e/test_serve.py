"""`engine serve` and `engine analyze --serve`, over a real socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci
from tests.e2e.command import assert_clear_error, refused
from tests.e2e.command import engine as command
from tests.e2e.serving import serving
from tests.engine.web.live_rig import Stream
from tests.support import FEW, PATIENCE

EVALUATED = """[White "Anna"]
[Black "Ben"]
[Result "0-1"]

1. f3 { [%eval -0.6] } e5 { [%eval -0.5] } 2. g4 { [%eval #-1] } Qh4# 0-1

"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "games.pgn").write_text(3 * EVALUATED)
    (tmp_path / "plain.pgn").write_text("1. e4 e5 *\n")
    (tmp_path / "nothing.jsonl").touch()
    (tmp_path / "few.pgn").write_text(FEW, encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    return tmp_path


def test_results_are_shown_until_ctrl_c_and_at_once_the_second_time(folder: Path) -> None:
    with serving("serve", "games.pgn", "--same", "Anna=Anni", cwd=folder) as shown:
        assert ending(shown.port)["games"] == 3
        status, page = shown.get("/")
        assert status == 200
        assert "games.pgn" in page
        assert shown.get("/game/1")[0] == 200
        _, live = shown.get("/live")
        assert "Done" in live
        assert shown.interrupt() == 0
        assert len(re.findall("http://", "".join((*shown.out, *shown.err)))) == 1
    with serving("serve", "games.pgn", "--same", "Anna=Anni", cwd=folder) as shown:
        assert shown.get("/live")[0] == 404  # nothing was read again
        assert shown.get("/game/1")[0] == 200
        assert "/game/3" in shown.get("/games?player=Anni")[1]
        assert shown.interrupt() == 0
        assert shown.err == []
    kept = Path(os.environ["ENGINE_HOME"], "cache", "pages")
    assert len(list(kept.glob("*.games"))) == 1


def test_pages_count_winning_moves_from_the_score_that_the_run_does(folder: Path) -> None:
    setting = ("--set", "scoreboard.winning_cp=55")
    with serving("analyze", "games.pgn", "-e", "recorded", *setting, "--serve", "-q", cwd=folder) as shown:
        end = ending(shown.port)
        assert end["wins"] == 3 * 2  # Black to move, with 0.60 and with mate in 1
        _, page = shown.get("/")
        assert re.search(rf"Winning moves</a></dt><dd>{end['wins']}</dd>", page)
        assert shown.interrupt() == 0


def test_a_player_whom_nobody_knows_is_said(folder: Path) -> None:
    with serving("serve", "games.pgn", "--player", "Anne", cwd=folder) as shown:
        shown.wait_for("nobody is called `Anne`, the nearest name is `Anna`; the overview has everybody")
        assert shown.get("/")[0] == 200
        assert shown.interrupt() == 0


def test_the_player_of_the_settings_file_begins_the_pages(folder: Path) -> None:
    settings = Path(os.environ["ENGINE_HOME"], "config", "engine.toml")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('player = ["Me", "Ben"]\nshard = "1/3"\n')
    with serving("serve", "games.pgn", cwd=folder) as shown:
        assert ending(shown.port)["games"] == 3
        connection = http.client.HTTPConnection("127.0.0.1", shown.port, timeout=PATIENCE)
        connection.request("GET", "/")
        assert connection.getresponse().getheader("Location") == "/?player=Me"
        connection.close()
        assert "3 games" in shown.get("/?player=Me")[1]
        assert shown.interrupt() == 0
    settings.write_text('player = ["Anne"]\n')
    with serving("serve", "games.pgn", cwd=folder) as shown:
        shown.wait_for("player in engine.toml: nobody is called `Anne`, the nearest name is `Anna`")
        assert shown.interrupt() == 0


@pytest.mark.slow
def test_a_run_is_watched_and_its_games_stay(folder: Path) -> None:
    """Reports, outputs and the exit code are those of the same command without pages."""
    run = ("analyze", "few.pgn", "-e", fake_uci(folder / "fake"), "--nodes", "50", "--no-cache", "-q")
    with serving(*run, "-o", "watched.jsonl", "--serve", cwd=folder) as shown:
        end = ending(shown.port)
        shown.wait_for("until Ctrl-C")
        assert shown.get("/game/3")[0] == 200
        assert shown.interrupt() == 0
    alone = command(*run, "-o", "alone.jsonl", cwd=folder)
    assert "".join(shown.out) == alone.out
    assert (folder / "watched.jsonl").read_bytes() == (folder / "alone.jsonl").read_bytes()
    assert (end["phase"], end["games"], end["positions"]) == ("done", 3, 105)
    assert not list(Path(os.environ["ENGINE_HOME"], "cache", "pages").glob("*.games"))


@pytest.mark.slow
def test_ctrl_c_during_the_run_ends_the_command_in_good_order(folder: Path) -> None:
    slow = fake_uci(folder / "slow", delay=0.2)
    with serving("analyze", "few.pgn", "-e", slow, "--nodes", "50", "--serve", cwd=folder) as shown:
        stream = Stream(shown.port)
        while (event := stream.next())[0] != "progress" or not event[1]["positions"]:
            pass
        stream.close()
        assert shown.interrupt() == 130
    assert "the same command continues where it stopped" in "".join(shown.err)


@pytest.mark.slow
def test_what_is_stopped_on_the_page_stays_there(folder: Path) -> None:
    slow = fake_uci(folder / "slow", delay=0.2)
    with serving("analyze", "few.pgn", "-e", slow, "--nodes", "50", "--serve", cwd=folder) as shown:
        stream = Stream(shown.port)
        while (event := stream.next())[0] != "progress" or not event[1]["positions"]:
            pass
        token = re.search(r'name="csrf" value="([^"]+)"', shown.get("/live")[1])
        assert token is not None
        for action, phase in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
            assert press(shown.port, action, token[1]) == 204
            while (event := stream.next())[1].get("phase") != phase:
                pass
        stream.close()
        shown.wait_for("stopped as asked")
        shown.wait_for("until Ctrl-C")
        assert "Stopped" in shown.get("/live")[1]
        assert shown.interrupt() == 0


def ending(port: int) -> dict[str, Any]:
    """Wait for the end of the run, and return its event."""
    stream = Stream(port)
    try:
        name, values = stream.next()
        while name != "end" and values.get("end") is None:
            name, values = stream.next()
        return values if name == "end" else values["end"]
    finally:
        stream.close()


def press(port: int, action: str, token: str) -> int:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("POST", f"/live/{action}", "", {"X-Token": token})
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_cannot_be_shown_is_said_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    serve = ("serve", "--no-browser", "--port", "0", "-j", "1")
    ran = refused(capsys, *serve, "plain.pgn")
    assert_clear_error(ran, 2, "no evaluations in plain.pgn", "engine analyze plain.pgn --serve")
    assert_clear_error(refused(capsys, *serve, "nowhere.jsonl"), 2, "nowhere.jsonl")
    assert_clear_error(refused(capsys, *serve, "nothing.jsonl"), 2, "no game in nothing.jsonl")
    assert_clear_error(refused(capsys, *serve, "picture.png"), 2, "picture.png")
    assert_clear_error(refused(capsys, *serve, "games.pgn", "--host", "no such host"), 2, "no such host")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = refused(capsys, "serve", "games.pgn", "--no-browser", "--port", str(port))
        assert_clear_error(ran, 2, f"port {port} is taken")
    assert_clear_error(
        refused(capsys, "analyze", "few.pgn", "--port", "1"), 2, "--port is for the pages of --serve"
    )
    monkeypatch.setattr("engine.cli.pages.find_spec", lambda name: None)
    for ran in (refused(capsys, *serve, "games.pgn"), refused(capsys, "analyze", "few.pgn", "--serve")):
        assert_clear_error(ran, 2, "starlette and uvicorn", "pip install 'grandmaster-analysis[web]'")
    assert not list(Path(os.environ["ENGINE_HOME"]).rglob("*.games"))


def test_events_of_a_pause_are_events_of_progress() -> None:
    """The keys that other programs read."""
    from engine.run import events
    from tests.engine.web.live_rig import snapshot

    found = json.loads(events.to_json(events.progress(snapshot(1, paused=True))))
    assert (found["event"], found["paused"], found["stopping"]) == ("progress", True, False)
