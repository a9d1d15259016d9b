"""One game as the data that the page's script reads when the game is opened.

It is a JSON object, as short as possible; a missing key means that the value is not known or not needed:

| key | meaning |
| --- | --- |
| `n` | the game's number |
| `t` | tags: `[[name, value], ...]` in file order |
| `f` | FEN of the initial position, if it is not the standard one |
| `c9` | true for Chess960 |
| `m`, `s` | the moves in UCI and in SAN, with spaces between; a null move is `0000` and `--` |
| `e` | White's evaluation of positions 0 to N: centipawns, `"#3"`, `"#"` for checkmate, null |
| `w` | White's Win% of positions 0 to N in tenths, null |
| `b`, `bs` | best moves of positions 0 to N in UCI and SAN; `-` means unknown, `=` the move played |
| `j` | judged moves by ply: 1 inaccuracy, 2 mistake, 3 blunder |
| `l` | lines by ply: `[[White's evaluation, moves in UCI, moves in SAN], ...]`, the best first |
| `rm` | what aggregators remark on moves, by ply: `[[text, NAGs, arrows, aggregator], ...]` |
| `k`, `d` | seconds left after each move, and spent on it |
| `p` | where middlegame and endgame begin |
| `o` | the opening: ECO, name |
| `x`, `r` | FEN fields by position, where they change: en passant square, castling rights |
| `a` | accuracy, ACPL, inaccuracies, mistakes, blunders of White and of Black |
| `v` | `"b"`: shown from Black's side |
| `epd`, `bm` | name and best moves of an EPD line |
| `problem` | why the game in the file is damaged |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import chess

from engine.model import AnalysedGame, AnalysedPosition, Score, Side, with_result
from engine.output.white import views
from engine.scoring import win_percent
from engine.web.pages.lines import lines_of, remarks_of

_JUDGED = {"inaccuracy": 1, "mistake": 2, "blunder": 3}


def record(game: AnalysedGame) -> dict[str, Any]:
    """Return the data of one game; scores and Win% are White's."""
    data: dict[str, Any] = {"n": game.origin.game, "t": list(with_result(game.headers, game.result).items())}
    if game.fen != chess.STARTING_FEN:
        data["f"] = game.fen
    if game.variant == "chess960":
        data["c9"] = True
    data["m"] = " ".join(ply.uci for ply in game.plies)
    data["s"] = " ".join(ply.san for ply in game.plies)
    scores = [_scores(game, position, negate) for position, negate in views(game)]
    if any(score is not None for score, _ in scores):
        data["e"], data["w"] = (list(column) for column in zip(*scores, strict=True))
    judged = {str(k): _JUDGED[ply.judgement] for k, ply in enumerate(game.plies) if ply.judgement}
    if judged:
        data["j"] = judged
    data |= _from_boards(game)
    data |= {key: value for key, value in (("l", lines_of(game)), ("rm", remarks_of(game))) if value}
    data |= _times("k", [ply.clock for ply in game.plies]) | _times("d", [ply.time for ply in game.plies])
    if game.phases is not None:
        data["p"] = [game.phases.middlegame, game.phases.endgame]
    if game.opening is not None:
        data["o"] = [game.opening.eco, game.opening.name]
    data["a"] = [_side(game.white), _side(game.black)]
    if game.view == ("black",):
        data["v"] = "b"
    if game.epd is not None:
        data["epd"] = game.epd.id or ""
        data["bm"] = _sans(game.board(0), game.epd.bm)
    if game.problem is not None:
        data["problem"] = game.problem
    return data


def _scores(game: AnalysedGame, position: AnalysedPosition, negate: bool) -> tuple[int | str | None, int | None]:
    """Return White's evaluation and White's Win% in tenths."""
    if position.terminal == "checkmate":
        return "#", 1000 if negate else 0
    if position.terminal == "stalemate":
        return 0, 500
    if position.evaluation is None:
        return None, None
    own = position.evaluation.score
    score: Score = -own if negate else own
    percent = win_percent(score, 1.0 if position.recorded else game.scale)
    return f"#{score.mate}" if score.mate is not None else score.cp, round(10 * percent)


def _from_boards(game: AnalysedGame) -> dict[str, Any]:
    """Return what needs boards: best moves in SAN, and FEN fields for which a script must generate moves."""
    ucis, sans, passant, rights = [], [], {}, []
    castling = None
    for k, board in enumerate(game.boards()):
        evaluation = game.positions[k].evaluation
        best = evaluation.best if evaluation is not None else None
        played = game.plies[k].uci if k < len(game.plies) else None
        if evaluation is None or best is None:
            ucis.append("-")
            sans.append("-")
        elif best == played:
            ucis.append("=")
            sans.append("=")
        else:
            ucis.append(best)
            sans.append(board.san(board.parse_uci(best)))
        if board.has_legal_en_passant() and board.ep_square is not None:
            passant[str(k)] = chess.square_name(board.ep_square)
        current = board.castling_xfen()
        if current != castling:
            castling = current
            rights.append([k, current])
    known = any(uci != "-" for uci in ucis)
    data: dict[str, Any] = {"b": " ".join(ucis), "bs": " ".join(sans)} if known else {}
    return data | ({"x": passant} if passant else {}) | {"r": rights}


def _sans(board: chess.Board, moves: Sequence[str]) -> str:
    return " ".join(board.san(board.parse_uci(uci)) for uci in moves)


def _times(key: str, values: list[float | None]) -> dict[str, Any]:
    if all(value is None for value in values):
        return {}
    return {key: [None if value is None else _short(round(value, 1)) for value in values]}


def _short(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _side(side: Side) -> list[float | int | None]:
    accuracy = None if side.accuracy is None else round(side.accuracy, 1)
    return [accuracy, side.acpl, side.inaccuracies, side.mistakes, side.blunders]
