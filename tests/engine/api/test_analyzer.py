"""Analyzer and Run, as a program of somebody else uses them."""

from __future__ import annotations

import gc
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

import engine
from engine import errors
from engine.api.stream import UNREAD
from engine.errors import AnalyzerClosed, ConfigError, EvaluatorCrashed, EvaluatorError, InputError
from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.engine.api.rig import CLASSICS, MINI, NO_CACHE, Gate, fake, workers
from tests.engine.api.test_calls import Captures
from tests.support import FEW, PATIENCE


@pytest.mark.slow
def test_workers_and_evaluators_stay_warm_between_calls(tmp_path: Path) -> None:
    with engine.Analyzer(evaluator=fake(tmp_path), workers=2, settings=NO_CACHE) as analyzer:
        first = analyzer.analyze(FEW, nodes=10)
        before = workers()
        again = analyzer.analyze(FEW, nodes=20, aggregators=[Captures])
        evaluation = analyzer.evaluate(nodes=30)
        assert workers() == before
        assert len(before) == 2
    assert workers() == set()
    assert first.counts.positions == again.counts.positions == 105
    assert again.counts.nodes == 20 * again.counts.searched > 0
    assert list(again.reports) == ["captures"]
    assert evaluation.nodes == 30


@pytest.mark.slow
def test_a_run_is_what_analyze_returns(tmp_path: Path) -> None:
    program = fake(tmp_path)
    alone = engine.analyze(FEW, nodes=50, evaluator=program, settings=NO_CACHE)
    with engine.Analyzer(evaluator=program, workers=2, settings=NO_CACHE) as analyzer:
        shared = analyzer.analyze(FEW, nodes=50)
        evaluated = analyzer.evaluate("startpos", moves="e4 e5", nodes=50, multipv=2)
    assert shared.reports == alone.reports
    assert (shared.wins, shared.best) == (alone.wins, alone.best)
    assert evaluated == engine.evaluate("startpos", moves="e4 e5", nodes=50, multipv=2, evaluator=program)
    assert len(evaluated.lines) == 2


def test_games_come_as_they_finish(tmp_path: Path) -> None:
    """The first game is there while the source has not given the second."""
    gate = Gate([MINI, MINI])
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
        run = analyzer.submit(gate, nodes=10)
        games = iter(run)
        gate.let()
        assert next(games).origin.game == 1
        assert not run.done
        gate.let(2)
        assert [game.origin.game for game in games] == [2]
        assert run.result(PATIENCE).counts.analysed == 2


def test_events_are_all_that_happens(tmp_path: Path) -> None:
    pgn = f'{MINI}\n\n[Event "x"]\n[Variant "Atomic"]\n\n1. e4 *\n'
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
        run = analyzer.submit(pgn, nodes=10)
        events = list(run.events())
        kinds = [type(event).__name__ for event in events]
        assert kinds.count("AnalysedGame") == 1
        assert kinds.count("Notice") == 1
        assert kinds[-1] == "RunResult"
        shown = [event for event in events if isinstance(event, engine.Snapshot)]
        assert shown[-1] == run.snapshot()
        assert run.snapshot().positions == 4
        assert events[-1] == run.result()
        assert list(run) == []


def test_a_run_without_games_keeps_none(tmp_path: Path) -> None:
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
        run = analyzer.submit(MINI, nodes=10, games=False)
        with pytest.raises(ConfigError, match="games=False"):
            iter(run)
        assert not [event for event in run.events() if isinstance(event, engine.AnalysedGame)]


class Counter(Captures):
    """Says when it has seen one game more than a reader is given ahead, and when all."""

    def __init__(self) -> None:
        super().__init__(self.Options())
        self.seen = 0
        self.ahead = threading.Event()
        self.all = threading.Event()

    def add(self, game: engine.AnalysedGame) -> None:
        self.seen += 1
        if self.seen > UNREAD:
            self.ahead.set()
        if self.seen == 3 * UNREAD:
            self.all.set()


def test_a_slow_reader_holds_the_run_back_and_one_who_leaves_lets_it_go(tmp_path: Path) -> None:
    """Ahead of a reader are at most so many games; nobody reading, it goes on to its end."""
    counter = Counter()
    with engine.Analyzer(evaluator=fake(tmp_path), workers=2) as analyzer:
        run = analyzer.submit([MINI] * 3 * UNREAD, nodes=10, aggregators=[counter])
        reader = run.events()
        next(reader)
        assert counter.ahead.wait(PATIENCE)
        assert not counter.all.wait(0.5)
        assert counter.seen <= UNREAD + 2
        reader.close()  # type: ignore[attr-defined]
        assert run.result(PATIENCE).counts.analysed == 3 * UNREAD


def test_an_evaluation_overtakes_a_run(tmp_path: Path) -> None:
    """The run's worker has up to 24 positions in hand, and an evaluation waits for none of them."""
    with engine.Analyzer(evaluator=fake(tmp_path, 0.05), workers=1, settings=NO_CACHE) as analyzer:
        analyzer.evaluate(nodes=10)
        run = analyzer.submit(CLASSICS, nodes=10)
        analyzer.evaluate(nodes=10)  # starts the worker that it has for itself
        meanwhile = []
        for _ in range(5):
            before = run.snapshot().positions
            analyzer.evaluate(nodes=10)
            meanwhile.append(run.snapshot().positions - before)
        assert not run.done
        assert min(meanwhile) < 12
        run.cancel()
        assert run.result(PATIENCE).interrupted


def test_many_evaluations_at_once_beside_a_run_are_all_answered(tmp_path: Path) -> None:
    gate = Gate([FEW, MINI])  # the last game comes when they are answered
    gate.let()
    with engine.Analyzer(evaluator=fake(tmp_path, 0.01), workers=2, settings=NO_CACHE) as analyzer:
        run = analyzer.submit(gate, nodes=10)
        evaluations: list[engine.Evaluation] = []
        threads = [
            threading.Thread(target=lambda: evaluations.append(analyzer.evaluate("startpos", nodes=10)))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(evaluations) == 12
        assert len({evaluation.score for evaluation in evaluations}) == 1
        assert not run.done
        gate.let(2)
        assert run.result(PATIENCE).counts.analysed == 4


@pytest.mark.slow
def test_runs_take_turns(tmp_path: Path) -> None:
    """A short one that comes later ends first, and both say what they would say alone."""
    program = fake(tmp_path, 0.02)
    with engine.Analyzer(evaluator=program, workers=1, settings=NO_CACHE) as analyzer:
        long = analyzer.submit(FEW, nodes=10)
        short = analyzer.submit(MINI, nodes=20)
        result = short.result(PATIENCE)
        assert not long.done
        assert result.counts.analysed == 1
        assert long.result(PATIENCE).counts.analysed == 3
        assert not long.result().failures
    alone = engine.analyze(MINI, nodes=20, evaluator=program, settings=NO_CACHE)
    assert result.reports == alone.reports


def test_cancel_ends_in_good_order(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    with engine.Analyzer(evaluator=fake(tmp_path, 0.01), workers=2) as analyzer:
        run = analyzer.submit(CLASSICS, nodes=10, output=out)
        next(iter(run))
        run.cancel()
        run.cancel()
        result = run.result(PATIENCE)
        assert result.interrupted
        assert 1 <= result.counts.analysed < 12
        assert result.wins == result.reports["wins"].metrics["wins"].value
        assert not out.exists()
        assert "interrupted" in repr(run)
        assert analyzer.analyze(CLASSICS, nodes=10).counts.cached >= result.counts.searched


def test_a_result_that_takes_longer_is_a_timeout_and_no_end(tmp_path: Path) -> None:
    gate = Gate([MINI])
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
        run = analyzer.submit(gate, nodes=10)
        with pytest.raises(TimeoutError, match="cancel"):
            run.result(0.01)
        gate.let(2)
        assert run.result(PATIENCE).ok


def wait_for_workers(number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(workers()) < number:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_closing_ends_everything_at_once(tmp_path: Path) -> None:
    analyzer = engine.Analyzer(evaluator=fake(tmp_path, 3600.0), workers=2, settings=NO_CACHE)
    run = analyzer.submit(CLASSICS, nodes=10)
    waiting: list[BaseException] = []

    def ask() -> None:
        try:
            analyzer.evaluate(nodes=10)
        except AnalyzerClosed as error:
            waiting.append(error)

    wait_for_workers(2)
    thread = threading.Thread(target=ask)
    thread.start()
    wait_for_workers(3)
    analyzer.close()
    thread.join(PATIENCE)
    assert len(waiting) == 1
    with pytest.raises(AnalyzerClosed, match="closed before"):
        run.result()
    for call in (lambda: analyzer.submit(MINI), analyzer.evaluate, analyzer.__enter__, lambda: analyzer.evaluator):
        with pytest.raises(AnalyzerClosed, match="make another one"):
            call()
    analyzer.close()


def test_one_that_is_forgotten_ends_its_workers(tmp_path: Path) -> None:
    analyzer = engine.Analyzer(evaluator=fake(tmp_path), workers=1)
    analyzer.evaluate(nodes=10)
    mine = workers()
    assert len(mine) == 1
    del analyzer
    gc.collect()
    assert processes.end_of(mine) == []


def test_a_run_holds_on_to_its_analyzer(tmp_path: Path) -> None:
    run = engine.Analyzer(evaluator=fake(tmp_path), workers=1).submit(MINI, nodes=10)
    gc.collect()
    assert run.result(PATIENCE).ok


def test_what_is_wrong_with_a_call_is_raised_by_it(tmp_path: Path) -> None:
    with engine.Analyzer(evaluator=fake(tmp_path)) as analyzer:
        with pytest.raises(InputError, match=r"nowhere\.pgn"):
            analyzer.submit("nowhere.pgn")
        with pytest.raises(ConfigError, match="not a FEN"):
            analyzer.evaluate("rubbish")
        with pytest.raises(ConfigError, match="not int"):
            analyzer.submit(5)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="limit"):
            analyzer.submit(MINI, nodes=-1)
        run = analyzer.submit(b"\0\1\2")
        with pytest.raises(InputError, match="no readable game"):
            run.result(PATIENCE)
        with pytest.raises(InputError, match="no readable game"):
            list(run)
    assert workers() == set()


def test_an_iterable_that_raises_ends_the_run(tmp_path: Path) -> None:
    def games() -> object:
        yield MINI
        raise KeyError("row 7")

    with engine.Analyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
        with pytest.raises(InputError, match="KeyError: 'row 7'") as caught:
            analyzer.analyze(games(), nodes=10)  # type: ignore[arg-type]
        assert isinstance(caught.value.__cause__, KeyError)


def test_progress_is_called_here_and_its_errors_end_the_run(tmp_path: Path) -> None:
    threads = set()

    def show(snapshot: engine.Snapshot) -> None:
        threads.add(threading.current_thread())
        if snapshot.games >= 2:
            raise ZeroDivisionError

    with engine.Analyzer(evaluator=fake(tmp_path, 0.01), workers=1, settings=NO_CACHE) as analyzer:
        with pytest.raises(ZeroDivisionError):
            analyzer.analyze(CLASSICS, nodes=10, progress=show)
        assert threads == {threading.current_thread()}
        assert analyzer.analyze(MINI, nodes=10).ok


@pytest.mark.slow
def test_an_evaluator_that_dies_is_an_error_of_one_position_and_comes_back(tmp_path: Path) -> None:
    program = str(fake_uci(tmp_path / "fake", crash="rnbqkbnr/pppppppp/8/8/4P3"))
    with engine.Analyzer(evaluator=program, workers=1, settings=NO_CACHE) as analyzer:
        with pytest.raises(EvaluatorCrashed, match="not searched"):
            analyzer.evaluate("startpos", moves="e4", nodes=10)
        assert analyzer.evaluate("startpos", nodes=10).nodes == 10
        result = analyzer.analyze(MINI, nodes=10)
        assert [failure.ply for failure in result.failures] == [1]
        before = workers()
        processes.kill(before)
        assert analyzer.evaluate("startpos", nodes=10).nodes == 10


@pytest.mark.slow
def test_an_evaluator_that_works_no_more_is_an_error_for_all_and_then_again(tmp_path: Path) -> None:
    program = Path(fake(tmp_path))
    with engine.Analyzer(evaluator=str(program), workers=1, settings=NO_CACHE) as analyzer:
        assert analyzer.evaluator.name
        moved = program.rename(program.with_name("moved"))
        with pytest.raises(EvaluatorError):
            analyzer.evaluate(nodes=10)
        moved.rename(program)
        assert analyzer.evaluate(nodes=10).nodes == 10


def test_other_executors_are_made_for_each_run(tmp_path: Path) -> None:
    settings = engine.Settings(executor="inline", cache="")
    with engine.Analyzer(evaluator=fake(tmp_path), settings=settings) as analyzer:
        assert analyzer.analyze(MINI, nodes=10).counts.searched == 4
        assert analyzer.evaluate(nodes=10).nodes == 10
        assert workers() == set()


def test_recorded_evaluations_need_no_worker() -> None:
    from tests.support import DATA

    with engine.Analyzer(evaluator="recorded") as analyzer:
        assert analyzer.analyze(DATA / "match.jsonl.zst", aggregators=["wins"]).counts.analysed == 24
        with pytest.raises(ConfigError, match="searches nothing"):
            analyzer.evaluate()
    assert workers() == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_cannot_use_it_and_does_not_harm_it(tmp_path: Path) -> None:
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
        analyzer.evaluate(nodes=10)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                analyzer.evaluate(nodes=10)
            except ConfigError as error:
                os.write(writer, error.message.encode())
            analyzer.close()
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as file:
            assert "before a fork" in file.read()
        os.waitpid(child, 0)
        assert analyzer.evaluate(nodes=10).nodes == 10


@pytest.mark.parametrize("name", errors.__all__)
def test_errors_survive_pickling(name: str) -> None:
    cls = getattr(errors, name)
    again = pickle.loads(pickle.dumps(cls("what is wrong; what to do")))
    assert type(again) is cls
    assert again.message == str(again) == "what is wrong; what to do"
    assert (again.stops, again.exit_code) == (cls.stops, cls.exit_code)
