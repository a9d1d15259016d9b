"""Explanations checked on the board by other code than that which made them: python-chess and plain recursion.

`problems` returns everything that is false in an explanation. It knows the meaning of the claims and none of the
code of `engine.analysis.reasons`: exchanges are played out over all legal moves, material is counted from the
letters of a FEN, and the sentence is read back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import chess

from engine.model import AnalysedGame, Explanation
from tests.plain_chess import WORTH, motif_problems, punishes, pushed, threatens, unrest, value_of

NAMES = {"pawn": "p", "knight": "n", "bishop": "b", "rook": "r", "queen": "q", "king": "k"}
COUNTS = {"a": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
DIFFERENCES = ("won less", "lost more")
MATERIAL_KINDS = {
    *("hung piece", "allowed tactic", "allowed promotion", "missed tactic", "missed promotion"),
    *("did not take", "did not take back", *DIFFERENCES),
}
_MOVE = re.compile(r"\d+\.(?:\.\.)? (?P<san>[A-Za-z][A-Za-z0-9=+#-]*[A-Za-z0-9+#])")


def boards_of(game: AnalysedGame) -> list[chess.Board]:
    """Return the positions of a game."""
    boards = [chess.Board(game.fen, chess960=game.variant == "chess960")]
    for ply in game.plies:
        boards.append(pushed(boards[-1], ply.uci))
    return boards


def problems(game: AnalysedGame, found: Explanation, boards: Sequence[chess.Board] | None = None) -> list[str]:
    """Return what is false in an explanation, in words; nothing where everything holds.

    * **boards** - *(optional)* the positions of the game, where they are known.
    """
    return list(_Check(game, found, boards or boards_of(game)).all())


class _Check:
    def __init__(self, game: AnalysedGame, found: Explanation, boards: Sequence[chess.Board]) -> None:
        self.game, self.found, self.boards = game, found, boards
        self.line: list[chess.Board] = [self.boards[found.start]]
        self.mover = self.boards[found.ply].turn
        """The colour of the player who made the move."""

    def all(self) -> Iterator[str]:
        found = self.found
        if self.game.plies[found.ply].judgement is None:
            yield "the move is not judged"
        if found.start not in (found.ply, found.ply + 1):
            yield f"a line that begins in position {found.start}"
        for uci in found.moves:
            if chess.Move.from_uci(uci) not in self.line[-1].legal_moves:
                yield f"{uci} is illegal"
                return
            self.line.append(pushed(self.line[-1], uci))
        yield from self._source()
        yield from self._said()
        if found.mate is not None:
            yield from self._mate()
        if found.kind in MATERIAL_KINDS:
            yield from self._material()
        if found.kind in ("hung piece", "did not take"):
            yield from self._taken()
        if found.kind in ("allowed threat", "missed threat"):
            yield from self._threat()
        yield from self._special()
        if found.motif and found.mate is None:
            yield from motif_problems(found, self.line)
        yield from self._clock()

    def _source(self) -> Iterator[str]:
        """The line is the beginning of a variation of the evaluator, or of moves that nobody judged bad."""
        found = self.found
        if not found.moves:
            return
        if found.start == found.ply and found.moves[0] == self.game.plies[found.ply].uci:
            yield "the best move is the move that was played"
        if found.played:
            plies = self.game.plies[found.start : found.start + len(found.moves)]
            if tuple(ply.uci for ply in plies) != found.moves:
                yield "these moves were not played"
            if found.mate is None and any(ply.judgement is not None for ply in plies):
                yield "one of these moves is judged bad"
            return
        evaluation = self.game.positions[found.start].evaluation
        variation = () if evaluation is None else evaluation.pv
        mates_at_once = found.mate == 1 and self.line[-1].is_checkmate()
        if variation[: len(found.moves)] != found.moves and not mates_at_once:
            yield f"the evaluator's line is {variation}"

    def _mate(self) -> Iterator[str]:
        found = self.found
        evaluation = self.game.positions[found.start].evaluation
        if evaluation is None or evaluation.score.mate != found.mate:
            yield f"the evaluation is {evaluation}"
        if found.kind == "missed mate":
            after = self.game.positions[found.ply + 1]
            if after.evaluation is not None and (after.evaluation.score.mate or 0) < 0:
                yield "there still is a mate"
        if found.mate == 1 and not self.line[-1].is_checkmate():
            yield "no mate"
        if len(found.moves) > 1 and (len(found.moves) != 2 * found.mate - 1 or not self.line[-1].is_checkmate()):
            yield "the line does not mate in time"
        if found.motif:
            yield from self._back_rank()

    def _back_rank(self) -> Iterator[str]:
        last = self.line[-1]
        king = last.king(last.turn)
        mating = chess.Move.from_uci(self.found.moves[-1]).to_square
        if self.found.motif != "backRankMate" or king is None or not last.is_checkmate():
            yield "no back-rank mate"
            return
        rank, forward = (0, 1) if last.turn else (7, -1)
        ahead = [
            chess.square(file, rank + forward)
            for file in range(chess.square_file(king) - 1, chess.square_file(king) + 2)
            if 0 <= file <= 7
        ]
        if chess.square_rank(king) != rank or chess.square_rank(mating) != rank:
            yield "king and mating piece are not on the first rank"
        if str(last.piece_at(mating)).lower() not in "rq":
            yield "neither rook nor queen mates"
        if any(last.color_at(square) != last.turn for square in ahead):
            yield "the king is not shut in"

    def _material(self) -> Iterator[str]:
        found, first = self.found, self.found.start
        winner = self.boards[first].turn
        if found.since not in (found.ply, found.ply - 1):
            yield f"material counted from position {found.since}"
        elif found.since == found.ply - 1:
            yield from self._takes_back()
        end = self.line[-1]
        base = _count(self.boards[found.since], winner)
        if found.kind in DIFFERENCES:
            own = sum(WORTH[piece] * number for piece, number in _count(end, winner).items())
            own -= sum(WORTH[piece] * number for piece, number in base.items())
            if (own > 0) != (found.kind == "won less") or not own:
                yield f"the best line wins {own}"
            other = self.boards[found.ply]
            if not found.other or found.other[0] != self.game.plies[found.ply].uci:
                yield "the other line does not begin with the move"
            for uci in found.other:
                if chess.Move.from_uci(uci) not in other.legal_moves:
                    yield f"{uci} is illegal in the other line"
                    return
                other = pushed(other, uci)
            base = _count(other, winner)
            yield from (f"other line: {problem}" for problem in unrest(other, not winner))
        yield from unrest(end, winner)
        won = Counter(_count(end, winner))
        won.subtract(base)
        if found.kind in ("allowed promotion", "missed promotion"):
            letter = _promoted(self.boards[first], found.moves, winner)
            if letter is None:
                yield "no pawn promotes and stays"
                return
            won.subtract([letter])
            won.update("p")
            total = sum(WORTH[piece] * number for piece, number in won.items()) + WORTH[letter] - 1
        else:
            total = sum(WORTH[piece] * number for piece, number in won.items())
        if {piece: number for piece, number in won.items() if number} != dict(found.material):
            yield f"it wins {dict(won)}, not {dict(found.material)}"
        if total < 1:
            yield "nothing is won"

    def _takes_back(self) -> Iterator[str]:
        """Material is counted from before a capture only where the mover takes back."""
        found = self.found
        before = self.boards[found.ply - 1]
        capture = chess.Move.from_uci(self.game.plies[found.ply - 1].uci)
        square = chess.square_name(capture.to_square)
        own = [self.game.plies[found.ply].uci]
        own += [uci for k in (found.ply, found.ply + 1) for uci in self._variation(k)[k - found.ply :: 2]]
        if not before.is_capture(capture) or square not in [uci[2:4] for uci in own]:
            yield "nothing is taken back"

    def _variation(self, position: int) -> Sequence[str]:
        evaluation = self.game.positions[position].evaluation
        pv = () if evaluation is None else evaluation.pv
        return pv if position == self.found.ply else [*pv, *(ply.uci for ply in self.game.plies[position:])]

    def _taken(self) -> Iterator[str]:
        """The first move of the line takes that man, and alone wins something by exchanges on its square."""
        found, board = self.found, self.line[0]
        square = chess.parse_square(found.square)
        piece = board.piece_at(square)
        move = chess.Move.from_uci(found.moves[0])
        if piece is None or piece.symbol().lower() != found.piece or piece.color == board.turn:
            yield f"no {found.piece} on {found.square}"
        elif move.to_square != square:
            yield "the line takes something else"
        elif value_of(board, move) <= 0:
            yield "the exchange wins nothing"
        if [letter for letter, number in found.material.items() if number > 0] != [found.piece]:
            yield "more or other things are won"
        if found.how:
            yield from self._how(square, move)

    def _how(self, square: chess.Square, move: chess.Move) -> Iterator[str]:
        before = self.boards[self.found.ply].copy(stack=False)
        played = chess.Move.from_uci(self.game.plies[self.found.ply].uci)
        guards = played.from_square in before.attackers(before.turn, square)
        if before.is_check() or played.to_square == square:
            yield "it cannot have hung before"
            return
        before.push(chess.Move.null())
        hung = move in before.legal_moves and value_of(before, move) > 0
        if self.found.how == "left" and not hung:
            yield "it did not hang before"
        if self.found.how == "unguarded":
            after = self.boards[self.found.ply + 1]
            guards_still = played.to_square in after.attackers(not after.turn, square)
            if hung or not guards or guards_still:
                yield "the protection is not what the move took away"

    def _threat(self) -> Iterator[str]:
        """The first move of the line makes the threat, and the game could have gone on without it."""
        found, before, after = self.found, self.line[0], self.line[1]
        square, move = chess.parse_square(found.square), chess.Move.from_uci(found.moves[0])
        if before.is_capture(move) or str(after.piece_at(square)).lower() != found.piece:
            yield "no quiet move, or another man there"
        if any(value_of(after, each) > 0 for each in after.legal_moves if each.to_square == move.to_square):
            yield "the man that threatens can be taken"
        if not threatens(after, square):
            yield "no threat"
        if any(punishes(before, each, square) for each in before.legal_moves):
            yield "the threat was there before"
        if found.kind == "missed threat":
            if threatens(self.boards[found.ply + 1], square):
                yield "the move that was played threatens the same"
            return
        best = self.game.positions[found.ply].evaluation
        assert best is not None
        prevented = pushed(self.boards[found.ply], best.pv[0])
        if move in prevented.legal_moves:
            then = pushed(prevented, found.moves[0])
            is_safe = all(
                value_of(then, each) <= 0 for each in then.legal_moves if each.to_square == move.to_square
            )
            if is_safe and threatens(then, square):
                yield "the best move allows the same threat"

    def _special(self) -> Iterator[str]:
        found = self.found
        if found.kind == "stalemate" and not self.boards[found.ply + 1].is_stalemate():
            yield "no stalemate"
        if found.kind == "allowed draw":
            evaluation = self.game.positions[found.ply + 1].evaluation
            if evaluation is None or evaluation.score.cp != 0:
                yield "not evaluated as a draw"
            earlier = [_position(board) for board in (*self.boards[: found.ply + 2], *self.line[1:-1])]
            if _position(self.line[-1]) not in earlier:
                yield "no position is repeated"
        if found.kind == "left the book":
            from engine.positions.openings import is_book, name_of

            if not is_book(self.line[1]) or is_book(self.boards[found.ply + 1]):
                yield "not what the book has"
            if found.opening and (name_of(self.line[1]) or ("", ""))[1] != found.opening:
                yield "another opening"

    def _clock(self) -> Iterator[str]:
        seconds = self.found.seconds
        if self.found.kind == "short of time" and seconds is None:
            yield "no clock"
        if seconds is not None:
            clock = self.game.plies[self.found.ply - 2].clock if self.found.ply >= 2 else None
            if clock is None or not seconds <= clock < seconds + 1 or seconds >= 10:
                yield f"the clock showed {clock}"

    def _said(self) -> Iterator[str]:
        """The sentence says what the fields say."""
        found, text = self.found, self.found.sentence
        if not text.endswith(".") or text.count("\n") or (not text[0].isupper() and not text[0].isdigit()):
            yield f"no sentence: {text!r}"
        named = [match["san"] for match in _MOVE.finditer(text)]
        moves = [0, *([found.motif_ply] if found.motif_ply else [])] if found.moves else []
        numbered = []
        for k in moves:
            board, move = self.line[k], chess.Move.from_uci(found.moves[k])
            numbered.append(board.san(move))
            if f"{board.fullmove_number}{'.' if board.turn else '...'} {board.san(move)}" not in text:
                yield f"the move {board.san(move)} is not in {text!r}"
        if named != numbered:
            yield f"{text!r} names {named}, not {numbered}"
        if found.mate is not None and found.mate > 1 and f"mate in {found.mate}" not in text:
            yield f"mate in {found.mate}: {text!r}"
        if found.piece == "k" and "threatens mate" not in text:
            yield f"a threat to mate: {text!r}"
        if found.square and found.piece != "k" and f"the {_name(found.piece)} on {found.square}" not in text:
            yield f"{found.piece} on {found.square}: {text!r}"
        if found.kind in MATERIAL_KINDS:
            said = _read_material(text, found)
            if said != _merged(found.material):
                yield f"{text!r} says {said}, not {_merged(found.material)}"
        said = re.search(r"(\d+|less than a) seconds?\b", text)
        if (None if said is None else int(said[1]) if said[1].isdigit() else 0) != found.seconds:
            yield f"{found.seconds} seconds: {text!r}"


def _count(board: chess.Board, color: chess.Color) -> dict[str, int]:
    """Return the men of a colour less those of the other, by letter."""
    letters = Counter(board.board_fen())
    sign = 1 if color else -1
    return {letter: sign * (letters[letter.upper()] - letters[letter]) for letter in "pnbrq"}


def _promoted(board: chess.Board, moves: Sequence[str], winner: chess.Color) -> str | None:
    """Return the letter of the one promoted man of the winner that is on the board after the moves."""
    standing: dict[str, str] = {}
    for k, uci in enumerate(moves):
        own = (k % 2 == 0) == (board.turn == winner)
        letter = standing.pop(uci[:2], "") or (uci[4:] if own else "")
        standing.pop(uci[2:4], None)
        if letter:
            standing[uci[2:4]] = letter
    return next(iter(standing.values())) if len(standing) == 1 else None


def _position(board: chess.Board) -> str:
    return " ".join(board.fen(en_passant="legal").split()[:4])


def _name(letter: str) -> str:
    return next(name for name, short in NAMES.items() if short == letter)


def _merged(material: dict[str, int] | object) -> dict[str, int]:
    """Return material with bishops and knights as one kind, since `the exchange` does not say which it is."""
    numbers = dict(material)  # type: ignore[call-overload]
    minor = numbers.pop("n", 0) + numbers.pop("b", 0)
    return {letter: number for letter, number in {**numbers, "m": minor}.items() if number}


def _read_material(text: str, found: Explanation) -> dict[str, int]:
    """Return the material that a sentence speaks of, bishops and knights as one kind."""
    text = re.sub(r" \([^()]* seconds? left\)", "", text)
    numbers: Counter[str] = Counter()
    if " it" in text and found.square:
        numbers[found.piece] += 1
        rest = text.rpartition(" wins it")[2]
    else:
        rest = re.split(r"wins |regains |promotes|loses ", text, maxsplit=1)[-1].split(" after ")[0]
    won, _, given = f" {rest} ".partition(" for ")
    for part, sign in ((won, 1), (given, -1)):
        for count, name in re.findall(
            r"\b(an?|two|three|four|five|six|seven|eight) (pawn|knight|bishop|rook|queen)", part
        ):
            numbers[NAMES[name]] += sign * COUNTS[count]
        if "the exchange" in part:
            times = 2 if "the exchange twice" in part else 1
            numbers["r"] += sign * times
            numbers["n"] -= sign * times
    return _merged(numbers)
