"""The lines below tables and charts that say how to read them, in the words of a terminal."""

from __future__ import annotations

import re

from engine.text.format import clean

_SENTENCES = re.compile(r"(?<=[.!?]) (?=\S)")
_LEADS = re.compile(r"\b(?:a|each) row leads to\b|\brows lead to\b", re.IGNORECASE)
_LEAD = re.compile(r"\b(rows [^.;:]{1,40}) lead to\b", re.IGNORECASE)


class Readings:
    """What one report says below its tables and charts: each sentence once."""

    def __init__(self, report: str = "") -> None:
        """Begin with nothing said.

        * **report** - *(optional)* the name of the aggregator, for `--show`.
        """
        self._report = report
        self._said: set[str] = set()

    def below(self, reading: str, key: str = "") -> str:
        """Return the sentences that are not said yet.

        Nothing in a terminal can be clicked, so where a row leads to moves, the option that prints them is named.

        * **reading** - `reading` of a table or a chart.
        * **key** - *(optional)* the key of the table.
        """
        sentences = [sentence for sentence in _SENTENCES.split(clean(reading)) if sentence not in self._said]
        self._said.update(sentences)
        shown = f"--show {self._report}:{key}=ROW prints" if self._report and key else "behind a row are"
        return " ".join(
            _LEAD.sub(lambda found: f"For {found[1].lower()}, {shown}", _LEADS.sub(shown, sentence))
            for sentence in sentences
        )


def above_moves(reading: str) -> str:
    """Return a reading for a row whose moves are printed below it."""
    return _LEAD.sub(r"\1 have below them", _LEADS.sub("Below are", clean(reading)))
