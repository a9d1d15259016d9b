"""What a run on a cluster is made of: bundles, options, and an executor that knows how much it can take."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

import engine
from engine.errors import ConfigError, EvaluatorError
from engine.model import Limit
from engine.plugin import Unit
from engine.testing.fake_uci import fake_uci
from engine_plugins.evaluators import _fetch
from engine_plugins.evaluators.embedded import Embedded
from engine_plugins.executors._dask_bundles import Bundler
from engine_plugins.executors.dask import DaskOptions, checked_address
from tests.pool_rig import units

UNITS = units(20)
SINGLES = [unit for unit in UNITS if len(unit.plies) == 1]


def bundler(seconds: float, *, waiting: int) -> Bundler:
    """Return units of one position each that wait, and of which it is known how long they take."""
    made = Bundler(1.0)
    made.pace.learn(SINGLES[0], seconds)
    for unit in SINGLES[:waiting]:
        made.add(unit)
    return made


def test_a_unit_of_which_nothing_is_known_goes_alone() -> None:
    made = Bundler(1.0)
    for unit in SINGLES[:3]:
        made.add(unit)
    assert made.bundles() == 3.0
    assert made.take(idle=1) == (SINGLES[0],)
    made.add(Unit(999, 1, UNITS[0].plies, UNITS[0].positions, Limit(nodes=7)))
    made.pace.learn(SINGLES[0], 0.1)
    assert made.bundles() == 3.0


def test_a_bundle_has_a_second_of_units_in_their_order() -> None:
    made = bundler(0.125, waiting=20)
    assert made.bundles() == pytest.approx(2.5)
    assert made.take(idle=0) == tuple(SINGLES[:8])
    assert made.take(idle=0) == tuple(SINGLES[8:16])
    assert made.take(idle=0) == ()
    assert made.take(idle=1) == tuple(SINGLES[16:20])
    assert made.take(idle=1) == ()
    assert made.bundles() == 0.0


def test_what_is_left_is_shared_among_idle_searches() -> None:
    made = bundler(0.125, waiting=6)
    assert [len(made.take(idle)) for idle in (4, 3, 2, 1)] == [2, 2, 1, 1]


def test_a_long_unit_is_a_bundle() -> None:
    made = bundler(30.0, waiting=2)
    assert [made.take(idle=0), made.take(idle=0)] == [(SINGLES[0],), (SINGLES[1],)]


def test_what_was_lost_together_goes_alone_until_it_is_done() -> None:
    made = bundler(0.1, waiting=0)
    made.suspect(SINGLES[:2])
    made.done(SINGLES[1])
    for unit in SINGLES[:3]:
        made.add(unit)
    assert made.take(idle=0) == (SINGLES[0],)
    assert made.take(idle=1) == (SINGLES[1], SINGLES[2])


def test_an_address_has_a_protocol() -> None:
    assert checked_address(DaskOptions()) == ""
    assert checked_address(DaskOptions(address="here:8786")) == "tcp://here:8786"
    assert checked_address(DaskOptions(address="tls://here:8786")) == "tls://here:8786"


def test_certificates_are_checked_before_anything_is_started(tmp_path: Path) -> None:
    there = tmp_path / "ca.pem"
    there.touch()
    with pytest.raises(ConfigError, match=r"dask\.tls_ca has an effect only with .* tls://"):
        checked_address(DaskOptions(address="here:1", tls_ca=str(there)))
    with pytest.raises(EvaluatorError, match=r"dask\.tls_cert: .*nowhere\.pem: no such file"):
        checked_address(DaskOptions(address="tls://x:1", tls_ca=str(there), tls_cert=f"{tmp_path}/nowhere.pem"))
    with pytest.raises(ConfigError, match=r"dask\.tls_key is missing"):
        checked_address(DaskOptions(address="tls://x:1", tls_ca=str(there), tls_cert=str(there)))


def test_a_wrong_file_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(EvaluatorError, match=r"instead of .*; not kept"):
        Embedded.receive_file(b"wrong")
    assert Embedded.file_to_send() is None
    assert not list((tmp_path / "engine-home").rglob("*.wasm"))


def test_a_right_file_is_kept_and_sent_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fetch, "SHA256", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")
    monkeypatch.delenv("ENGINE_STOCKFISH_WASM", raising=False)
    Embedded.receive_file(b"foo")
    kept = Embedded.file_to_send()
    assert kept is not None
    assert kept.read_bytes() == b"foo"
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


@pytest.mark.slow
def test_a_run_with_workers_of_its_own_is_like_a_local_one(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    (tmp_path / "few.pgn").write_text("1. e4 e5 2. Nf3 Nc6 3. Bb5 *\n")
    outputs = {}
    for executor in ("inline", "dask"):
        result = engine.analyze(
            tmp_path / "few.pgn",
            nodes=1000,
            evaluator=str(fake_uci(tmp_path)),
            workers=1,
            settings=engine.Settings(executor=executor, cache=""),
            output=tmp_path / f"{executor}.jsonl",
        )
        assert result.failures == ()
        outputs[executor] = (tmp_path / f"{executor}.jsonl").read_bytes()
    assert outputs["dask"] == outputs["inline"]
    assert [notice.reason for notice in result.notices] == [
        "dask.address is not set: a cluster of 1 workers starts on this machine"
    ]


@pytest.mark.parametrize(
    ("error", "level"), [(TimeoutError("Timeout"), logging.DEBUG), (ValueError("wrong"), logging.WARNING)]
)
def test_what_is_given_up_while_leaving_is_no_warning(
    error: Exception, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("distributed")
    from engine_plugins.executors._dask_link import log_unawaited

    caplog.set_level(logging.DEBUG)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(log_unawaited)
    future = loop.create_future()
    future.set_exception(error)
    del future
    loop.close()
    [record] = [record for record in caplog.records if "never retrieved" in record.getMessage()]
    assert (record.name, record.levelno) == ("engine.executors.dask", level)
