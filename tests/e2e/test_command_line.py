"""The command line by itself: groups of options, completion, suggestions, --show. In this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from engine import cli
from engine.cli import analyze
from tests.support import PATIENCE

from .command import CLASSICS, assert_clear_error, refused

MATCH = CLASSICS.parent / "match.jsonl.zst"


def offered(*words: str) -> list[str]:
    """What bash offers after `engine WORDS`, the last of which is not complete."""
    done = CliRunner().invoke(
        cli.group,
        [],
        prog_name="engine",
        env={
            "_ENGINE_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("engine", *words)),
            "COMP_CWORD": str(len(words)),
        },
    )
    assert done.exit_code == 0, done.output
    return [line.partition(",")[2] for line in done.output.splitlines()]


def test_options_are_in_groups_each_in_one() -> None:
    ctx = click.Context(analyze.command, info_name="analyze")
    grouped = [name for names in analyze.command.groups.values() for name in names]
    options = {p.name for p in analyze.command.get_params(ctx) if isinstance(p, click.Option)}
    assert len(grouped) == len(set(grouped))
    assert {name for name in options if "help" not in str(name)} == set(grouped)
    text = analyze.command.get_help(ctx)
    headings = ("What is analysed:", "How deep:", "With what:", "Into what:", "While it runs:")
    assert [text.index(heading) for heading in headings] == sorted(text.index(heading) for heading in headings)
    assert "\nOptions:" not in text


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["doc"], ["doctor"]),
        (["analyze", "games.pgn", "-a", "acc"], ["accuracy"]),
        (["analyze", "games.pgn", "-a", "wins,+acp"], ["wins,+acpl"]),
        (["analyze", "games.pgn", "-e", "rec"], ["recorded"]),
        (["analyze", "games.pgn", "--profile", "de"], ["deep"]),
        (["analyze", "games.pgn", "--format", "json"], ["json", "jsonl"]),
        (["analyze", "games.pgn", "--set", "leak"], ["leaks."]),
        (["analyze", "games.pgn", "--set", "pgn.judg"], ["pgn.judged="]),
        (["analyze", "games.pgn", "--set", "sear"], ["search."]),
        (["analyze", "games.pgn", "--show", "lea"], ["leaderboard", "leaks"]),
        (["analyze", "games.pgn", "-e", "./pro"], ["./pro"]),
        (["analyze", "games.pgn", "-o", "rep"], ["rep"]),
        (["analyze", "ga"], ["ga"]),
        (["analyze", "--keep"], ["--keep-duplicates"]),
    ],
)
def test_the_shell_is_told_what_can_follow(words: list[str], some: list[str]) -> None:
    assert offered(*words) == some


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_set_up_of_each_shell(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setattr(BashComplete, "_check_version", staticmethod(lambda: None))
    done = CliRunner().invoke(cli.group, [], prog_name="engine", env={"_ENGINE_COMPLETE": f"{shell}_source"})
    assert "_ENGINE_COMPLETE" in done.output


BASH = """
engine() { "$0" "$@"; }
eval "$(_ENGINE_COMPLETE=bash_source engine)"
compopt() { said="$1 $2"; }
try() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); said=
    _engine_completion "$0"; echo "${COMPREPLY[*]}|$said"
}
try engine analyze -a wins,le
try engine analyze --set lea
"""


def test_the_function_that_bash_gets_completes_names_and_leaves_no_space_after_a_dot(tmp_path: Path) -> None:
    program = tmp_path / "engine"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m engine "$@"\n')
    program.chmod(0o755)
    ran = subprocess.run(
        ["bash", "-c", BASH, program], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert ran.stdout.splitlines() == [
        "wins,leaderboard wins,leaks|",
        "leaderboard. leaks.|-o nospace",
    ]


@pytest.mark.parametrize(
    ("shell", "word", "said"),
    [
        ("zsh", "tren", "plain\ntrends\n_\n"),
        ("fish", "wins,tren", "plain,wins,trends\n"),
    ],
)
def test_zsh_and_fish_are_told_the_same(shell: str, word: str, said: str) -> None:
    place = word if shell == "fish" else "3"
    words = f"engine analyze -a {word}"
    env = {"_ENGINE_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": place}
    assert CliRunner().invoke(cli.group, [], prog_name="engine", env=env).output == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctr"], "No such command 'doctr'. Did you mean 'doctor'?"),
        (["xyz"], "No such command 'xyz'."),
        (["analyze", "x.pgn", "--playr", "Anna"], "--player"),
        (["analyze", MATCH, "--set", "leaks.foo=1"], "aggregator leaks has no option `foo`; there are "),
        (["analyze", MATCH, "--set", "leaks.min_move=1"], "has no option `min_move`; did you mean `min_moves`?"),
        (
            ["analyze", "-", "--show", "leaks:clock=x"],
            "--show reads the games twice, and standard input only once",
        ),
        (["analyze", MATCH, "--show", "leaks", "--format", "json"], "--show prints for people"),
        (["analyze", MATCH, "--show", "leks"], "no aggregator is called 'leks'"),
        (["analyze", MATCH, "-q", "--limit", "2", "--show", "judgements:wrst=x"], "the nearest: 'worst'"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_near(
    capsys: pytest.CaptureFixture[str], words: list[str | Path], said: str
) -> None:
    assert_clear_error(refused(capsys, *words), 2, said)


def test_show_prints_moves_in_place_of_reports(capsys: pytest.CaptureFixture[str]) -> None:
    ran = refused(
        capsys, "analyze", MATCH, "-q", "--limit", "3", "-a", "wins", "--player", "Stockfish 1700",
        "--show", "judgements", "--show", "judgements:worst=#1", "--show", "leaks:clock=under 10%",
    )  # fmt: skip
    assert ran.code == 0, ran
    rows = [line for line in ran.out.splitlines() if line.startswith("judgements:worst=")]
    assert len(rows) > 1
    assert "Judgements, Worst moves: " in ran.out
    assert "Leaks, By clock left: under 10%" in ran.out
    assert "Stockfish 1700's Win% " in ran.out
    assert "https://lichess.org/analysis/" in ran.out
    assert "Winning moves" not in ran.out
