"""What the executor `fishnet` refuses: strangers, other programs, hostile results, and settings."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import pytest

from engine.contracts.messages import Done
from engine.errors import ConfigError
from engine.model import Limit
from tests.plugins.executors.fishnet_rig import (
    KEY,
    OTHER,
    TOLD,
    Client,
    analysis_of,
    collected,
    executor_of,
    part_of,
    serving,
    unit_of,
)


@pytest.fixture(name="executor")
def executor_as_it_is() -> Iterator[Any]:
    with serving() as executor:
        yield executor


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
        first, total = TOLD
    assert first.endswith("is refused: an unknown key")
    assert total == "executor fishnet: requests of clients that were refused: 14 (unknown key)"


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
                assert (lost.unit, lost.blame) == (serial, "outside")
            executor.submit(unit_of())
            work = client.acquire()
            assert client.submit(work, analysis_of(work))[0] == 204  # which wipes the slate clean
            assert isinstance(collected(executor, 1)[0], Done)
        executor.close()
        total = TOLD[-1]
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
        total = TOLD[-1]
    assert total.startswith("executor fishnet: requests of clients that were refused: 1 (another form), ")
    assert "1 (unknown work)" in total
    assert "3 (wrong number of positions)" in total


def test_nobody_touches_the_work_of_others() -> None:
    with serving(keys=f"{KEY},{OTHER}") as executor:
        executor.submit(unit_of())
        client, other = Client(executor.address), Client(executor.address, key=OTHER)
        work = client.acquire()
        name = work["work"]["id"]
        assert other.submit(work, analysis_of(work))[0] == 400
        assert other.submit(work, "rubbish")[0] == 400
        assert other.post(f"abort/{name}")[0] == 404
        assert client.submit(work, analysis_of(work))[0] == 204
        assert isinstance(collected(executor, 1)[0], Done)
        assert [state.name for state in executor.states()] == ["127.0.0.1, key 1"]


def test_a_huge_body_is_refused_before_it_is_read(executor: Any) -> None:
    client = Client(executor.address)
    huge = {"Content-Length": str(10**12), "Authorization": f"Bearer {KEY}"}
    assert client.ask("POST", "acquire", b"{}", huge)[0] == 413
    chunked = {"Transfer-Encoding": "chunked", "Authorization": f"Bearer {KEY}"}
    pieces = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20)) * 5 + b"0\r\n\r\n"
    assert client.ask("POST", "acquire", pieces, chunked)[0] == 413


def test_who_sends_rubbish_ten_times_in_a_row_gets_nothing_for_a_while() -> None:
    with serving(keys=f"{KEY},{OTHER}") as executor:
        client = Client(executor.address)
        for serial in range(1, 11):
            executor.submit(unit_of(serial=serial))
            client.submit(client.acquire(), [])
            collected(executor, 1)
        executor.submit(unit_of(serial=11))
        assert client.post("acquire")[0] == 403
        assert Client(executor.address, key=OTHER).acquire()


def test_a_search_that_the_clock_of_a_client_has_ended_is_refused() -> None:
    with serving(Limit(nodes=9_000_000)) as executor:
        client = Client(executor.address)
        slow = {"nodes": 4_000_000, "time": 6_000}
        for serial, other in enumerate((slow, {"nodes": 2_000_000, "time": 3_000}), 1):
            executor.submit(unit_of(serial=serial))
            work = client.acquire()
            analysis = analysis_of(work, lambda board, nodes, other=other: _hostile(board, nodes, **other))
            assert client.submit(work, analysis)[0] == 400
            (lost,) = collected(executor, 1)
            assert lost.blame == "position"
            assert "use fewer nodes" in lost.reason
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
    keys.write_text(f"{KEY}\n{OTHER}\n")
    with serving(keys=str(keys)) as executor:
        client = Client(executor.address)
        assert [client.ask("GET", f"key/{key}")[0] for key in (KEY, OTHER, "another")] == [200, 200, 404]
    assert capsys.readouterr().err == ""
    with serving(keys="") as executor:
        made = capsys.readouterr().err.split()[-1]
        assert Client(executor.address).ask("GET", f"key/{made}")[0] == 200
        assert not TOLD  # which outputs keep


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
