"""PGN: how bytes become games, and what damage costs."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from engine.model import SourceGame
from engine.plugin import Unreadable
from engine_plugins.readers.pgn import PgnReader
from tests.plugins.readers.pgn_rig import TWO, game, raws, read, sans, unreadable


class TestSplit:
    def test_games_with_their_lines(self):
        assert [(raw.line, raw.data.split(b"\n")[0]) for raw in raws(TWO)] == [
            (1, b'[Event "a"]'),
            (6, b'[Event "b"]'),
        ]

    @pytest.mark.parametrize(
        "data",
        [
            TWO,
            TWO.replace("\n", "\r\n"),
            TWO.replace("\n", "\r"),
            "\ufeff" + TWO,
            TWO.replace('[Event "b"]', '\ufeff[Event "b"]'),
            TWO.replace("1-0\n\n", "1-0\n"),
            TWO.replace("1-0\n\n", "\n\n1-0\n\n\n1-0\n\n"),
            TWO.replace("1. e4 e5", "1. e4\n\n\ne5"),
            TWO.replace("1. d4", "{a comment before the moves}\n\n1. d4"),
            TWO.replace('[White "x"]\n\n', '\n[White "x"]\n'),
            TWO.replace("1. e4", '1. e4 {a\n[White "not a tag"]\nb}'),
            TWO.replace("1. e4", '1. e4 ; {not a comment\n{[White "z"]\n}'),
            TWO.replace("1. e4", "%escape { e4\n1. e4"),
            "; a note\n{and another}\n\n" + TWO,
            "\n\n  " + TWO,
            TWO.replace('[White "x"]\n\n', '[White "x"] '),
            TWO.replace('[White "x"]\n', '[White "x"][Black "z"]\n'),
            TWO.encode("utf-16"),
        ],
    )
    def test_what_makes_no_difference(self, data):
        assert sans(data) == ["e4 e5", "d4 d5"]

    def test_a_comment_never_closed_costs_no_neighbour(self):
        first, second = read(TWO.replace("e5", "{ e5"))
        assert isinstance(first, SourceGame)
        assert isinstance(second, SourceGame)
        assert (first.sans, first.problem, first.problem_line) == (("e4",), "a comment is never closed", 4)
        assert (second.sans, second.problem) == (("d4", "d5"), None)

    def test_games_of_tags_alone(self):
        data = (
            '[Event "a"]\n[Round "1"]\n\n[Event "b"]\n[Round "2"]\n[Event "c"]\n\n\n[Round "3"]\n\n[Round "4"]\n'
        )
        headers = [dict(PgnReader().headers(raw)) for raw in raws(data)]
        assert headers == [
            {"Event": "a", "Round": "1"},
            {"Event": "b", "Round": "2"},
            {"Event": "c", "Round": "3"},
            {"Round": "4"},
        ]
        assert [raw.line for raw in raws(data)] == [1, 4, 6, 11]

    def test_a_tag_twice_on_one_line_is_one_game(self):
        (only,) = raws('[Event "a"] [Event "b"] [Event "c"]\n[Site "d"]\n\n1. e4 *')
        assert PgnReader().headers(only) == {"Event": "c", "Site": "d"}

    def test_games_without_tags(self):
        assert sans("1. e4 e5 1-0\n\n1. d4 d5\n2. c4 *\n1. c4 {x}\n") == ["e4 e5", "d4 d5 c4", "c4"]

    @pytest.mark.parametrize("data", ["", "\n\n", "1-0\n", "{only words}\n\n*\n", "; note\n% escape"])
    def test_no_game_at_all(self, data):
        assert raws(data) == []

    def test_broken_tag_lines_stay_in_their_game(self):
        data = TWO.replace('[White "x"]', '[White "x\n[Black "q"r"]\n[Odd]\n[Site "over\ntwo lines"]\n[Round "7"]')
        assert sans(data) == ["e4 e5", "d4 d5"]
        assert PgnReader().headers(raws(data)[0]) == {"Event": "a", "Black": 'q"r', "Round": "7"}

    def test_a_game_beyond_all_measure_is_bounded_and_costs_no_neighbour(self):
        long = TWO.replace("1. e4", "1. e4 {" + "word word\n" * 600_000 + "}")
        first, second = raws(long)
        assert len(first.data) < 5 << 20
        assert second.line == 600_006
        parsed = PgnReader().parse(first)
        assert isinstance(parsed, Unreadable)
        assert parsed.reason == "longer than 4 MiB"

    def test_a_line_beyond_all_measure(self):
        data = TWO.replace("1. e4", "1. e4 {" + "x" * 1_100_000 + "}")
        assert sans(data) == ["a line longer than 1 MiB", "d4 d5"]

    def test_memory_does_not_grow_with_the_file(self):
        class Long(io.RawIOBase):
            blocks = 0

            def read(self, size: int = -1) -> bytes:
                self.blocks += 1
                return b"x" * size if self.blocks <= 64 else b""

        tracemalloc.start()
        try:
            (only,) = PgnReader().split(Long())  # type: ignore[arg-type]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert len(only.data) == (4 << 20) + 1
        assert peak < 24 << 20


class TestHeaders:
    def test_values_as_in_the_file_without_control_characters(self):
        data = (
            b'[White "O\\"Neill \\\\ Co"]\n[Black "a\x1b[31mb\x00"]\n[Site "M\xfcnchen"]\n[Event "M\xc3\xbc"]\n\n*'
        )
        assert PgnReader().headers(raws(data)[0]) == {
            "White": 'O"Neill \\ Co',
            "Black": "a[31mb",
            "Site": "München",
            "Event": "Mü",
        }

    @pytest.mark.parametrize(("line", "value"), [(r'"Ugra \"', "Ugra \\"), ('"The "King""', 'The "King"')])
    def test_quotes_that_nobody_escaped(self, line, value):
        assert game(f'[Event {line}]\n[White "x"]\n\n1. e4 *').headers == {"Event": value, "White": "x"}

    def test_the_same_as_parse_finds(self):
        for raw in raws(TWO):
            parsed = PgnReader().parse(raw)
            assert isinstance(parsed, SourceGame)
            assert parsed.headers == PgnReader().headers(raw)


class TestParse:
    def test_sans_become_canonical(self):
        one = game("1.e2e4 e5 2.Ng1-f3 Nb8c6 3. Bb5!? a6?? 4.Bxc6+ dxc6 5.0-0 Pf6 6.d4= e:d4 $14 7.Nxd4X")
        assert " ".join(one.sans) == "e4 e5 Nf3 Nc6 Bb5 a6 Bxc6 dxc6 O-O f6 d4 exd4"
        assert one.problem == "unreadable move `Nxd4X` after 12 plies (7.)"

    def test_promotions_and_mate_signs(self):
        one = game('[FEN "7k/P5pp/8/8/8/8/8/K7 w - - 0 1"]\n\n1. a8Q *')
        assert (one.sans, one.moves) == (("a8=Q#",), ("a7a8q",))
        assert game('[FEN "8/P7/8/8/8/8/8/K6k w - - 0 1"]\n\n1. a8(N) *').moves == ("a7a8n",)

    @pytest.mark.parametrize("mark", ["", "+", "#", "!?", "++"])
    def test_check_and_mate_signs_are_ours(self, mark):
        assert game(f"1. f3 e5 2. g4 Qh4{mark} *").sans == ("f3", "e5", "g4", "Qh4#")
        assert game(f"1. e4 f5 2. Qh5{mark} g6{mark} *").sans == ("e4", "f5", "Qh5+", "g6")
        castles = '[FEN "5k2/8/8/8/8/8/8/4K2R w K - 0 1"]\n\n1. {} *'
        assert game(castles.format(f"O-O{mark}")).sans == game(castles.format("0-0")).sans == ("O-O+",)

    def test_variations_and_words_are_passed_over(self):
        data = "1. e4 (1. d4 Qh9 (1. c4) {x)} ) e5 <e4> FOOBAR 2. Nf3 $999999999 ; Nc6\n Nc6 (Diagram d4) *"
        assert game(data).sans == ("e4", "e5", "Nf3", "Nc6")

    @pytest.mark.parametrize(
        ("moves", "kept", "problem", "line"),
        [
            ("1. e4 e5\n2. Qh8 d6 *", 2, "illegal move `Qh8` after 2 plies (2.)", 4),
            ("1. e4 e5\n2.\n\nQh8 d6 *", 2, "illegal move `Qh8` after 2 plies (2.)", 6),
            ("1. e4 e5 2. xe5 *", 2, "illegal move `xe5` after 2 plies (2.)", 3),
            ("1. e4 d5 2. xd5 Qxd5 *", 2, "illegal move `xd5` after 2 plies (2.)", 3),
            ("1. e4 Nf6 2. d4 a6 3. Nf3 a5 4. Nd2 *", 6, "ambiguous move `Nd2` after 6 plies (4.)", 3),
            ("1. e4 Xf6 *", 1, "unreadable move `Xf6` after 1 ply (1...)", 3),
            ("1. e4 f6 2. Qh5+ -- *", 3, "null move in check `--` after 3 plies (2...)", 3),
            ("1. e4 1-0\n\n1... e5", 1, "moves after the result 1-0", 5),
            ("1. e4\n(1. d4 d5\n1... e5 *", 1, "a variation is never closed", 4),
        ],
    )
    def test_a_damaged_game_keeps_its_beginning(self, moves, kept, problem, line):
        one = game(f'[Event "x"]\n\n{moves}')
        assert (len(one.moves), one.problem, one.problem_line) == (kept, problem, line)

    def test_a_game_longer_than_anyone_plays_is_cut(self):
        shuffle = "Nf3 Nf6 Ng1 Ng8 " * 5_001
        one = game(f'[Event "x"]\n\n{shuffle}*')
        assert (len(one.moves), one.problem) == (20_000, "more than 20000 plies")

    def test_clocks(self):
        one = game(
            "{[%clk 9:09:09]} 1. e4 {[%clk 0:03:00]} (1. d4 {[%clk 7:00:00]}) e5 {x} 2. Nf3 {[%clk 1:02:03.5]} Nc6"
        )
        assert one.clocks == (180.0, None, 3723.5, None)
        assert game("1. e4 e5").clocks == ()

    def test_a_set_up_position(self):
        fen = "4k3/8/8/8/8/8/4P3/4K3 b - - 3 40"
        for tags in (f'[SetUp "1"]\n[FEN "{fen}"]', f'[FEN "{fen}"]', f'[Variant "From Position"]\n[FEN "{fen}"]'):
            one = game(f"{tags}\n\n40... Kd7 *")
            assert (one.fen, one.variant, one.moves) == (fen, "standard", ("e8d7",))

    def test_a_broken_fen_says_why(self):
        one = unreadable('[FEN "4k3/8/8/7/8/8/8/4K3 w - - 0 1"]\n\n1. e4 *')
        assert one.kind == "damaged"
        assert one.reason.startswith("invalid FEN: expected 8 columns per row")

    def test_an_impossible_position_is_for_the_planner(self):
        assert game('[FEN "8/8/8/8/8/8/8/8 w - - 0 1"]\n\n*').fen == "8/8/8/8/8/8/8/8 w - - 0 1"

    @pytest.mark.parametrize(
        "tag",
        [
            "Standard",
            " standard   ",
            "normal",
            "From Position",
            "",
            "Chess",
            "Orthodox",
            "Classical",
            "Regular chess",
        ],
    )
    def test_standard_chess_by_any_name(self, tag):
        assert game(f'[Variant "{tag}"]\n\n1. e4 *').variant == "standard"

    @pytest.mark.parametrize(
        "tag", ["Chess960", "chess 960", "fischerandom", "Fischerrandom", "Fischer Random", "FRC"]
    )
    def test_chess960_by_any_name(self, tag):
        one = game(f'[Variant "{tag}"]\n[FEN "4k3/8/8/8/8/8/8/4K2R w K - 0 1"]\n\n1. O-O *')
        assert (one.variant, one.moves, one.sans) == ("chess960", ("e1h1",), ("O-O",))

    def test_castling_rights_that_only_chess960_has(self):
        one = game('[FEN "1k6/8/8/8/8/8/8/1K4R1 w G - 0 1"]\n\n1. O-O *')
        assert (one.variant, one.moves) == ("chess960", ("b1g1",))

    def test_standard_castling_is_the_kings_move(self):
        assert game("1. Nf3 Nf6 2. g3 g6 3. Bg2 Bg7 4. O-O o-o").moves[-2:] == ("e1g1", "e8g8")

    def test_another_variant_is_named(self):
        assert unreadable('[Variant "Three-check"]\n\n1. e4 *').kind == "variant"
        one = unreadable('[Variant "Crazyhouse"]\n\n1. e4 *')
        assert (one.kind, one.reason) == ("variant", "variant `Crazyhouse`")

    def test_text_is_the_game_as_it_stands(self):
        text = '[Event "a"]\n\n1. e4 {Zürich} FOO *'
        assert game(text.replace("\n", "\r\n").encode("cp1252")).text == text

    @pytest.mark.parametrize(
        "data",
        [b"\x7fELF" + bytes(range(256)) * 40, b"<html><body>no game</body></html>", b"Dear reader, hello."],
    )
    def test_what_is_no_pgn(self, data):
        found = read(data)
        assert found
        assert all(isinstance(one, Unreadable) and one.kind == "damaged" for one in found)

    @pytest.mark.parametrize("data", [")" * 50, "1. e4 e5 2. Qh9 ) ) *", "$" + "9" * 5000, "(" * 30_000 + "e4"])
    def test_what_breaks_other_parsers(self, data):
        assert len(read('[Event "x"]\n\n' + data)) == 1


class TestSniff:
    def test_tags(self):
        assert PgnReader.sniff(TWO.encode())
        assert PgnReader.sniff(("\ufeff" + TWO).encode())
        assert PgnReader.sniff(TWO.encode("utf-16"))
        assert not PgnReader.sniff(b"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -\n")


def test_prose_that_begins_like_a_game_is_none() -> None:
    prose = (
        "Type moves like 1. e4 e5 and then choose whatever you want from the list of reports that are there. " * 3
    )
    assert "more words than moves" in unreadable(prose).reason
    assert len(game("1. e4 e5 2. Nf3 and a note that nobody finished, of ten words or so Nc6 *").moves) == 4
