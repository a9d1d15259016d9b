"""What is known of the player while a run goes on agrees with its reports at the end."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine.run.progress import Snapshot
from tests.support import DATA


def test_the_figures_so_far_become_those_of_the_reports() -> None:
    shown: list[Snapshot] = []
    settings = engine.Settings(players=("Stockfish 1700",), evaluator="recorded", workers=1)
    aggregators = ["accuracy", "judgements"]
    result = engine.analyze(
        DATA / "match.jsonl.zst", settings=settings, aggregators=aggregators, progress=shown.append
    )
    last = shown[-1].standing
    assert last is not None
    assert (last.player, last.games) == ("Stockfish 1700", result.counts.analysed)
    [judged] = rows(result, "judgements")
    [accuracy] = rows(result, "accuracy")
    assert (last.mistakes, last.blunders) == (judged["mistakes"], judged["blunders"])
    assert last.accuracy == pytest.approx(accuracy["accuracy"], abs=0.01)


def rows(result: engine.RunResult, report: str) -> list[dict[str, Any]]:
    table = result.reports[report].tables[0]
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def test_nobody_is_followed_without_a_player() -> None:
    shown: list[Snapshot] = []
    engine.analyze("1. e4 {[%eval 0.3]} *", evaluator="recorded", progress=shown.append)
    assert shown[-1].standing is None


GAME = '[White "{white}"]\n[Black "{black}"]\n\n1. e4 {{[%eval 0.3]}} e5 {{[%eval {score}]}} 2. Nf3 *\n\n'
GAMES = "".join(
    GAME.format(white=white, black=black, score=f"0.2{k}")
    for k, (white, black) in enumerate((("Ann9", "x"), ("y", "bob9"), ("ANN9", "z"), ("Ann9", "w")))
)


@pytest.mark.parametrize(
    ("players", "same", "shown"),
    [
        (("ann9", "bob9"), {}, None),  # two players
        (("nobody9", "ann9"), {}, None),
        (("ann9",), {}, ("Ann9", 3)),
        (("ann9,bob9", "ann9", "bob9"), {}, ("Ann9", 4)),
        (("me,bob9", "me", "bob9"), {}, ("bob9", 1)),
        (("ann9", "bob9"), {"Ann": ("ann9", "bob9")}, ("Ann", 4)),
    ],
)
def test_only_one_player_is_followed_under_the_name_of_the_tables(
    players: tuple[str, ...], same: dict[str, tuple[str, ...]], shown: tuple[str, int] | None
) -> None:
    last: list[Snapshot] = []
    settings = engine.Settings(players=players, same=same, evaluator="recorded", workers=1)
    result = engine.analyze(GAMES, settings=settings, aggregators=["judgements"], progress=last.append)
    standing = last[-1].standing
    assert (standing and (standing.player, standing.games)) == shown
    if standing is not None:
        assert [row["player"] for row in rows(result, "judgements")] == [standing.player]
