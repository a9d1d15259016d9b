"""Follow-up searches of recorded games are said before they start: in a library, for each player, of a stream."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path

import pytest

import engine
from engine.model import AnalysedGame, Notice, Report
from engine.plugin import Aggregator, Request
from engine.run import follow_ups
from engine.testing.fake_uci import fake_uci
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"


class OfOne(Aggregator):
    """Asks for a position of the player's own, and so for nothing where a game is seen from both sides."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(10 + (game.view[0] == "black"))] if len(game.view) == 1 else []

    def add(self, game: AnalysedGame) -> None:
        pass

    def report(self) -> Report:
        return Report("Of one")


class OfBoth(OfOne):
    """Asks for a position of every game."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(10)]


@pytest.fixture
def settings(tmp_path: Path) -> engine.Settings:
    return engine.Settings(follow_up_evaluator=str(fake_uci(tmp_path)), cache="", workers=1, max_games=4)


def announced(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def test_searches_for_the_files_of_players_alone_are_announced(
    settings: engine.Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = str(tmp_path / "{player}.jsonl")
    result = engine.analyze(MATCH, aggregators=[OfOne], output=output, settings=settings, nodes=50)
    assert result.counts.follow_ups == 8
    [said] = announced(caplog)
    assert said == (
        "of-one asks Fake UCI for follow-up searches: 8 positions, up to 2 a game, at 50 nodes; "
        "--follow-up-evaluator none leaves them out"
    )


def test_the_time_is_said_with_the_speed_that_it_rests_on(
    settings: engine.Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "MEASURED", 1)
    monkeypatch.setattr(follow_ups, "measure_speed", lambda _: 20)
    engine.analyze(MATCH, aggregators=[OfBoth], settings=settings, nodes=50)
    assert ": 4 positions, up to 1 a game, at 50 nodes, about 0:10 at 20 nodes/s; " in announced(caplog)[0]


def test_a_run_in_the_background_has_the_announcement_as_its_first_event(settings: engine.Settings) -> None:
    with engine.Analyzer(settings=settings) as analyzer:
        first, *others = analyzer.submit(MATCH, aggregators=[OfBoth], nodes=50).events()
    assert isinstance(first, Notice)
    assert first.kind == "note"
    assert "follow-up searches: 4 positions" in first.reason
    result = others[-1]
    assert isinstance(result, engine.RunResult)
    assert result.notices == (), "an estimate is no part of what was found"


@pytest.mark.parametrize(
    ("nodes", "each"), [(50, "50 nodes"), (None, "what its game was analysed with, or else 1")]
)
def test_of_an_input_that_is_read_once_the_cost_of_each_search_is_said(
    nodes: int | None,
    each: str,
    settings: engine.Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow_ups, "measure_speed", lambda _: 1000)
    games = engine.analyze(MATCH, aggregators=[], settings=settings, output_format="pgn")
    assert not announced(caplog)
    stream = io.StringIO(games.games[0].to_pgn() if games.games else "")
    once = engine.analyze(stream, aggregators=[OfBoth], settings=settings, nodes=nodes, evaluator="recorded")
    assert once.counts.follow_ups == 1
    [said] = announced(caplog)
    assert "it is not known how many, because the input can be read only once; each takes " + each in said
    assert re.search(r" \(about [\d.e+]+ s at 1,000 nodes/s\)", said)
