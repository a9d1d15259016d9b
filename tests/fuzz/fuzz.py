"""Coverage-guided fuzzing with atheris (not in the `dev` extra: `pip install atheris`).

    python tests/fuzz/fuzz.py pgn -max_total_time=600 CORPUS
    python tests/fuzz/fuzz.py epd -max_total_time=600 CORPUS
    python tests/fuzz/fuzz.py uci -max_total_time=600 CORPUS
    python tests/fuzz/fuzz.py jsonl -max_total_time=600 CORPUS
    python tests/fuzz/fuzz.py cache -max_total_time=600 CORPUS

CORPUS is a folder that is read and added to. An empty one gets a few good inputs first, because random bytes never
spell `bestmove`. No input may raise an exception, and every move that comes out must be legal. Each fault that it
finds becomes a test.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["engine", "engine_plugins"]):
    import chess

    from engine.cache.exchange import SCHEMA, import_rows
    from engine.cache.rows import read_row, row_digest
    from engine.cache.store import Cache
    from engine.contracts.messages import pack, unpack_evaluations
    from engine.errors import EvaluatorProtocolError
    from engine.model import Evaluation, Limit, Line, Position, Score, SourceGame
    from engine.plugin import Reader
    from engine_plugins.evaluators._uci_text import read_search
    from engine_plugins.readers.epd import EpdReader
    from engine_plugins.readers.jsonl import JsonlReader
    from engine_plugins.readers.pgn import PgnReader

START = Position(chess.STARTING_FEN)
KEY = bytes(16)
FOUND = (Evaluation(Score(cp=20), ("e2e4",), 9, 100, (Line(Score(mate=3), ("d2d4", "d7d5"), 9),)),)
FILE = Path(tempfile.gettempdir(), "engine-fuzz-cache.jsonl")


def read_all(reader: Reader, data: bytes) -> None:
    """Split the bytes, read the headers, parse the games, and replay their moves."""
    for raw in reader.split(io.BytesIO(data)):
        reader.headers(raw)
        game = reader.parse(raw)
        if isinstance(game, SourceGame):
            board = chess.Board(game.fen, chess960=game.variant == "chess960")
            for uci in game.moves:
                board.push_uci(uci)


def answer(data: bytes) -> None:
    """Read the bytes as a program's answer: an evaluation with a legal line, or the one error that is allowed."""
    lines = data.decode("utf-8", "replace").split("\n")
    try:
        evaluation = read_search(lines, START, Limit(nodes=1, multipv=1 + len(data) % 3))
    except EvaluatorProtocolError:
        return
    board = START.board()
    for uci in evaluation.pv:
        board.push_uci(uci)


def cached(data: bytes) -> None:
    """Read the bytes as a row of a cache, and as an export.

    A row gives evaluations or None; an export gives units, and the lines that cannot be read are counted."""
    evaluations = read_row(KEY, data, row_digest(KEY, data))
    if evaluations is not None:
        assert unpack_evaluations(pack(evaluations)) == evaluations
    FILE.write_bytes(b'{"schema":"%s"}\n' % SCHEMA.encode() + data)
    cache = Cache(None)
    counts = import_rows(cache, FILE)
    assert cache.info().units == counts.added
    cache.close()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "pgn": lambda data: read_all(PgnReader(), data),
    "epd": lambda data: read_all(EpdReader(), data),
    "jsonl": lambda data: read_all(JsonlReader(), data),
    "uci": answer,
    "cache": cached,
}
ROW = b'{"key":"%s==","digest":"AAAAAAAAAAA=","evaluations":%s}\n'
SEEDS: dict[str, tuple[bytes, ...]] = {
    "pgn": (b'[White "A"]\n[FEN "8/8/8/8/8/4k3/8/4K2R w - - 0 1"]\n\n1. Rh3+ {[%clk 0:01]} (1. Kd1) $1 Kd4 *\n',),
    "epd": (
        b'2rr3k/pp3pp1/1nnqbN1p/3pN3/2pP4/2P3Q1/PPB4P/R4RK1 w - - bm Qg6; id "WAC.001"; am a1b1; c0 "; x";\n',
    ),
    "jsonl": (
        (
            b'{"fen": "8/8/8/8/8/4k3/8/4K2R w - - 0 1", "headers": {"White": "A"}, "scale": 1.15, "epd": {}, '
            b'"positions": [{"eval": {"cp": 31}, "pv": ["h1h3"], "lines": [{"eval": {"mate": 3}, "pv": []}]}, '
            b'{"missing": "input"}], "plies": [{"uci": "h1h3", "clock": 1.5}]}\n'
        ),
    ),
    "uci": (
        b"info depth 9 seldepth 9 multipv 1 score cp 31 nodes 900 pv e2e4 e7e5\nbestmove e2e4 ponder e7e5",
        b"info depth 9 multipv 2 score mate -3 upperbound wdl 1 2 3 pv d2d4\ninfo string x\nbestmove (none)",
    ),
    "cache": (pack(FOUND), ROW % (b"A" * 22, b'[[[20,null],["e2e4"],9,100,[]]]')),
}


def sow(target: str, arguments: list[str]) -> None:
    """Put good inputs into an empty corpus."""
    for folder in (Path(argument) for argument in arguments if not argument.startswith("-")):
        if not any(folder.iterdir()):
            for number, seed in enumerate(SEEDS[target]):
                (folder / f"seed-{number}").write_bytes(seed)


def main() -> None:
    target = sys.argv.pop(1)
    sow(target, sys.argv[1:])
    atheris.Setup(sys.argv, TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
