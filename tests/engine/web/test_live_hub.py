"""What a hub tells those who watch: everything once and in order, each event encoded once, bounded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import engine
from engine.cli.live.plain import plain_line
from engine.run import events
from engine.testing import analysed_game
from engine.web import hub as hubs
from engine.web import live
from engine.web.glimpse import POINTS, glimpse
from engine.web.hub import Hub
from engine.web.standing import standing
from tests.engine.web.live_rig import game, notice, parse, snapshot


class Clock:
    """A time that a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(hubs.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def names(piece: bytes) -> list[str]:
    return [name for name, _ in parse(piece)]


def test_a_page_that_comes_back_gets_what_it_has_missed_in_order(clock: Clock) -> None:
    hub = Hub()
    hub.snapshot(snapshot(1))
    seen, first = hub.since(-1)
    assert names(first) == ["reset"]
    hub.games([game(1)])
    clock.now += 1
    hub.snapshot(snapshot(2))
    hub.games([game(2)])
    clock.now += 1
    hub.snapshot(snapshot(3, notices=(notice("an illegal move"),)))
    hub.games([game(4)])
    latest, missed = hub.since(seen)
    assert names(missed) == ["game", "game", "notice", "progress", "game"]
    assert [values["number"] for name, values in parse(missed) if name == "game"] == [1, 2, 4]
    assert [values["games"] for name, values in parse(missed) if name == "progress"] == [3]
    assert hub.since(latest) == (latest, b"")


def test_ids_go_on_where_they_are_and_those_of_another_run_mean_nothing() -> None:
    hub = Hub()
    hub.games([game(1)])
    loop = asyncio.new_event_loop()
    try:
        first = hub.view("", loop)
        piece = first.take()
        last_id = piece.split(b"\n")[0].removeprefix(b"id: ").decode()
        hub.games([game(2)])
        assert names(hub.view(last_id, loop).take()) == ["game"]
        for other in (
            "",
            "12",
            f"{last_id}0",
            "x.1",
            last_id.replace(".", "."[:0]),
            "ffffffff.1",
            f"{last_id[:9]}²",
        ):
            assert names(hub.view(other, loop).take()) == ["reset"], other
    finally:
        loop.close()


def test_what_the_log_has_lost_is_in_the_whole_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "LOGGED", 2_000)
    hub = Hub()
    hub.games([game(1)])
    seen, _ = hub.since(-1)
    hub.games([game(number) for number in range(2, 40)])
    [(name, state)] = parse(hub.since(seen)[1])
    assert name == "reset"
    assert [found["number"] for found in state["games"]] == list(range(40 - hubs.NEWEST, 40))
    assert state["last"] == 39
    assert names(hub.since(hub.since(-1)[0] - 1)[1]) == ["game"]  # the newest is still there


def test_an_event_is_encoded_once_for_all_who_watch(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    hub = Hub()
    hub.snapshot(snapshot(1))
    seen = [hub.since(-1)[0] for _ in range(3)]
    encoded: list[Any] = []
    monkeypatch.setattr(events, "to_json", lambda event: encoded.append(event) or "{}")
    clock.now += 1
    hub.snapshot(snapshot(2))
    hub.games([game(1)])
    pieces = {hub.since(each)[1] for each in seen}
    assert len(pieces) == 1
    assert len(encoded) == 2
    for _ in range(3):
        hub.since(-1)
    assert len(encoded) == 3


def test_progress_comes_every_second_and_a_pause_at_once(clock: Clock) -> None:
    hub = Hub()
    hub.snapshot(snapshot(1))
    seen, _ = hub.since(-1)
    clock.now += 0.1
    hub.snapshot(snapshot(2))
    assert hub.since(seen)[1] == b""
    hub.snapshot(snapshot(2, paused=True))
    seen, piece = hub.since(seen)
    [(_, progress)] = parse(piece)
    assert (progress["phase"], progress["games"], progress["paused"]) == ("paused", 2, True)
    clock.now += 0.1
    hub.snapshot(snapshot(2, stopping=True))
    assert parse(hub.since(seen)[1])[0][1]["phase"] == "stopping"


def test_the_time_of_a_run_is_the_same_in_its_figure_and_in_words() -> None:
    """A snapshot is a moment older than the result."""
    hub = Hub()
    hub.snapshot(snapshot(1, seconds=3.9))
    result = engine.analyze(["1. e4 { [%eval 0.2] } e5 { [%eval 0.2] } *"], evaluator="recorded", aggregators=[])
    result.counts.seconds = 4.1
    hub.end(result)
    state = hub.state()
    assert state["progress"]["figures"]["time"] == "0:04"
    assert state["end"]["sentence"].endswith("in 0:04")


def test_a_failed_run_says_why() -> None:
    hub = Hub()
    hub.error(3, "no evaluator works")
    [(_, state)] = parse(hub.since(-1)[1])
    assert (state["error"]["code"], state["error"]["message"], hub.over) == (3, "no evaluator works", True)


def test_a_result_that_is_read_has_no_nodes_per_second() -> None:
    assert standing(snapshot(1))["figures"]["nodes"] == "4,000"
    assert standing(snapshot(1, nodes=0))["figures"]["nodes"] == "–"
    assert "4,000 nodes/s, 3 winning moves" in plain_line(snapshot(1))
    assert "nodes/s" not in plain_line(snapshot(1, nodes=0))


def test_a_game_in_a_few_values() -> None:
    found = glimpse(game(7))
    assert (found["number"], found["result"], found["plies"]) == (7, "0-1", 4)
    assert found["graph"][0] == 51
    assert found["graph"][-1] == 0  # mated
    assert all(point is None or 0 <= point <= 100 for point in found["graph"])
    assert found["judged"] == [[1, 0, 1], [0, 0, 0]]
    shuffling = " ".join(f"{k}. {'Nf3 Nf6' if k % 2 else 'Ng1 Ng8'}" for k in range(1, 101))
    long = analysed_game(f"{shuffling} *", [20] * 201)
    graph = glimpse(long)["graph"]
    assert POINTS // 2 < len(graph) <= POINTS
    assert glimpse(analysed_game("*", [20]))["graph"] == []


def test_a_page_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SLOW", 0.01)

    async def main() -> None:
        hub = Hub()
        hub.games([game(1)])
        begun = asyncio.Event()

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                begun.set()
                await asyncio.Event().wait()

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        viewer = hub.view("", asyncio.get_running_loop())
        await live.EventStream(viewer)({"type": "http"}, receive, send)
        assert begun.is_set()
        hub.games([game(2)])
        assert not hub._viewers

    asyncio.run(main())
