"""Threads that compute one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import engine
from engine.system.turns import Turn, taking, waiting
from tests.engine.api.rig import CLASSICS, MINI, NO_CACHE, PATIENCE, fake


def test_one_computes_and_who_waits_gives_its_turn_away() -> None:
    turn = Turn()
    inside: list[int] = []
    most = 0
    order: list[int] = []
    let = threading.Event()

    def work(number: int) -> None:
        nonlocal most
        for _ in range(100):
            with taking(turn):
                inside.append(number)
                most = max(most, len(inside))
                inside.remove(number)
                with waiting():
                    assert let.wait(PATIENCE)
                order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    with taking(turn):  # all of them wait inside, and none of them holds it
        pass
    let.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert most == 1
    assert len(order) == 500
    with waiting():  # a thread without a turn
        pass


def test_turns_go_in_the_order_of_asking() -> None:
    turn = Turn()
    order: list[int] = []
    asked = threading.Semaphore(0)

    def ask(number: int) -> None:
        asked.release()
        with taking(turn):
            order.append(number)

    threads = []
    with taking(turn):
        for number in range(4):
            thread = threading.Thread(target=ask, args=(number,))
            thread.start()
            threads.append(thread)
            assert asked.acquire(timeout=PATIENCE)
            while len(turn._queue) <= number:
                thread.join(0.001)
    for thread in threads:
        thread.join(PATIENCE)
    assert order == [0, 1, 2, 3]


@pytest.mark.slow
def test_a_callback_of_a_run_may_use_its_analyzer(tmp_path: Path) -> None:
    """Another run's end, waited for inside a run's own thread."""
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
        inner: list[engine.RunResult] = []

        def show(snapshot: engine.Snapshot) -> None:
            if not inner:
                inner.append(analyzer.analyze(MINI, nodes=10))
                analyzer.evaluate(nodes=10)

        assert analyzer.submit(CLASSICS, nodes=10, progress=show).result(PATIENCE).counts.analysed == 12
        assert inner[0].counts.analysed == 1
