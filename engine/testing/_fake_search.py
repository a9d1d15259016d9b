"""How the fake UCI program evaluates: material, noise from a digest, a mate in one; python-chess has the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import chess

_VALUES = {"p": 100, "n": 300, "b": 320, "r": 500, "q": 900, "k": 0}


def board_of(position: str, *, chess960: bool) -> chess.Board:
    """The board after a `position` command. Raises ValueError when it is impossible."""
    import chess  # late: the program has to start fast

    root, _, moves = position.partition(" moves ")
    board = chess.Board(chess960=chess960)
    if root != "startpos":
        board.set_fen(root.removeprefix("fen "))
    for move in moves.split():
        board.push_uci(move)
    if not board.is_valid():
        raise ValueError(board.fen())
    return board


def depth_and_nodes(limit: str) -> tuple[int, int]:
    """Depth and nodes of a search, from its limit."""
    words = limit.split()
    values = dict(zip(words[::2], map(int, words[1::2]), strict=False))
    nodes = values.get("nodes") or 1000 * values.get("movetime", 0) or 100 << min(values.get("depth", 1), 30)
    return values.get("depth") or max(1, nodes.bit_length() - 1), nodes


def ranked(board: chess.Board, noise: bytes, count: int) -> list[tuple[str, list[str]]]:
    """The `count` best moves, each a score in UCI's words and a variation."""
    moves = sorted(board.uci(move) for move in board.legal_moves)
    mate = next((move for move in moves if _mates(board, move)), None)
    first = moves.index(mate) if mate else noise[0] % len(moves)
    score = _material(board) + noise[1] - noise[2]
    ranked = []
    for k in range(min(count, len(moves))):
        move = moves[(first + k) % len(moves)]
        ranked.append(("mate 1" if move == mate else f"cp {score}", _variation(board, move, noise)))
        score -= 5 + noise[3 + k % 60] % 50
    return ranked


def _mates(board: chess.Board, move: str) -> bool:
    parsed = board.parse_uci(move)
    if not board.gives_check(parsed):
        return False
    board.push(parsed)
    found = board.is_checkmate()
    board.pop()
    return found


def _material(board: chess.Board) -> int:
    """Centipawns, from the side to move's view."""
    pieces = board.board_fen()
    white = sum(_VALUES.get(char.lower(), 0) * (1 if char.isupper() else -1) for char in pieces)
    return white if board.turn else -white


def _variation(board: chess.Board, move: str, noise: bytes) -> list[str]:
    """`move` and up to four plies more."""
    board = board.copy(stack=False)
    pv = [move]
    board.push_uci(move)
    for byte in noise[4:8]:
        moves = sorted(board.uci(reply) for reply in board.legal_moves)
        if not moves:
            break
        pv.append(moves[byte % len(moves)])
        board.push_uci(pv[-1])
    return pv
