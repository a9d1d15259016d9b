"""The public door: what is in it, that all its ways say the same, and that its examples run."""

from __future__ import annotations

import asyncio
import doctest
import inspect
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import engine
from engine.api import Wanted
from engine.testing.fake_uci import fake_uci
from tests.e2e.command import engine as command
from tests.engine.api.rig import NO_CACHE, fake
from tests.support import FEW, PATIENCE

PUBLIC = [
    "AnalysedGame",
    "AnalysisError",
    "Analyzer",
    "AsyncAnalyzer",
    "AsyncRun",
    "Evaluation",
    "Limit",
    "ProgressLine",
    "Report",
    "Run",
    "RunResult",
    "Score",
    "Settings",
    "Snapshot",
    "analyze",
    "evaluate",
    "explain",
    "merge",
]
"""A name that leaves, or changes its meaning, needs the steps of "What may change" in engine/embedding.md."""


MODULES = ["errors", "model", "plugin", "scoring", "shared", "testing"]
"""Public modules, which are there after `import engine`."""


def test_the_public_names_are_pinned() -> None:
    assert engine.__all__ == PUBLIC
    assert {*MODULES, "__version__"} <= set(dir(engine))
    assert set(PUBLIC) <= set(dir(engine))
    with pytest.raises(AttributeError, match="nothing"):
        _ = engine.nothing  # type: ignore[attr-defined]


def test_modules_and_version_are_attributes_from_the_beginning() -> None:
    program = f"import engine\nprint(engine.__version__, *(engine.{'.__name__, engine.'.join(MODULES)}.__name__,))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    version, *names = ran.stdout.split()
    assert version == metadata.version("grandmaster-analysis")
    assert names == [f"engine.{name}" for name in MODULES]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_example_that_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake_uci(tmp_path / "bin", filename="stockfish")
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setattr("engine.system.cores", lambda: 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "games.pgn").write_text('[White "A"]\n\n1. e4 e5 *\n\n[White "B"]\n\n1. d4 d5 *\n')
    [example] = doctest.DocTestFinder(recurse=False).find(getattr(engine, name), name, module=False)
    assert example.examples, f"{name} has no example"
    said: list[str] = []
    results = doctest.DocTestRunner().run(example, out=said.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(said)


def public(cls: type) -> dict[str, inspect.Signature]:
    """Methods that users call."""
    return {
        name: inspect.signature(member)
        for name, member in vars(cls).items()
        if callable(member) and not name.startswith("_")
    }


def test_asynchronous_names_are_the_same() -> None:
    ours, theirs = public(engine.Analyzer), public(engine.AsyncAnalyzer)
    assert set(theirs) == {*ours, "evaluator"}  # a property there
    for name, signature in ours.items():
        assert list(theirs[name].parameters) == list(signature.parameters), name
        for parameter, of_ours in signature.parameters.items():
            of_theirs = theirs[name].parameters[parameter]
            assert (of_ours.kind, of_ours.default) == (of_theirs.kind, of_theirs.default), (name, parameter)
    ours, theirs = public(engine.Run), public(engine.AsyncRun)
    assert set(theirs) == set(ours)
    for name in theirs:
        assert list(theirs[name].parameters) == list(ours[name].parameters)
    for cls in (engine.Analyzer, engine.AsyncAnalyzer, engine.Run, engine.AsyncRun):
        for name in public(cls):
            assert getattr(cls, name).__doc__, (cls, name)


def test_what_analyze_takes_an_analyzer_takes() -> None:
    """Apart from what belongs to workers, and the event that `Run.cancel` stands for; each is spelled out."""
    once = set(inspect.signature(engine.analyze).parameters) - {
        "source",
        "evaluator",
        "workers",
        "progress",
        "games",
        "stop",
    }
    assert once == set(Wanted.__annotations__)
    analyze = inspect.signature(engine.analyze).parameters
    for method in (engine.Analyzer.analyze, engine.Analyzer.submit, engine.AsyncAnalyzer.submit):
        ours = inspect.signature(method).parameters
        assert [ours[name] for name in Wanted.__annotations__] == [
            analyze[name] for name in Wanted.__annotations__
        ]
    evaluate = set(inspect.signature(engine.evaluate).parameters)
    shared = set(inspect.signature(engine.Analyzer.evaluate).parameters) - {"self"}
    assert shared == evaluate - {"evaluator", "evaluator_options", "on_evaluator"}


@pytest.mark.slow
def test_every_way_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, one call, an Analyzer that has done other things, and one with an event loop."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.pgn").write_text(FEW, encoding="utf-8")
    program = fake(tmp_path)
    endings = ("json", "jsonl", "pgn")

    def outputs(way: str) -> list[Path]:
        return [tmp_path / f"{way}.{ending}" for ending in endings]

    flags = [part for path in outputs("command") for part in ("-o", path)]
    ran = command("analyze", "few.pgn", "-e", program, "--nodes", "50", "--no-cache", *flags)
    assert ran.code == 0, ran.err
    engine.analyze("few.pgn", nodes=50, evaluator=program, settings=NO_CACHE, output=outputs("once"))
    with engine.Analyzer(evaluator=program, workers=2, settings=NO_CACHE) as analyzer:
        analyzer.evaluate(nodes=77)
        analyzer.analyze("few.pgn", nodes=70)
        analyzer.analyze("few.pgn", nodes=50, output=outputs("warm"))
        runs = [analyzer.submit("few.pgn", nodes=50, output=outputs(f"both{k}")) for k in range(2)]
        for run in runs:
            run.result(PATIENCE)

    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=program, workers=1, settings=NO_CACHE) as analyzer:
            await analyzer.analyze("few.pgn", nodes=50, output=outputs("async"))

    asyncio.run(main())
    expected = [path.read_bytes() for path in outputs("command")]
    assert all(expected)
    for way in ("once", "warm", "both0", "both1", "async"):
        assert [path.read_bytes() for path in outputs(way)] == expected, way


def test_a_notebook_shows_results_as_html(tmp_path: Path) -> None:
    result = engine.analyze('[White "<b>Me</b>"]\n\n1. e4 e5 *\n', nodes=10, evaluator=fake(tmp_path))
    page = result._repr_html_()
    assert "1 game, 3 positions" in page
    assert "<caption>" in page
    assert "&lt;b&gt;Me" in page
    assert "<b>Me" not in page
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
        run = analyzer.submit("1. e4 *", nodes=10)
        run.result()
        assert run._repr_html_() == "<p>Run: done, 1 game, 2 positions</p>"
