"""Searches that follow from the answers to earlier ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.contracts.aggregator import ROUNDS
from engine.model import AnalysedGame, Report
from engine.plugin import Aggregator, Request, Sum
from engine.testing import check_aggregator, example_games
from engine.testing.fake_uci import fake_uci

PGN = '[White "Anna"]\n[Black "Bob"]\n[Result "*"]\n\n1. e4 e5 2. Nf3 Nc6 *\n'


class Following(Aggregator):
    """Follows the best moves from the first position of its side, three plies deep."""

    plies = Sum()

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(0 if "white" in game.view else 1)]

    def further_requests(self, game: AnalysedGame) -> list[Request]:
        moves = self._moves(game)
        if len(moves) == 3 or len(moves) < len(self.answers(game)):
            return []
        return [Request(0 if "white" in game.view else 1, moves)]

    def _moves(self, game: AnalysedGame) -> tuple[str, ...]:
        return tuple(
            answer.best for answer in self.answers(game) if answer is not None and answer.best is not None
        )

    def add(self, game: AnalysedGame) -> None:
        self.plies.add(len(self._moves(game)))

    def report(self) -> Report:
        return Report("Following", notes=(str(self.plies.value),))


class Endless(Following):
    """Asks for the same for ever."""

    def further_requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(0)]


def analyse(tmp_path: Path, aggregator: type[Aggregator], **keywords: Any) -> engine.RunResult:
    games = tmp_path / "games.pgn"
    games.write_text(PGN)
    fake = str(fake_uci(tmp_path / "fake"))
    return engine.analyze(games, evaluator=fake, nodes=50, workers=1, aggregators=[aggregator], **keywords)


def test_each_round_follows_from_the_answers_before_it_and_is_cached(tmp_path: Path) -> None:
    ran = analyse(tmp_path, Following)
    assert ran.reports["following"].notes == ("3",)
    assert ran.counts.follow_ups == 3
    again = analyse(tmp_path, Following)
    assert again.reports == ran.reports
    assert again.counts.searched == 0


def test_each_view_of_a_player_asks_for_itself(tmp_path: Path) -> None:
    ran = analyse(tmp_path, Following, output=tmp_path / "{player}.json")
    for name in ("Anna", "Bob"):
        assert json.loads((tmp_path / f"{name}.json").read_text())["reports"]["following"]["notes"] == ["3"]
    assert ran.counts.follow_ups == 6


def test_who_asks_without_end_is_disabled(tmp_path: Path) -> None:
    ran = analyse(tmp_path, Endless)
    assert f"still asks after {ROUNDS} rounds" in ran.failures[0].reason


def test_the_laws_hold_for_rounds() -> None:
    check_aggregator(Following, example_games())


def test_the_laws_find_further_requests_that_change() -> None:
    class Moody(Following):
        """Asks for something else at each call."""

        asked = 0

        def further_requests(self, game: AnalysedGame) -> list[Request]:
            type(self).asked += 1
            return [Request(0)] * (type(self).asked % 2)

    with pytest.raises(AssertionError, match="further_requests is repeatable"):
        check_aggregator(Moody, example_games())
