"""Notes on how files were read: each file and topic is said once, with the number of games."""

from __future__ import annotations

from engine.model import Note, Origin
from engine.run.notices import MAX_NOTED, Notes


def test_a_topic_is_said_once_for_each_file_with_its_first_line_and_the_number_of_games() -> None:
    notes = Notes()
    for number in range(1, 4):
        notes.add(Origin(number, "a.pgn", 10 * number), [Note("clock", f"`clock {number}` is no clock")])
    notes.add(
        Origin(4, "b.pgn", 1), [Note("clock", "`x` is no clock", line=3), Note("view", "ours", understood=True)]
    )
    said = [(n.kind, n.file, n.line, n.game, n.reason) for n in notes.notices()]
    assert said == [
        ("warning", "a.pgn", 10, 1, "`clock 1` is no clock (3 games)"),
        ("warning", "b.pgn", 3, 4, "`x` is no clock"),
        ("note", "b.pgn", 1, 4, "ours"),
    ]


def test_notes_of_batches_are_the_notes_of_all_games() -> None:
    batches = [Notes(), Notes()]
    for number, batch in enumerate([batches[0], batches[0], batches[1]], 1):
        batch.add(Origin(number, "a.pgn", number), [Note("clock", f"the {number}.")])
    together = Notes()
    for batch in batches:
        together.merge(batch.noted())
    assert [notice.reason for notice in together.notices()] == ["the 1. (3 games)"]


def test_notes_on_very_many_files_are_bounded_and_that_is_said() -> None:
    notes = Notes()
    for number in range(1, MAX_NOTED + 11):
        notes.add(Origin(number, f"{number}.pgn", 1), [Note("clock", "no clock")])
    *_, last = notices = list(notes.notices())
    assert len(notices) == MAX_NOTED + 1
    assert last.reason == "the same in other files is not listed: clock"
