"""The position of a page as its address has it: a start, the moves from there, and the side at the bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import chess
import chess.pgn
from msgspec import Struct

from engine.api.position import read_board
from engine.errors import ConfigError
from engine.positions.openings import name_of
from engine.positions.refusal import refusal
from engine.web.pages.diagram import describe
from engine.web.pages.trainer.cards import packed

LONGEST_FEN = 120
"""Characters of the longest FEN that is read; a legal one has at most 92."""
MOST_MOVES = 300
"""Half-moves of the longest line. Each is a link with all moves before it, so pages grow with the square."""
LONGEST_LINE = 8 * MOST_MOVES
"""Characters of the longest line."""
_SHOWN = 40
"""Characters of a text that a message repeats."""


class Played(Struct, frozen=True):
    """A position with the moves that led to it."""

    start: chess.Board
    """The board before the moves."""
    board: chess.Board
    """The board after them, with the moves on its stack."""
    black_below: bool = False
    """Whether the board is seen from Black's side."""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Played:
        """Read `fen`, `moves` (UCI or SAN, with commas or blanks between them), `below` and `play` of a URL.

        `below=black` turns the board around. `play` is what somebody has typed: a move from the position, or a
        FEN, which begins anew.

        Raises ConfigError in words for a broken FEN, an illegal move, and what is too long.
        """
        fen = query.get("fen", "").strip().replace("_", " ").replace("seventyfive", "75")
        line = query.get("moves", "")
        if len(line) > LONGEST_LINE:
            raise ConfigError(f"the line has {len(line):,} characters; the board takes {LONGEST_LINE:,}")
        moves = line.replace(",", " ").split()
        black_below = _read_below(query.get("below", ""))
        typed = query.get("play", "").strip()
        if "/" in typed or typed == "startpos":
            fen, moves, typed = typed, [], ""
        if len(moves) > MOST_MOVES:
            raise ConfigError(f"the line has {len(moves):,} moves; the board takes {MOST_MOVES} half-moves")
        board = _read(fen, moves)
        if typed:
            board.push(_typed(board, typed))
        return cls(board.root(), board, black_below)

    @property
    def moves(self) -> list[str]:
        """The moves in UCI."""
        board = self.start.copy()
        ucis = []
        for move in self.board.move_stack:
            ucis.append(board.uci(move))
            board.push(move)
        return ucis

    @property
    def fen(self) -> str:
        """FEN of the position; a Shredder-FEN for Chess960."""
        return self.board.fen(shredder=self.board.chess960)

    @property
    def trouble(self) -> str | None:
        """Why this is no position to play from, in words; None for a legal one."""
        reason = refusal(self.board)
        return reason and f"this is no position to play from: {reason}"

    def parameters(self, moves: list[str] | None = None) -> dict[str, str]:
        """Return the parameters of a URL with this position, or with other moves from its start."""
        values = {}
        if self.start.fen() != chess.STARTING_FEN:
            values["fen"] = self.start.fen(shredder=self.start.chess960)
        if moves := self.moves if moves is None else moves:
            values["moves"] = ",".join(moves)
        if self.black_below:
            values["below"] = "black"
        return values

    def crumbs(self) -> list[dict[str, Any]]:
        """Return each move of the line: `number` ("1." or "1..." where there is one), `san`, `moves` up to it, and
        the `opening` that it reaches, if any.
        """
        board = self.start.copy()
        ucis: list[str] = []
        crumbs: list[dict[str, Any]] = []
        for move in self.board.move_stack:
            number = f"{board.fullmove_number}." if board.turn else "" if crumbs else f"{board.fullmove_number}..."
            san = board.san(move)
            ucis.append(board.uci(move))
            board.push(move)
            named = name_of(board)
            crumbs.append({"number": number, "san": san, "moves": list(ucis), "opening": named and named[1]})
        return crumbs

    def opening(self) -> str | None:
        """Return code and name of the last named position of the line, "C50 Italian Game"; None without one."""
        board = self.board.copy()
        for _ in range(len(self.board.move_stack) + 1):
            if named := name_of(board):
                return " ".join(named)
            if board.move_stack:
                board.pop()
        return None

    def legal(self) -> list[tuple[str, str]]:
        """Return the legal moves as SAN and UCI, by SAN; none where the position cannot be played from."""
        if self.trouble:
            return []
        return sorted((self.board.san(move), self.board.uci(move)) for move in self.board.legal_moves)

    def ending(self) -> str | None:
        """Return how the game has ended in this position, in words; None while it goes on."""
        if self.trouble or (outcome := self.board.outcome()) is None:
            return None
        words = outcome.termination.name.lower().replace("_", " ").replace("seventyfive", "75")
        return (
            f"{words}: {'a draw' if outcome.winner is None else 'White wins' if outcome.winner else 'Black wins'}"
        )

    def pgn(self) -> str:
        """Return the line as PGN."""
        return str(chess.pgn.Game.from_board(self.board))

    def lichess(self) -> str:
        """Return the address of the position on Lichess's analysis board."""
        variant = "chess960" if self.board.chess960 else "standard"
        return f"https://lichess.org/analysis/{variant}/{quote(self.fen.replace(' ', '_'), safe='/_-')}"

    def facts(self) -> dict[str, Any]:
        """Return what the page's script needs of the position, as plain values."""
        legal = [] if self.trouble else list(self.board.legal_moves)
        return {
            "start": self.start.fen(shredder=self.start.chess960),
            "fen": self.fen,
            "moves": self.moves,
            "crumbs": [{key: crumb[key] for key in ("number", "san")} for crumb in self.crumbs()],
            "targets": packed(self._as_shown(move) for move in legal),
            "legal": self.legal(),
            "words": describe(self.board),
            "turn": "White" if self.board.turn else "Black",
            "check": self.board.is_check(),
            "opening": self.opening(),
            "ending": self.ending(),
            "trouble": self.trouble,
            "pgn": self.pgn(),
            "lichess": self.lichess(),
            "query": encoded(self.parameters()),
            "black": self.black_below,
        }

    def _as_shown(self, move: chess.Move) -> chess.Move:
        """Return a move with the squares that its UCI names: castling as e1g1 in standard chess."""
        return chess.Move.from_uci(self.board.uci(move))


def encoded(parameters: Mapping[str, str]) -> str:
    """Return parameters as the query of a URL, which people can read."""
    return urlencode(parameters, safe="/,-")


def _read(fen: str, moves: list[str]) -> chess.Board:
    if len(fen) > LONGEST_FEN:
        raise ConfigError(f"not a FEN: it has {len(fen):,} characters, and none has more than {LONGEST_FEN}")
    if moves and (reason := refusal(read_board(fen or "startpos"))) is not None:
        raise ConfigError(f"no moves can be played from there: {reason}")
    return read_board(fen or "startpos", moves)


def _read_below(below: str) -> bool:
    if below not in ("", "white", "black"):
        raise ConfigError(f"below={below[:_SHOWN]!r} is neither white nor black")
    return below == "black"


def _typed(board: chess.Board, text: str) -> chess.Move:
    """Return the move that a text means: SAN with its usual variations, or UCI. Raises ConfigError."""
    if (reason := refusal(board)) is not None:
        raise ConfigError(f"no move can be played here: {reason}")
    plain = text.lstrip("0123456789.… ") if text[:1].isdigit() and "." in text else text
    for read in (board.parse_san, board.parse_uci):
        for form in (plain, plain.replace("0", "O"), plain.lower()):
            try:
                move = read(form)
            except ValueError:
                continue
            if move:
                return move
    raise ConfigError(f"{text[:_SHOWN]!r} is no legal move here; write it like Nf3 or g1f3, or paste a FEN")
