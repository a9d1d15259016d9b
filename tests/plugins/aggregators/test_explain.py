"""`explain`: what is counted, what stands beside the moves, and that both are the same sentence once."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import chess.pgn
from msgspec import structs

import engine
from engine.analysis.reasons import explanations
from engine.model import AnalysedGame, Reference
from engine.settings import Settings
from engine.testing import analysed_game
from engine_plugins.aggregators.explain import Explain, reason_of
from tests.plugins.aggregators.rig import metrics, report, rows

MOVES = "1. e4 e5 2. Nf3 Nc6 3. Nxe5 Nxe5 4. d4 Ng6 5. Nc3 a6 6. a3 Be7"
EVALS = [15, 20, 20, 25, 20, -400, -400, -400, -400, -390, -200, -210, -200]
SENTENCE = "Hangs the knight on e5: 3... Nxe5 wins it for a pawn."


def game(**options: Any) -> AnalysedGame:
    """Anna's 3. Nxe5 hangs a knight; Bert's 5... a6 is bad, and nobody can say why."""
    analysed = analysed_game(MOVES, EVALS, headers={"White": "Anna", "Black": "Bert"}, **options)
    positions = [
        structs.replace(position, evaluation=structs.replace(position.evaluation, pv=()))
        for position in analysed.positions
        if position.evaluation is not None
    ]
    return structs.replace(analysed, positions=tuple(positions))


def test_reasons_are_counted_by_player_and_judgement() -> None:
    got = report(Explain, game(), game(number=2))
    assert [ply.judgement for ply in game().plies if ply.judgement] == ["blunder", "mistake"]
    assert metrics(got) == {"judged": 4, "explained": 2, "share": 50.0, "grave": 50.0}
    [reason] = rows(got, "reasons")
    assert (reason["reason"], reason["moves"], reason["share"], reason["games"]) == ("hung piece", 2, 100.0, 2)
    table = got.table("reasons")
    assert table is not None
    assert table.references == ((Reference(1, 4), Reference(2, 4)),)
    assert [(row["judgement"], row["moves"], row["explained"]) for row in rows(got, "judgements")] == [
        ("Blunders", 2, 2),
        ("Mistakes", 2, 0),
    ]
    players = [(row["player"], row["judged"], row["explained"], row["hung"]) for row in rows(got, "players")]
    assert players == [("Anna", 2, 2, 2), ("Bert", 2, 0, 0)]
    assert got.findings[0].text == "2 of 4 judged moves are explained (50%)."
    assert got.findings[1].references == (Reference(1, 4), Reference(2, 4))


def test_only_the_player_in_view_counts() -> None:
    got = report(Explain, game(view=("black",)))
    assert metrics(got)["judged"] == 1
    assert rows(got, "reasons") == []
    assert [row["player"] for row in rows(got, "players")] == ["Bert"]


def test_a_motif_names_the_reason() -> None:
    [found] = explanations(game())
    assert reason_of(found) == "hung piece"
    assert reason_of(structs.replace(found, kind="missed tactic", motif="fork")) == "missed fork"
    assert reason_of(structs.replace(found, kind="allowed mate", motif="backRankMate")) == "allowed back-rank mate"


def recorded(tmp_path: Path) -> Path:
    """Write the game with `[%eval]`, as Lichess exports it."""
    parsed = chess.pgn.read_game(io.StringIO(MOVES))
    assert parsed is not None
    words = [
        f"{'' if k % 2 else f'{k // 2 + 1}. '}{node.san()} {{ [%eval {cp / 100:.2f}] }}"
        for k, (node, cp) in enumerate(zip(parsed.mainline(), EVALS[1:], strict=True))
    ]
    path = tmp_path / "recorded.pgn"
    path.write_text(f'[White "Anna"]\n[Black "Bert"]\n\n{" ".join(words)} *\n', encoding="utf-8")
    return path


def written(source: Path, output: Path, *aggregators: str, **options: dict[str, Any]) -> str:
    settings = Settings(writer_options=options)
    result = engine.analyze(
        source, evaluator="recorded", aggregators=list(aggregators), output=output, settings=settings, force=True
    )
    assert result.ok, result.failures
    return output.read_text(encoding="utf-8")


def test_the_annotated_pgn_says_it_once(tmp_path: Path) -> None:
    source, output = recorded(tmp_path), tmp_path / "out.pgn"
    assert SENTENCE not in written(source, output, "judgements")
    for aggregators, options in (
        (("explain",), {}),
        (("judgements",), {"pgn": {"why": True}}),
        (("explain",), {"pgn": {"why": True}}),
    ):
        text = " ".join(written(source, output, *aggregators, **options).split())
        assert text.count("Hangs the knight") == 1, (aggregators, options)
        assert re.search(rf"3\. Nxe5 \$4 .*Blunder\.(?: \}} \{{)? {re.escape(SENTENCE)} \}}", text), text


def test_annotating_again_changes_nothing_and_replaces_old_sentences(tmp_path: Path) -> None:
    source, first, second = recorded(tmp_path), tmp_path / "first.pgn", tmp_path / "second.pgn"
    once = written(source, first, "judgements", pgn={"why": True})
    assert written(first, second, "judgements", pgn={"why": True}) == once
    stale = re.sub(r"Hangs\s+the\s+knight\s+on\s+e5", "Leaves the queen on d8 hanging", once)
    assert stale != once
    first.write_text(stale, encoding="utf-8")
    assert written(first, second, "judgements", pgn={"why": True}) == once


def test_json_lines_have_it_when_asked_and_are_read_all_the_same(tmp_path: Path) -> None:
    source, plain, asked = recorded(tmp_path), tmp_path / "plain.jsonl", tmp_path / "asked.jsonl"
    without = json.loads(written(source, plain, "judgements"))
    record = json.loads(written(source, asked, "judgements", jsonl={"why": True}))
    assert all("why" not in ply for ply in without["plies"])
    why = record["plies"][4].pop("why")
    assert record == without
    assert (why["kind"], why["sentence"], why["moves"], why["material"]) == (
        "hung piece",
        SENTENCE,
        ["c6e5"],
        {"n": 1, "p": -1},
    )
    assert "ply" not in why
    again = tmp_path / "again.jsonl"
    assert json.loads(written(asked, again, "judgements"))["plies"] == without["plies"]


def test_the_page_of_the_game_has_it(tmp_path: Path) -> None:
    page = written(recorded(tmp_path), tmp_path / "out.html", "explain")
    [data] = re.findall(r'<script type="application/json" id="g1">(.*?)</script>', page)
    assert json.loads(data)["rm"] == {"4": [[SENTENCE, [], [], "explain"]]}
