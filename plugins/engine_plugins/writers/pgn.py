"""Annotated PGN: every game with its evaluations beside the moves.

All tags in their order, comments, NAGs, variations, `[%clk]` and all other commands are kept. Added are:

- `[%eval]` after each move except the mating move: the position after the move from White's point of view, in
  pawns or as `#3`, with the depth if requested;
- `[%clk]` for games whose clocks are known and that were not PGN;
- `$6`, `$2` or `$4` for an inaccuracy, a mistake or a blunder, unless the move already has one of `!` to `?!`;
  with it a comment like `(0.36 → -0.36) Inaccuracy. Ngf3 was best.`, and the best line as a variation, unless
  there is already a variation that begins with the same move;
- what aggregators say of single moves (`Aggregator.remarks`): comments, NAGs, and arrows as `[%cal]` and `[%csl]`
  behind the move before, where viewers draw them;
- evaluator and limit in the tag `Annotator`, after the annotators that are already there;
- the seven standard tags, `SetUp`, `FEN` and `Variant`, if they are missing and needed.

Options choose the annotations: `--set pgn.judged=blunder` only marks blunders, `--set pgn.line=0` writes no
variations, and `--set pgn.why=true` says in the comment of a judged move why it was bad, where that can be proved
(`engine.explain`): `(0.36 → -5.10) Blunder. Bg7 was best. Hangs the knight on f6: 24. Bxf6 wins it.`

`[%eval]` and comments of this kind in the input, from Lichess or from an earlier run, are replaced, so annotating
a file twice with the same evaluations changes nothing.

In a damaged game, and in a damaged variation, the moves that can be played are kept and the rest becomes a
comment. Words that are not moves become comments, escape lines (`%`) are left out, and white space in comments
becomes one space. A game that cannot be read, or whose variant the evaluator does not play, is copied unchanged.
Signs beside moves (`±`, `+-`) become NAGs. The result is that of the tag `Result`, or else the one at the end of
the moves, in the spelling of PGN.
An EPD line becomes a game without moves; evaluation and best move are in its comment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import ClassVar

import chess

from engine.model import RESULTS, AnalysedGame, SkippedGame, with_result
from engine.plugin import Options, RunInfo, Writer
from engine_plugins.writers import _annotations, _layout, _movetext
from engine_plugins.writers._movetext import Comment, Movetext, Replay
from engine_plugins.writers._remarks import add_remarks

_ROSTER = ("Event", "Site", "Date", "Round", "White", "Black", "Result")
_UNKNOWN = {"Date": "????.??.??", "Result": "*"}
_SEPARATOR = " + "


class PgnWriter(Writer):
    """The games with evaluations, judgements and best lines beside the moves."""

    Options: ClassVar[type[Options]] = _annotations.PgnOptions
    suffixes: ClassVar[tuple[str, ...]] = (".pgn",)

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        writer = cls(BytesIO(), info)
        return "".join(map(writer._text, games)).encode("utf-8", "replace")

    def _text(self, game: AnalysedGame) -> str:
        replay = Replay(game)
        movetext = _movetext.read(game, replay)
        tags = "".join(_layout.tag(name, value) for name, value in _tags(game, self.info).items())
        return f"{tags}\n{_layout.wrap(self._atoms(game, movetext, replay))}\n"

    def _atoms(self, game: AnalysedGame, movetext: Movetext, replay: Replay) -> Iterator[str]:
        """Yield the annotated movetext."""
        annotator = _annotations.Annotator(game, replay, self.options)
        add_remarks(game, movetext)
        if rest := _rest(game, movetext):
            (movetext.after[-1] if movetext.after else movetext.before).items.append(Comment(rest))
        if not game.plies and (game.epd is not None or game.fen != chess.STARTING_FEN):
            annotator.start(movetext.before)
        yield from _annotations.atoms(movetext.before)
        white = game.turn(0) == "white"
        number = int(game.fen.rsplit(" ", 1)[1])
        without_number = False
        for k, (ply, notes) in enumerate(zip(game.plies, movetext.after, strict=True)):
            annotator.ply(k, notes)
            if white:
                yield f"{number}. {ply.san}"
            else:
                yield ply.san if without_number else f"{number}... {ply.san}"
                number += 1
            white = not white
            yield from _annotations.atoms(notes)
            without_number = not notes.items
        yield game.result

    def skipped(self, game: SkippedGame) -> None:
        text = game.text.strip("\n")
        if text:
            self.stream.write(f"{text}\n\n".encode("utf-8", "replace"))


def _tags(game: AnalysedGame, info: RunInfo) -> dict[str, str]:
    """Return the tags in the order of the input; if a standard tag is missing, the standard tags come first."""
    tags = dict(with_result(game.headers, game.result))
    if any(name not in tags for name in _ROSTER):
        roster = {name: _UNKNOWN.get(name, "?") for name in _ROSTER}
        if game.epd is not None and game.epd.id:
            roster["Event"] = game.epd.id
        tags = roster | tags
    if game.variant == "chess960":
        tags.setdefault("Variant", "Chess960")
    if game.fen != chess.STARTING_FEN and "FEN" not in tags:
        tags |= {"SetUp": "1", "FEN": game.fen}
    tags["Annotator"] = _annotator(tags.get("Annotator", ""), info)
    return tags


def _annotator(annotators: str, info: RunInfo) -> str:
    name, version = info.evaluator.name, info.evaluator.version
    if version and version not in name:
        name = f"{name} {version}"
    ours = ", ".join(part for part in (name, str(info.limit)) if part)
    names = [part for part in annotators.split(_SEPARATOR) if part not in ("", "?")]
    return _SEPARATOR.join(names if ours in names else [*names, ours])


def _rest(game: AnalysedGame, movetext: Movetext) -> str:
    """Return the text that could not be played, as a comment."""
    rest = _layout.quoted(movetext.rest)
    for result in RESULTS:
        rest = rest.removesuffix(f" {result}")
    if not rest:
        return ""
    reason = f" ({_layout.quoted(_layout.printable(game.problem))})" if game.problem else ""
    return f"Cut off here{reason}: {rest}"
