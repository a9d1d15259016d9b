"""The executor `fishnet`: work goes out over its six routes, and comes back."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import chess
import pytest
from msgspec import structs

import engine
from engine.contracts.messages import Done, Lost
from engine.model import Limit
from engine_plugins.executors._fishnet.desk import Desk
from tests.plugins.executors.fishnet_rig import (
    KEY,
    OTHER,
    STOCKFISH,
    Client,
    addresses,
    analysis_of,
    collected,
    executor_of,
    part_of,
    score_of,
    serving,
    unit_of,
)
from tests.support import FEW, PATIENCE

THERE_AND_BACK = ("g1f3", "g8f6", "f3g1", "f6g8") * 6
RUY = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "g8f6", "e1g1", "f6e4")


@pytest.fixture(name="executor")
def executor_as_it_is() -> Iterator[Any]:
    with serving() as executor:
        yield executor


def test_a_chunk_goes_out_as_one_line_and_comes_back_in_its_order(executor: Any) -> None:
    unit = unit_of(*RUY, first=2)
    executor.submit(unit)
    client = Client(executor.address)
    work = client.acquire()
    assert work["moves"] == " ".join(RUY[2:])  # from the pawn's move on
    assert work["skipPositions"] == []
    assert (work["nodes"], work["variant"], work["work"]["type"]) == (1_000, "standard", "analysis")
    assert client.submit(work, analysis_of(work)) == (204, None)
    (done,) = collected(executor, 1)
    assert isinstance(done, Done)
    assert (done.unit, done.counted) == (1, False)
    boards = [position.board() for position in unit.positions]
    assert [evaluation.score.cp for evaluation in done.evaluations] == [score_of(board) for board in boards]
    assert all(board.parse_uci(found.best) for board, found in zip(boards, done.evaluations, strict=True))


def test_a_position_of_its_own_and_one_with_a_past_are_asked_for_alone(executor: Any) -> None:
    executor.submit(unit_of())
    executor.submit(unit_of(*RUY, serial=2, first=len(RUY)))
    client = Client(executor.address)
    start = client.acquire()
    assert (start["moves"], start["skipPositions"]) == ("", [1])
    later = client.acquire()
    # The capture is irreversible: the position has no past.
    assert (later["position"], later["moves"]) == (unit_of(*RUY).positions[0].fen, "")
    executor.submit(unit_of(*RUY[:6], serial=3, first=6))
    past = client.acquire()
    assert past["moves"].split() == list(RUY[2:6])
    assert past["skipPositions"] == [0, 1, 2, 3]
    for work in (start, later, past):
        client.submit(work, analysis_of(work))
    assert {outcome.unit for outcome in collected(executor, 3)} == {1, 2, 3}


def test_a_result_is_answered_with_the_next_work(executor: Any) -> None:
    executor.submit(unit_of())
    executor.submit(unit_of("e2e4", serial=2))
    client = Client(executor.address)
    status, following = client.submit(work := client.acquire(), analysis_of(work), stop=False)
    assert status == 202
    assert client.submit(following, analysis_of(following))[0] == 204
    assert len(collected(executor, 2)) == 2


def test_what_is_in_doubt_goes_out_again_with_more_nodes() -> None:
    limit = Limit(nodes=80_000)
    unit = structs.replace(unit_of(*THERE_AND_BACK), moves=("", *reversed(THERE_AND_BACK)))
    with serving(limit) as executor:
        executor.submit(unit)
        client = Client(executor.address)
        nodes = []
        while not (outcomes := executor.collect(0.0)):
            work = client.acquire()
            nodes.append(work["nodes"])
            # White has lost a little more than an inaccuracy with its third move.
            client.submit(work, analysis_of(work, _with_a_doubtful_move))
    (done,) = outcomes
    assert nodes == [10_000, 20_000, 80_000]
    deeper = [ply for ply, found in zip(unit.plies, done.evaluations, strict=True) if found.nodes > 10_000]
    assert deeper == [5, 4]
    assert {found.nodes for found in done.evaluations} == {10_000, sum(nodes)}


def _with_a_doubtful_move(board: chess.Board, nodes: int) -> dict[str, Any]:
    cp = 0 if board.ply() < 5 else -120
    return {
        **part_of(board, nodes),
        "pv": board.uci(list(board.legal_moves)[-1]),
        "score": {"cp": cp * (-1) ** board.ply()},
    }


def test_several_lines_come_as_a_matrix() -> None:
    with serving(Limit(nodes=1_000, multipv=2)) as executor:
        executor.submit(unit_of("e2e4"))
        client = Client(executor.address)
        work = client.acquire()
        assert work["multipv"] == 2
        told = {
            "score": [[[None, 10, 30], [None, 5]], [[None, 31_998], [None, -31_997]]],
            "nodes": [[[None, 400, 1_000], [None, 400]], [[None, 900], [None, 900]]],
            "time": [[[None, 1, 2], [None, 1]], [[None, 1], [None, 1]]],
            "pv": [[[None, "d2d4 d7d5", "d2d4"], [None, "e2e4"]], [[None, "e7e5"], [None, "c7c5 g1f3"]]],
        }
        assert client.submit(work, told)[0] == 204
        (done,) = collected(executor, 1)
    after, before = done.evaluations
    assert [str(line.score) for line in after.lines] == ["#2", "#-3"]
    # The search that ended in the middle of its second depth has told one line of two.
    assert [(line.score.cp, line.pv, line.depth) for line in before.lines] == [
        (10, ("d2d4", "d7d5"), 1),
        (5, ("e2e4",), 1),
    ]
    assert before.nodes == 1_000


def test_follow_up_searches_have_limits_of_their_own(executor: Any) -> None:
    executor.submit(unit_of("e2e4", first=1, limit=Limit(depth=9)))
    client = Client(executor.address)
    work = client.acquire()
    assert (work["depth"], work["nodes"]) == (9, 1_000_000_000)
    client.submit(work, analysis_of(work, lambda board, _: {**part_of(board, 50), "depth": 9}))
    assert isinstance(collected(executor, 1)[0], Done)


def test_long_units_are_cut_and_put_together() -> None:
    unit = unit_of(*RUY)
    with serving(positions=4) as executor:
        executor.submit(unit)
        client = Client(executor.address)
        works = [client.acquire() for _ in range(3)]
        assert executor.wants()
        for work in works:
            client.submit(work, analysis_of(work))
        (done,) = collected(executor, 1)
    assert [found.score.cp for found in done.evaluations] == [score_of(each.board()) for each in unit.positions]


# -- clients that go away --


def test_a_client_that_says_nothing_is_forgotten_and_one_that_reports_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("engine_plugins.executors.fishnet.time", SimpleNamespace(monotonic=lambda: now[0]))
    with serving(silence=10) as executor:
        executor.submit(unit_of("e2e4"))
        executor.submit(unit_of("d2d4", serial=2))
        client = Client(executor.address)
        works = [client.acquire(), client.acquire()]
        reporting, silent = works
        for _ in range(3):
            assert not executor.collect(0.0)
            now[0] += 4
            assert client.submit(reporting, [None, part_of(chess.Board(), 1_000)]) == (204, None)
        [lost] = executor.collect(0.0)
        assert (lost.unit, lost.blame) == (2, "outside")
        assert "said nothing for 10 s" in lost.reason
        # What it sends after all is no offence, and nothing that anybody waits for.
        assert client.submit(silent, analysis_of(silent))[0] == 204
        client.submit(reporting, analysis_of(reporting))
        assert [type(outcome) for outcome in collected(executor, 1)] == [Done]
        assert not executor.collect(0.0)


def test_an_aborted_work_is_lost_without_blame(executor: Any) -> None:
    executor.submit(unit_of("e2e4"))
    client = Client(executor.address)
    work = client.acquire()
    assert client.post(f"abort/{work['work']['id']}")[0] == 204
    assert collected(executor, 1) == [Lost(1, None, "outside", "the client stopped")]
    assert client.post("abort/nothing")[0] == 404


def test_only_so_much_is_taken_and_handed_out() -> None:
    with serving(clients=2) as executor:
        serial = 0
        while executor.wants():
            serial += 1
            executor.submit(unit_of(serial=serial))
        assert serial == 4
        client = Client(executor.address)
        for _ in range(2):
            client.acquire()
        assert executor.wants()
        status = json.loads(client.ask("GET", "status")[1])["analysis"]["user"]
        assert (status["acquired"], status["queued"]) == (2, 2)
        assert [state.state for state in executor.states()] == ["searching", "searching"]


def test_close_leaves_no_thread_and_sends_waiting_clients_home(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    asked = threading.Event()
    take = Desk.take

    def noted(desk: Desk, owner: str) -> Any:
        work = take(desk, owner)
        asked.set()
        return work

    monkeypatch.setattr(Desk, "take", noted)
    executor: Any = executor_of()
    answers: list[Any] = []
    client = Client(executor.address)
    waiting = threading.Thread(target=lambda: answers.append(client.post("acquire")))
    waiting.start()
    assert asked.wait(PATIENCE)  # from here on it waits for work
    executor.close()
    waiting.join()
    assert answers == [(204, None)]
    assert set(threading.enumerate()) <= before


def test_close_waits_for_no_client_that_does_not_end_what_it_sends(caplog: pytest.LogCaptureFixture) -> None:
    executor: Any = executor_of()
    host, _, port = executor.address.split("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        head = b"POST /fishnet/acquire HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head + b"{")
        assert Client(executor.address).ask("GET", "status")[0] == 200
        executor.close()
        assert connection.recv(12) in {b"HTTP/1.1 408", b""}
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_follow_up_search_with_a_limit_of_time_is_given_back(executor: Any) -> None:
    executor.submit(unit_of(limit=Limit(time=100)))
    assert collected(executor, 1) == [Lost(1, None, "position", "clients of fishnet take no limit of time")]


# -- a run --


def _work(client: Client, over: threading.Event) -> None:
    """Work as soon as there is a server, until there is none."""
    while not over.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException):
            client.work_until(over)


def _lie(client: Client, run: threading.Thread) -> None:
    """Send illegal moves for as long as that is tolerated, and then as a stranger."""
    while run.is_alive():
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, work = client.post("acquire")
            if status == 202:
                client.submit(
                    work, analysis_of(work, lambda board, nodes: {**part_of(board, nodes), "pv": "a1a1"})
                )
            elif status == 403:
                assert structs.replace(client, key="f" * 16).post("acquire")[0] == 401
                return


def test_a_run_through_clients_is_whole_and_says_whom_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = addresses(monkeypatch)
    options = {"stockfish": STOCKFISH, "port": 0, "keys": f"{KEY},{OTHER}"}
    settings = engine.Settings(executor="fishnet", cache="", plugin_options={"fishnet": options})
    results: list[engine.RunResult] = []
    run = threading.Thread(target=lambda: results.append(engine.analyze(FEW, nodes=1_000, settings=settings)))
    over = threading.Event()
    run.start()
    address = opened.get(timeout=PATIENCE)
    threads = [threading.Thread(target=_work, args=(Client(address), over)) for _ in range(2)]
    _lie(Client(address, key=OTHER), run)
    for thread in threads:
        thread.start()
    run.join()
    over.set()
    for thread in threads:
        thread.join()
    (result,) = results
    counts = result.counts
    assert (counts.analysed, counts.searched + counts.cached, counts.quarantined) == (3, 105, 0)
    assert result.evaluator.name == f"{STOCKFISH}, fishnet"
    assert result.notices[-1].reason == (
        "executor fishnet: requests of clients that were refused: "
        "10 (illegal moves), 1 (refused for a minute), 1 (unknown key)"
    )
