"""Games that a filter leaves out are counted without being cut out, and all else stays as it is."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.input.filters import compile_filter, player_filter
from engine.input.games import FilteredGame, Selection, UnparsedGame, select_games
from engine.input.seen_names import SeenNames
from engine.input.seen_tags import SeenTags
from engine.input.shards import InputDigest
from engine.input.sources import BrokenSource, Source
from engine.plugin import LeftOut, RawGame, Reader
from engine_plugins.readers import _text
from engine_plugins.readers.pgn import PgnReader

GAME = (
    b'[Event "Rated Blitz game"]\n[White "%b"]\n[Black "Bob"]\n[Result "%b"]\n[WhiteElo "%b"]\n\n'
    b"1. e4 { [%%clk 0:03:00] } e5 %b\n\n"
)
PLAIN = GAME % (b"Ann", b"1-0", b"1500", b"1-0")
OTHERS = (
    b'[Event "a"]\n[Event "b"]\n\n1. e4 *\n\n',
    b'[White "No event"]\n[WhiteElo "2500"]\n\n1. e4 1-0\n1. d4 1-0\n\n',
    b'[Event "a \\"b\\" c"]\n[White "x"y"]\n[WhiteElo "1999"]\n\n1. e4\n1... e5 *\n\n',
    b'[Event "a"]\n[White "Ann"]\n\n[Black "Bob"]\n\n{ never closed\n\n',
    b'[Event "only tags"]\n[WhiteElo "2600"]\n\n',
    b'\xef\xbb\xbf[Event "mark"]\r\n[WhiteElo "2300"]\r\n\r\n1. e4 *\r\n\r\n',
    b"% escaped\n\n",
)
tags_of_game = st.tuples(
    st.sampled_from([b"Ann", b"J\xc3\xb6rg", b"J\xf6rg", b"ann.", b'O\\"Neil', b"A\\\\B", b"?", b"Bob", b"\x07"]),
    st.sampled_from([b"1-0", b"0-1", b"1/2-1/2", b"*", b"1:0"]),
    st.sampled_from([b"1500", b"2000?", b"?", b" 2100 ", b"abc", b"3e3"]),
    st.sampled_from([b"1-0", b"0-1", b"*", b"  \t", b"{", b";"]),
)
plain = tags_of_game.map(lambda four: GAME % four)
files = st.lists(
    st.one_of(plain, plain, plain, st.sampled_from(OTHERS), st.binary(max_size=12)), min_size=1, max_size=12
)
EXPRESSIONS = (
    "WhiteElo >= 2000",
    "Result = 1-0",
    "White = jörg or White = 'O\"Neil'",
    "not (WhiteElo < 1800)",
    "Nothing = x",
    "whiteelo != 1500 and (White ~ nn or Black = nobody)",
    "clock and WhiteElo > 1900",
    "my result = win",
    "",
)


def knowing_reader() -> PgnReader:
    """Return a reader that has seen enough plain games to know how they look."""
    reader = PgnReader()
    for _ in range(5):
        reader.headers(RawGame(PLAIN.rstrip(), 1))
    return reader


def selected(data: bytes, expression: str, player: str | None, *, counted: bool) -> tuple[Any, ...]:
    """Return everything that is known of the games of a file after a filter, and how many came together."""
    readers: dict[str, Reader] = {"pgn": knowing_reader()}
    players = None if player is None else player_filter([player])
    chosen = compile_filter(expression, players) if expression else None
    names, tags = SeenNames([player or "x"]), SeenTags(chosen.tags if chosen else ())
    digest = None if counted else InputDigest()
    selection = Selection(filter=chosen, players=players, seen=names, seen_tags=tags, digest=digest)
    found: list[Any] = []
    left_out = together = 0
    last = (0, 0)
    source = Source("a.pgn", readers, file=io.BytesIO(data), reader="pgn")
    for item in select_games([source], readers, selection):
        if isinstance(item, FilteredGame):
            left_out += item.games
            together = max(together, item.games)
            last = (item.origin.game or 0, item.origin.line or 0)
        else:
            assert isinstance(item, UnparsedGame | BrokenSource)
            found += [last, left_out, item]
    said = names.found, names.maybe(), names.nearest(), tags.missing()
    return (found, left_out, last, said), together


@given(files, st.sampled_from(EXPRESSIONS), st.sampled_from([None, "Ann", "Nobody"]), st.integers(40, 400))
@example([PLAIN] * 4, "WhiteElo > 3000", None, 97)
def test_what_a_filter_takes_is_the_same(games: list[bytes], text: str, player: str | None, block: int) -> None:
    player = "Ann" if text.startswith("my") else player
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_text, "BLOCK", block)
        data = b"".join(games)
        assert selected(data, text, player, counted=True)[0] == selected(data, text, player, counted=False)[0]


def test_games_in_a_row_come_together_and_a_shard_sees_each() -> None:
    data = PLAIN * 50 + GAME % (b"Eva", b"0-1", b"2600", b"0-1") + PLAIN * 50
    (found, left_out, *_), together = selected(data, "WhiteElo > 2000", None, counted=True)
    assert (found[1], left_out, found[2].origin.game, found[2].origin.line) == (50, 100, 51, 401)
    assert together == 50
    assert selected(data, "WhiteElo > 2000", None, counted=False)[1] == 1


def test_the_reader_hands_over_tags_lines_and_bytes() -> None:
    reader = knowing_reader()
    [run, last] = reader.split_counted(io.BytesIO(PLAIN * 3), lambda tags: tags["White"] != "Ann")
    assert isinstance(run, LeftOut)
    assert ([dict(tags)["WhiteElo"] for tags in run.tags], run.line, run.size) == (["1500"] * 2, 9, 2 * len(PLAIN))
    assert last == RawGame(
        PLAIN.rstrip(), 17
    )  # the end of the file is no beginning of a game, so the rules cut it
