"""Coverage-guided fuzzing with atheris (not in the `dev` extra: `pip install atheris`).

    python tests/fuzz/fuzz.py pgn -max_total_time=600 CORPUS
    python tests/fuzz/fuzz.py epd -max_total_time=600 CORPUS
    python tests/fuzz/fuzz.py uci -max_total_time=600 CORPUS

CORPUS is a folder that is read and added to. Whatever bytes come in, nothing may raise, and every move that comes
out must be legal. What it finds becomes a test.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["engine", "engine_plugins"]):
    import chess

    from engine.errors import EvaluatorProtocolError
    from engine.model import Limit, Position, SourceGame
    from engine.plugin import Reader
    from engine_plugins.evaluators._uci_text import read_search
    from engine_plugins.readers.epd import EpdReader
    from engine_plugins.readers.pgn import PgnReader

START = Position(chess.STARTING_FEN)


def read_all(reader: Reader, data: bytes) -> None:
    """Split, look at the headers, parse, and replay what was found."""
    for raw in reader.split(io.BytesIO(data)):
        reader.headers(raw)
        game = reader.parse(raw)
        if isinstance(game, SourceGame):
            board = chess.Board(game.fen, chess960=game.variant == "chess960")
            for uci in game.moves:
                board.push_uci(uci)


def answer(data: bytes) -> None:
    """A program's answer: an evaluation with a legal best move, or the one error that it may be."""
    lines = data.decode("utf-8", "replace").split("\n")
    try:
        evaluation = read_search(lines, START, Limit(nodes=1, multipv=1 + len(data) % 3))
    except EvaluatorProtocolError:
        return
    board = START.board()
    for uci in evaluation.pv:
        board.push_uci(uci)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "pgn": lambda data: read_all(PgnReader(), data),
    "epd": lambda data: read_all(EpdReader(), data),
    "uci": answer,
}


def main() -> None:
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
