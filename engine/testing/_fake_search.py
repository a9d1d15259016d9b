"""How the fake UCI program evaluates: material, noise from a digest, a mate in one; python-chess has the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import chess

_VALUES = {"p": 100, "n": 300, "b": 320, "r": 500, "q": 900, "k": 0}


def board_of(position: str, *, chess960: bool) -> chess.Board:
    """Return the board after a `position` command. Raises ValueError when it is impossible."""
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
    """Return depth and nodes of a search, as its limit says or made up from it."""
    words = limit.split()
    values = dict(zip(words[::2], map(int, words[1::2]), strict=False))
    nodes = values.get("nodes") or 1000 * values.get("movetime", 0) or 100 << min(values.get("depth", 1), 30)
    return values.get("depth") or max(1, nodes.bit_length() - 1), nodes


def ranked(board: chess.Board, noise: bytes, count: int) -> list[tuple[str, list[str]]]:
    """The `count` best moves, each with its score as UCI writes it and a variation that begins with it."""
    legal = _legal_moves(board)
    mate = next((move for _, move in legal if _mates(board, move)), None)
    first = noise[0] % len(legal) if mate is None else [move for _, move in legal].index(mate)
    score = _material(board) + noise[1] - noise[2]
    best = []
    for k in range(min(count, len(legal))):
        uci, move = legal[(first + k) % len(legal)]
        best.append(("mate 1" if move == mate else f"cp {score}", [uci, *_continuation(board, move, noise)]))
        score -= 5 + noise[3 + k % 60] % 50
    return best


def _legal_moves(board: chess.Board) -> list[tuple[str, chess.Move]]:
    """All legal moves in the order of their UCI notation."""
    return sorted([(board.uci(move), move) for move in board.legal_moves], key=lambda pair: pair[0])


def _mates(board: chess.Board, move: chess.Move) -> bool:
    """Whether the move gives checkmate."""
    if not _may_check(board, move):
        return False
    board.push(move)
    mates = bool(board.checkers_mask()) and board.is_checkmate()
    board.pop()
    return mates


def _may_check(board: chess.Board, move: chess.Move) -> bool:
    """False only when the move cannot give check: most moves need not be played to know that they do not mate."""
    import chess

    king = board.king(not board.turn)
    if king is None or move.promotion or board.is_castling(move) or board.is_en_passant(move):
        return True
    lines = chess.BB_RAYS[king]
    knight = board.knights & chess.BB_SQUARES[move.from_square]
    return bool(
        lines[move.from_square]
        or (chess.BB_KNIGHT_ATTACKS[king] & chess.BB_SQUARES[move.to_square] if knight else lines[move.to_square])
    )


def _material(board: chess.Board) -> int:
    """Centipawns, from the side to move's point of view."""
    pieces = board.board_fen()
    white = sum(_VALUES.get(char.lower(), 0) * (1 if char.isupper() else -1) for char in pieces)
    return white if board.turn else -white


def _continuation(board: chess.Board, move: chess.Move, noise: bytes) -> list[str]:
    """Return up to four plies that follow `move`, in UCI notation."""
    board = board.copy(stack=False)
    board.push(move)
    line = []
    for byte in noise[4:8]:
        legal = _legal_moves(board)
        if not legal:
            break
        uci, reply = legal[byte % len(legal)]
        line.append(uci)
        board.push(reply)
    return line
