"""Examples of what is read, in every dialect: the tables of `engine/reading.md`, checked by `test_reading.py`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine.input.encodings import Utf8Stream
from engine.model import SourceGame, settle
from engine.plugin import RawGame, Reader, Unreadable
from engine.run.players import Wanted, join
from engine_plugins.readers.chesscom import ChesscomReader
from engine_plugins.readers.epd import EpdReader
from engine_plugins.readers.lichess_ndjson import LichessReader
from engine_plugins.readers.pgn import PgnReader


class Section(NamedTuple):
    """Examples of one kind."""

    title: str
    sentence: str
    """What there is to say about all of them."""
    describe: Callable[[str], str]
    """Return in words what is made of an example."""
    examples: dict[str, str]
    """What is made of them, by what a file has."""


def parse(text: str, reader: type[Reader] = PgnReader) -> SourceGame:
    """Return the only game of a text. Raises ValueError for one that cannot be read."""
    [raw] = reader().split(io.BufferedReader(io.BytesIO(text.encode())))  # type: ignore[arg-type]
    game = reader().parse(raw)
    if isinstance(game, Unreadable):
        raise ValueError(game.reason)  # noqa: TRY004 - the text is wrong, not its type
    return game


def pgn(movetext: str, **tags: str) -> SourceGame:
    """Return a game with tags."""
    return parse("".join(f'[{name} "{value}"]\n' for name, value in tags.items()) + f"\n{movetext}\n")


# -- what is made of an example, in words --


def moves(movetext: str) -> str:
    game = pgn(movetext, Event="?")
    return " ".join(game.sans) + (f"; said: {game.problem}" if game.problem else "")


def result(text: str) -> str:
    data = text.replace("] ", "]\n\n").encode()
    return PgnReader().result(RawGame(data, 1))


def clocks(comment: str) -> str:
    game = pgn(f"1. e4 {comment} e5 *", TimeControl="5400+30")
    words = [f"{seconds:g} s left" for seconds in game.clocks[:1] if seconds is not None]
    words += [f"{seconds:g} s used" for seconds in game.times[:1] if seconds is not None]
    return ", ".join(words) or "nothing"


def time_control(tag: str) -> str:
    control = settle({"TimeControl": tag}, (), "").game
    if control is None:
        return "not known"
    words = f"{control.base:g} s"
    words += " for each move" if control.kind == "move" else ", hourglass" if control.kind == "hourglass" else ""
    words += f" for {control.moves} moves" if control.moves is not None else ""
    words += f" + {control.increment:g} s a move" if control.increment else ""
    words += f", delay {control.delay:g} s" if control.delay else ""
    for period in control.later:
        words += f", then {period.seconds:g} s" + (
            f" for {period.moves} moves" if period.moves is not None else ""
        )
        words += f" + {period.increment:g} s a move" if period.increment else ""
    return f"{words}: {control.speed}"


def time_control_of_broadcast(tag: str) -> str:
    """`tag` where the first clocks are 1:30:00."""
    control = settle({"TimeControl": tag}, (5_400.0, 5_400.0), "8/8/8/8/8/8/8/8 w - - 0 1").game
    return (
        "not known" if control is None else f"{control.base:g} s + {control.increment:g} s a move: {control.speed}"
    )


def evaluations(comment: str) -> str:
    game = pgn(f"1. e4 e5 2. Nf3 {comment} Nc6 *", Event="?")
    words = [*_evaluations(game), *(f"{seconds:g} s used" for seconds in game.times if seconds is not None)]
    return (
        ", ".join([*words, *(f"said: {note.reason.removeprefix('evaluations: ')}" for note in game.notes)])
        or "nothing"
    )


def _evaluations(game: SourceGame) -> Iterator[str]:
    for k, position in enumerate(game.recording.positions if game.recording is not None else ()):
        if position is None or position.evaluation is None:
            continue
        score = position.evaluation.score if k % 2 == 0 else -position.evaluation.score
        number = f"#{score.mate}" if score.cp is None else f"{score.cp / 100:+.2f}"
        depth = f" at depth {position.evaluation.depth}" if position.evaluation.depth else ""
        yield f"{number}{depth} {'before' if k == 2 else 'after'} the move"


def variants(tag: str) -> str:
    try:
        game = pgn("1. e4 *", Variant=tag)
    except ValueError as error:
        return f"left out: {error}"
    return "Chess960" if game.variant == "chess960" else "standard chess"


def epd(line: str) -> str:
    game = parse(f"{line}\n", EpdReader)
    assert game.epd is not None
    words = [f"{name} {' '.join(found)}" for name, found in (("bm", game.epd.bm), ("am", game.epd.am)) if found]
    words += [f"dm {game.epd.dm}"] if game.epd.dm is not None else []
    return (", ".join(words) or "nothing") + (f"; said: {game.problem}" if game.problem else "")


def encodings(example: str) -> str:
    text, _, encoding = example.partition(" in ")
    stream = Utf8Stream(io.BytesIO(f'[White "{text}"]\n'.encode(encoding)), None)  # type: ignore[arg-type]
    read = io.BufferedReader(stream).read().decode()
    return f"{read.split(chr(34))[1]}, read as {stream.guessed or 'it is'}"


def other_files(text: str) -> str:
    reader = ChesscomReader if '"pgn"' in text else LichessReader
    game = parse(text.replace("⏎", "\\n"), reader)
    words = [f"{game.headers.get('White')} – {game.headers.get('Black')}", " ".join(game.sans)]
    words += [f"clocks {', '.join(f'{c:g} s' for c in game.clocks if c is not None)}"] if game.clocks else []
    return "; ".join([*words, *(word.removesuffix(" the move") for word in _evaluations(game))])


def players(names: str) -> str:
    spellings = [name.strip() for name in names.split("·")]
    joined = join([(name, 1) for name in spellings], Wanted())
    shown = {joined.names.get(name, name) for name in spellings}
    return f"one player, {shown.pop()}" if len(shown) == 1 else f"{len(shown)} players"


SECTIONS = (
    Section(
        "Moves",
        "Besides SAN. The moves of a game may be in the letters of another language if all of them are legal so.",
        moves,
        {
            "1. e4± e5!+- 2. Nf3⩲ Nc6N 3. Bb5†": "e4 e5 Nf3 Nc6 Bb5",
            "1. e4 1…e5 2. ♘f3 ♞c6": "e4 e5 Nf3 Nc6",
            "1. e4 e5 2. Nf3 Nc6 3. Bc4 Nf6 4. 0–0 Be7": "e4 e5 Nf3 Nc6 Bc4 Nf6 O-O Be7",
            "1. e2-e4 e7e5 2. Ng1-f3": "e4 e5 Nf3",
            "1. e4 d5 2. e5 f5 3. exf6e.p.": "e4 d5 e5 f5 exf6",
            "1. e4 e5 2. Sf3 Sc6 3. Lb5": "e4 e5 Nf3 Nc6 Bb5",
            "1. e4 e5 2. Cf3 Cc6 3. Fb5": "e4 e5 Nf3 Nc6 Bb5",
            "1. e4 e5 2. Кf3 Кc6 3. Сb5": "e4 e5 Nf3 Nc6 Bb5",
            "1. e4 e5 2. -- d5": "e4 e5 -- d5",
            "1. e4 e5 2. Nf3 Nc61/2-1/2": "e4 e5 Nf3 Nc6",
            "1. e4 e5 2. Bb5 c6 3. Ka9 d5": "e4 e5 Bb5 c6; said: unreadable move `Ka9` after 4 plies (3.)",
        },
    ),
    Section(
        "Results",
        "The tag counts; where it is missing or says nothing, the end of the moves.",
        result,
        {
            '[Result "1–0"] 1. e4 *': "1-0",
            '[Result "½-½"] 1. e4': "1/2-1/2",
            '[Result "1/2"] 1. e4 *': "1/2-1/2",
            '[Result "+/-"] 1. e4 *': "1-0",
            '[Result "0-0"] 1. e4 *': "*",
            '[Result "?"] 1. e4 e5 0-1': "0-1",
            '[White "A"] 1. e4 e51-0': "1-0",
            '[Result "1-0"] 1. e4 0-1': "1-0",
        },
    ),
    Section(
        "Clocks and move times",
        "In the comments of a move, in any order.",
        clocks,
        {
            "{[%clk 1:29:57]}": "5397 s left",
            "{[%clk 0:02:59.9]}": "179.9 s left",
            "{[%clk 1:30]}": "5400 s left",
            "{[%eval 0.17] [%clk 1:29:57]}": "5397 s left",
            "{a theory move} {[%clk 1:29:57]}": "5397 s left",
            "{[%emt 0:00:07]}": "7 s used",
            "{[%emt 1.250]}": "1.25 s used",
            "{[%emt 0:01.25]}": "1.25 s used",
            "{[%timestamp 42]}": "4.2 s used",
            "{[%egt 0:00:12]}": "12 s used",
            "{wv=0.25, d=30, mt=30699, tl=5369301}": "5369.3 s left, 30.699 s used",
        },
    ),
    Section(
        "Time controls",
        "The tag `TimeControl`, and the speed by the rule of Lichess: base + 40 increments.",
        time_control,
        {
            "180+2": "180 s + 2 s a move: blitz",
            "40/7200:3600": "7200 s for 40 moves, then 3600 s: classical",
            "40/5400+30:1800+30": "5400 s for 40 moves + 30 s a move, then 1800 s + 30 s a move: classical",
            "1/259200": "259200 s for each move: correspondence",
            "*60": "60 s, hourglass: bullet",
            "90 min + 30 sec / move": "5400 s + 30 s a move: classical",
            "90'+30''": "5400 s + 30 s a move: classical",
            "15'/game & 10''/move": "900 s + 10 s a move: rapid",
            "G/60;d5": "3600 s, delay 5 s: classical",
            "90+30": "90 s + 30 s a move: rapid",
            "?": "not known",
        },
    ),
    Section(
        "Time controls of broadcasts",
        "The same tag in a game whose clocks begin at 1:30:00.",
        time_control_of_broadcast,
        {"90+30": "5400 s + 30 s a move: classical", "5400+30": "5400 s + 30 s a move: classical"},
    ),
    Section(
        "Evaluations",
        "For White, and of the position before or after the move that the comment follows.",
        evaluations,
        {
            "{[%eval 0.17]}": "+0.17 after the move",
            "{[%eval -0.60, 20]}": "-0.60 at depth 20 after the move",
            "{[%eval #-3]}": "#-3 after the move",
            "{[%eval #+3]}": "#3 after the move",
            "{[%eval -M1]}": "#-1 after the move, said: [%eval] with mates as M1, White's view, pawns",
            "{+0.31/15 1.2s}": "+0.31 at depth 15 before the move, 1.2 s used, said: comments of cutechess or fastchess, the mover's view, pawns",
            "{-0.21/12, 0.1s}": "-0.21 at depth 12 before the move, 0.1 s used, said: comments of cutechess or fastchess, the mover's view, pawns",
            "{+M12/30 0.5s}": "#6 at depth 30 before the move, 0.5 s used, said: comments of cutechess or fastchess, the mover's view, pawns",
            "{(e7e5) +0.31/15 5}": "+0.31 at depth 15 before the move, 5 s used, said: Arena comments, the mover's view, pawns",
            "{0.31/15 1.5}": "+0.31 at depth 15 before the move, 1.5 s used, said: Banksia or XBoard comments, the mover's view, pawns",
            "{wv=0.25, d=30, mt=30699, tl=5369301}": "+0.25 at depth 30 before the move, 30.699 s used, said: TCEC comments, White's view, pawns",
        },
    ),
    Section(
        "Variants",
        "The tag `Variant`.",
        variants,
        {
            "Standard": "standard chess",
            "Chess": "standard chess",
            "Normal": "standard chess",
            "Orthodox": "standard chess",
            "Fischerandom": "Chess960",
            "Three-check": "left out: variant `Three-check`",
        },
    ),
    Section(
        "EPD",
        "Operations of a line; moves are named in UCI here.",
        epd,
        {
            '4k3/8/8/8/8/8/4P3/4K3 w - - bm e4; id "a";': "bm e2e4",
            "4k3/8/8/8/8/8/4P3/4K3 w - - - bm e4;": "bm e2e4",
            "4k3/8/8/8/8/8/4P3/4K3 w - - dm 3; bm e4+;": "bm e2e4, dm 3",
            "4k3/8/8/8/8/8/4P3/4K3 w - - bm e5;": "nothing; said: bm `e5`: no legal move",
        },
    ),
    Section(
        "Encodings",
        "Of a file; `--encoding NAME` reads it as another one.",
        encodings,
        {
            "Müller in utf-8": "Müller, read as it is",
            "Müller in cp1252": "Müller, read as Windows-1252 (Western European)",
            "Kovačević in cp1250": "Kovačević, read as Windows-1250 (Central European)",
            "Карпов in cp1251": "Карпов, read as Windows-1251 (Cyrillic)",
            "Müller in utf-16-le": "Müller, read as UTF-16, little-endian",
        },
    ),
    Section(
        "Other files",
        "An archive of chess.com, and a line of Lichess's export (⏎ is `\\n`). Our own JSON Lines are read, too.",
        other_files,
        {
            '{"games": [{"pgn": "[White \\"A\\"]⏎[Black \\"B\\"]⏎⏎1. e4 {[%clk 0:02:59.1]} *", "time_control": "180"}]}': "A – B; e4; clocks 179.1 s",
            '{"id": "q7ZvsdUF", "variant": "standard", "players": {"white": {"user": {"name": "A"}}, '
            '"black": {"user": {"name": "B"}}}, "moves": "e4 e5", "clocks": [18003, 17911], "analysis": [{"eval": 17}]}': "A – B; e4 e5; clocks 180.03 s, 179.11 s; +0.17 after",
        },
    ),
    Section(
        "Names of players",
        "Which of the names in the input are one player; `--same 'A=B'` says more.",
        players,
        {
            "Carlsen, M · Carlsen, Magnus · Magnus Carlsen": "one player, Carlsen, Magnus",
            "Carlsen,M. · Carlsen, Magnus": "one player, Carlsen, Magnus",
            "Smith, J · Smith, John · Smith, James": "3 players",
        },
    ),
)


def table(section: Section) -> str:
    """Return the examples of a section as a table in Markdown."""
    rows = [f"| {_code(written)} | {_text(read)} |" for written, read in section.examples.items()]
    return "\n".join(
        [f"## {section.title}", "", section.sentence, "", "| written | read |", "| --- | --- |", *rows]
    )


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
