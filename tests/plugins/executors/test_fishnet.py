"""The executor `fishnet`: work goes out over its six routes, and comes back."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import pytest
from msgspec import structs

import engine
from engine.contracts.messages import Done, Lost
from engine.errors import ConfigError
from engine.model import Limit
from tests.plugins.executors.fishnet_rig import (
    KEY,
    STOCKFISH,
    Client,
    analysis_of,
    collected,
    executor_of,
    part_of,
    score_of,
    serving,
    unit_of,
)
from tests.support import FEW

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


def test_a_client_that_says_nothing_is_forgotten_and_one_that_reports_is_not() -> None:
    with serving(silence=0.2) as executor:
        executor.submit(unit_of("e2e4"))
        executor.submit(unit_of("d2d4", serial=2))
        client = Client(executor.address)
        works = [client.acquire(), client.acquire()]
        reporting, silent = works
        lost: list[Any] = []
        while not lost:
            assert client.submit(reporting, [None, part_of(chess.Board(), 1_000)]) == (204, None)
            lost += executor.collect(0.01)
        assert (lost[0].unit, lost[0].blame) == (2, "outside")
        assert "said nothing for 0.2 s" in lost[0].reason
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


def test_close_leaves_no_thread_and_sends_waiting_clients_home() -> None:
    before = set(threading.enumerate())
    executor: Any = executor_of()
    answers: list[Any] = []
    client = Client(executor.address)
    waiting = threading.Thread(target=lambda: answers.append(client.post("acquire")))
    waiting.start()
    executor.collect(0.1)
    executor.close()
    waiting.join()
    assert answers == [(204, None)] or not answers
    assert set(threading.enumerate()) <= before


# -- those who may not --


def test_unknown_keys_are_refused_on_every_route() -> None:
    with serving() as executor:
        executor.submit(unit_of())
        stranger = Client(executor.address, key="0123456789abcdefKEX")
        for path in ("acquire", "analysis/1", "move/1", "abort/1"):
            assert stranger.post(path, analysis=[])[0] == 401
            assert stranger.ask("POST", path, {}, {"Authorization": "Bearer wrong"})[0] == 401
            assert stranger.ask("POST", path, b"rubbish")[0] == 401
        assert [stranger.ask("GET", f"key/{key}")[0] for key in (KEY, "wrong")] == [200, 404]
        bearer = [{"Authorization": f"Bearer {key}"} for key in (KEY, "wrong")]
        assert [stranger.ask("GET", "key", None, each)[0] for each in bearer] == [200, 401]
        assert not executor.collect(0.0)
        executor.close()
        first, total = executor.notices()
    assert first.endswith("is refused: an unknown key")
    assert total == "requests of clients that were refused: 14 (unknown key)"


def test_another_stockfish_is_refused_and_so_are_its_options() -> None:
    with serving() as executor:
        executor.submit(unit_of())
        others = [
            Client(executor.address, stockfish="Stockfish 16"),
            Client(executor.address, options={"threads": "2", "hash": "16", "analysis contempt": "Off"}),
            Client(executor.address, options={"threads": "1", "hash": "256", "analysis contempt": "Off"}),
            Client(executor.address, stockfish=""),  # version 2 says nothing of the kind
        ]
        answers = [other.post("acquire") for other in others]
        assert [status for status, _ in answers] == [406] * 4
        assert "'Stockfish 16' in place of 'Stockfish 15.1'" in answers[0][1]["error"]
        assert Client(executor.address).acquire()


def _hostile(board: chess.Board, usual: int, **other: Any) -> dict[str, Any]:
    return {**part_of(board, usual), **other}


REFUSED: dict[str, list[dict[str, Any]]] = {
    "illegal moves": [{"pv": "e2e5"}, {"pv": "0000"}, {"pv": "e7e5 e2e4 e2e4"}],
    "no best move": [{"pv": ""}],
    "no score": [{"score": {}}, {"score": {"cp": None}}, {"score": {"cp": 1, "mate": 1}}, {"score": {"mate": 0}}],
    "missing positions": [{"score": None}, {"skipped": True}],
    "malformed": [
        *({"score": {"cp": score}} for score in ("many", 10**9, 0.5, [])),
        *({"nodes": nodes} for nodes in (-1, None, "1")),
        {"depth": 10**30},
        {"pv": "e7e5 " * 2_000},
    ],
}


def test_hostile_parts_lose_the_unit_and_nothing_else() -> None:
    with serving() as executor:
        client = Client(executor.address)
        serial = 0
        for parts in REFUSED.values():
            for other in parts:
                serial += 1
                executor.submit(unit_of("e2e4", serial=serial))
                work = client.acquire()
                analysis = [part_of(chess.Board(), 1_000), _hostile(chess.Board(AFTER_E4), 1_000, **other)]
                status, answer = client.submit(work, analysis)
                assert (status, bool(answer["error"])) == (400, True), other
                (lost,) = collected(executor, 1)
                assert (lost.unit, lost.blame) == (serial, "position")
            executor.submit(unit_of())
            work = client.acquire()
            assert client.submit(work, analysis_of(work))[0] == 204  # which wipes the slate clean
            assert isinstance(collected(executor, 1)[0], Done)
        executor.close()
        total = list(executor.notices())[-1]
    for kind, parts in REFUSED.items():
        assert f"{len(parts)} ({kind})" in total


AFTER_E4 = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"


def test_hostile_results_are_refused_and_counted() -> None:
    with serving() as executor:
        client = Client(executor.address)
        part = part_of(chess.Board(), 1_000)
        matrix = {"score": [], "nodes": [], "time": [], "pv": []}
        hostile: list[Any] = [[], [part], [part] * 3, {}, matrix, "text", None, 5, [[[[]]]] * 9]
        for serial, analysis in enumerate(hostile, 1):
            executor.submit(unit_of("e2e4", serial=serial))
            assert client.submit(client.acquire(), analysis)[0] == 400, analysis
            assert collected(executor, 1)[0].unit == serial
        bodies = [
            b'{"fishnet": {"apikey": "%s"}, "analysis": NaN}' % KEY.encode(),
            b"[" * 100_000,
            b"\xff",
            b'{"x": "\\ud83d"}',
        ]
        bearer = {"Authorization": f"Bearer {KEY}"}
        assert [client.ask("POST", "analysis/1", body, bearer)[0] for body in bodies] == [400] * 4
        assert client.post("analysis/unknown", analysis=[part])[0] == 400
        assert client.post("move/unknown", move={"bestmove": "e2e4"})[0] == 404
        executor.close()
        total = list(executor.notices())[-1]
    assert total.startswith("requests of clients that were refused: 1 (another form), ")
    assert "1 (unknown work)" in total
    assert "3 (wrong number of positions)" in total


def test_a_huge_body_is_refused_before_it_is_read(executor: Any) -> None:
    client = Client(executor.address)
    huge = {"Content-Length": str(10**12), "Authorization": f"Bearer {KEY}"}
    assert client.ask("POST", "acquire", b"{}", huge)[0] == 413
    chunked = {"Transfer-Encoding": "chunked", "Authorization": f"Bearer {KEY}"}
    pieces = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20)) * 5 + b"0\r\n\r\n"
    assert client.ask("POST", "acquire", pieces, chunked)[0] == 413


def test_who_sends_rubbish_ten_times_in_a_row_gets_nothing_for_a_while() -> None:
    with serving() as executor:
        client = Client(executor.address)
        for serial in range(1, 11):
            executor.submit(unit_of(serial=serial))
            client.submit(client.acquire(), [])
            collected(executor, 1)
        executor.submit(unit_of(serial=11))
        assert client.post("acquire")[0] == 403


def test_a_search_that_the_clock_of_a_client_has_ended_is_refused() -> None:
    with serving(Limit(nodes=9_000_000)) as executor:
        client = Client(executor.address)
        slow = {"nodes": 4_000_000, "time": 6_000}
        for serial, other in enumerate((slow, {"nodes": 2_000_000, "time": 3_000}), 1):
            executor.submit(unit_of(serial=serial))
            work = client.acquire()
            analysis = analysis_of(work, lambda board, nodes, other=other: _hostile(board, nodes, **other))
            assert client.submit(work, analysis)[0] == 400
            assert "use fewer nodes" in collected(executor, 1)[0].reason
        executor.submit(unit_of(serial=3))
        work = client.acquire()
        ended = analysis_of(work, lambda board, nodes: _hostile(board, 5_000, time=10, depth=245))
        assert client.submit(work, ended)[0] == 204


# -- settings --


def test_other_machines_get_in_only_with_keys_and_tls(tmp_path: Path) -> None:
    for options in ({"keys": ""}, {"keys": KEY}):
        with pytest.raises(ConfigError, match=r"only with keys and TLS"):
            executor_of(host="0.0.0.0", **options)
    certificate, key = _certificate(tmp_path)
    with pytest.raises(ConfigError, match=r"only with keys and TLS"):
        executor_of(host="0.0.0.0", keys="", cert=certificate, cert_key=key)
    context = ssl.create_default_context(cafile=certificate)
    with serving(host="0.0.0.0", cert=certificate, cert_key=key) as executor:
        address = executor.address.replace("0.0.0.0", "127.0.0.1")
        assert address.startswith("https://")
        assert Client(address, tls=context).ask("GET", f"key/{KEY}")[0] == 200


def _certificate(folder: Path) -> tuple[str, str]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not here, which makes the certificate of this test")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [program, "req", *kind, *name, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return str(certificate), str(key)


def test_keys_come_from_a_file_or_are_made_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY}\n{KEY[::-1]}\n")
    with serving(keys=str(keys)) as executor:
        client = Client(executor.address)
        assert [client.ask("GET", f"key/{key}")[0] for key in (KEY, KEY[::-1], "another")] == [200, 200, 404]
    assert capsys.readouterr().err == ""
    with serving(keys="") as executor:
        made = capsys.readouterr().err.split()[-1]
        assert Client(executor.address).ask("GET", f"key/{made}")[0] == 200
        assert not list(executor.notices())  # which outputs keep


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"keys": "short"}, "16 to 64 letters and digits"),
        ({"keys": " "}, "has no key"),
        ({"cert": "nowhere.pem"}, "a certificate and its key together"),
        ({"cert": "nowhere.pem", "cert_key": "nowhere.key"}, "no such file"),
        ({"host": "no.such.host.invalid"}, "cannot listen on"),
    ],
)
def test_settings_that_cannot_work_are_explained(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        executor_of(**options)


def test_a_port_that_is_taken_is_explained(executor: Any) -> None:
    port = int(executor.address.split(":")[2].partition("/")[0])
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1, port {port}"):
        executor_of(port=port)


def test_a_limit_of_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="a clock of their own"):
        executor_of(Limit(time=100))


# -- a run --


def _work(client: Client, over: threading.Event) -> None:
    """Work as soon as there is a server, until there is none."""
    while not over.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException):
            client.work_until(over)


def _knock(stranger: Client, known: threading.Event) -> None:
    """Ask until the server has answered."""
    while not known.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert stranger.post("acquire")[0] == 401
            known.set()


def test_a_run_through_clients_is_whole_and_says_whom_it_refused() -> None:
    with serving() as executor:  # closed again: its port is free
        address = executor.address
    port = int(address.split(":")[2].partition("/")[0])
    options = {"stockfish": STOCKFISH, "port": port, "keys": KEY}
    settings = engine.Settings(executor="fishnet", cache="", plugin_options={"fishnet": options})
    over, known = threading.Event(), threading.Event()
    threads = [threading.Thread(target=_work, args=(Client(address), over)) for _ in range(2)]
    threads.append(threading.Thread(target=_knock, args=(Client(address, key="f" * 16), known)))
    for thread in threads:
        thread.start()
    try:
        result = engine.analyze(FEW, nodes=1_000, settings=settings)
    finally:
        over.set()
        known.set()
        for thread in threads:
            thread.join()
    counts = result.counts
    assert (counts.analysed, counts.searched + counts.cached, counts.quarantined) == (3, 105, 0)
    assert result.evaluator.name == f"{STOCKFISH}, fishnet"
    assert any("(unknown key)" in notice.reason for notice in result.notices)
