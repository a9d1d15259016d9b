"""What a store answers."""

from __future__ import annotations

from msgspec import Struct

from engine.model import Color


class Summary(Struct, frozen=True):
    """Figures of the games that a filter selects, of the sides that they are seen from."""

    games: int = 0
    won: int = 0
    """Games won; without player and side, by White. So are the next four."""
    drawn: int = 0
    lost: int = 0
    points: float = 0.0
    score: float | None = None
    """Percent of the points of the finished games; None without one."""
    evaluated: int = 0
    """Games with an evaluation."""
    accuracy: float | None = None
    """Mean of the games' accuracies in percent; of both sides where a game is seen from both. So the rest."""
    acpl: float | None = None
    """Centipawns lost by a move, mean over all moves that count."""
    moves: int = 0
    """Moves that count."""
    sides: int = 0
    """Sides of the games with such moves: one for each, or two where a game is seen from both."""
    inaccuracies: int = 0
    mistakes: int = 0
    blunders: int = 0
    wins: int = 0
    """Winning moves that there were."""
    positions: int = 0
    """Positions with an evaluation."""
    since: str = ""
    """The first date, `2026.05.31`, as far as it is known; empty without one."""
    until: str = ""


class GameRow(Struct, frozen=True):
    """A game in a list."""

    number: int
    white: str
    black: str
    white_elo: int | None
    black_elo: int | None
    result: str
    date: str
    event: str
    time_control: str
    speed: str
    eco: str
    opening: str
    plies: int
    white_accuracy: float | None
    black_accuracy: float | None
    white_acpl: int | None
    black_acpl: int | None
    white_blunders: int | None
    black_blunders: int | None
    white_mistakes: int | None
    black_mistakes: int | None
    white_inaccuracies: int | None
    black_inaccuracies: int | None
    wins: int
    """Winning moves of both sides."""
    view: str
    """Side it is seen from: `white`, `black` or `both`."""
    file: str
    line: int
    title: str
    """What it is called where that is not its players: a chapter, or a position of EPD; empty otherwise."""


class MoveRow(Struct, frozen=True):
    """A move in a list."""

    game: int
    ply: int
    """Index of the position before it, from 0."""
    number: str
    """`14.` or `14...`."""
    mover: Color
    san: str
    uci: str
    best: str
    """Best move in SAN; empty when it is not known, or was played."""
    fen: str
    """Position before the move."""
    phase: str
    cp: int | None
    """White's evaluation before the move."""
    mate: int | None
    win_before: float | None
    """The mover's Win%."""
    win_after: float | None
    win_loss: float | None
    cp_loss: int | None
    accuracy: float | None
    judgement: str
    left: float | None
    """Seconds on the clock before the move."""
    time: float | None
    """Seconds spent."""
    white: str
    black: str
    date: str
    result: str
    variant: str


class TreeMove(Struct, frozen=True):
    """A move from a position of the tree. `Tree.view` says whose score, expectation and Win% are meant."""

    uci: str
    san: str
    fen: str
    """Position after it."""
    games: int
    share: float
    """Percent of the games with the position."""
    white_won: int
    drawn: int
    black_won: int
    score: float | None
    """Percent of the points in finished games."""
    expected: float | None
    """Mean Win% after the move: the points in percent that the evaluation promises."""
    win_after: float | None
    """Mean Win% of the mover after the move."""
    win_loss: float | None
    """Mean Win% that the move lost."""
    white_accuracy: float | None
    """Mean accuracy of White in these games, in percent."""
    black_accuracy: float | None
    opening: str
    """Name of the position after it; empty where it has none of its own."""
    compared: int = 0
    """Finished games in which the position after the move has an evaluation; the next two are about these."""
    surplus: float | None = None
    """Percent of the points beyond what the evaluation promises, the mean; None without a game."""
    error: float | None = None
    """Standard error of `surplus`; None for fewer than two games."""
    last: str = ""
    """Date of the last of the games; empty where none is known."""


class Facts(Struct, frozen=True):
    """What reports say of games beside what aggregators count."""

    unevaluated: int
    """Games without an evaluation."""
    scales: tuple[float, ...]
    """Factors of centipawns in games with evaluations."""
    players: dict[str, int]
    """Games by player's name."""


class Tree(Struct, frozen=True):
    """A position, and what was played in it."""

    fen: str
    games: int
    """Games with the position before a move."""
    ended: int
    """Games whose last position it is."""
    turn: Color
    view: str
    """`player`: score and expectation are those of the filter's player or side; `mover`: of the side to move."""
    opening: str
    moves: tuple[TreeMove, ...]
    """The most frequent first."""


class Leak(Struct, frozen=True):
    """A position of the opening in which the player loses again and again."""

    fen: str
    ply: int
    """Moves before it, the fewest of all games."""
    line: str
    """Moves that led to it in the first of the games, in SAN."""
    opening: str
    games: int
    """Games in which the player had to move in it."""
    loss: float
    """Mean Win% lost by the player's moves."""
    cost: float
    """Win% lost in all: games x loss."""
    score: float | None
    """Percent of the points that the player made in these games."""
    move: str
    """The move that cost the most in all, in SAN."""
    times: int
    """How often it was played."""
    move_loss: float
    """Mean Win% that it lost."""
    better: str
    """The better move by the evaluation, in SAN; empty when it is not known."""
    mover: Color
    example: tuple[int, int]
    """Game and ply of the most expensive case."""
    numbers: tuple[int, ...]
    """Numbers of the games, at most 20."""
