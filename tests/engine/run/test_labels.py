"""Names of the entries of the board of best scores."""

from __future__ import annotations

from msgspec import structs

from engine.model import Best, Epd
from engine.run.labels import BoardLabels
from engine.testing import analysed_game


def test_a_position_of_epd_has_its_name_and_a_game_its_players() -> None:
    labels = BoardLabels()
    named, nameless, played = (Best(90, number, 0, "e2e4") for number in (1, 2, 3))
    position = analysed_game("*", [20])
    labels.learn(named, structs.replace(position, epd=Epd(id="Lucena")))
    labels.learn(nameless, structs.replace(position, epd=Epd()))
    labels.learn(played, analysed_game("1. e4 *", [20, 20], headers={"White": "Anna", "Black": "Ben"}))
    said = labels.of((named, nameless, played), lambda _: None)
    assert [players for _, players, _ in said] == ["Lucena", "Position 2", "Anna – Ben"]
    assert {move for *_, move in said} == {"1. e4"}
