"""What the fake UCI program can be told to do."""

from __future__ import annotations

from typing import TypedDict

Trigger = bool | int | str
"""When: True at each search; a number at that search of a process, 1-based; text where the FEN begins with it;
`@` and a path as long as there is such a file, so that a test can have the fault when it wants it.

`position startpos` with `go nodes 1`, `depth 1` or `movetime 100`, with which a driver may test a program, is not
counted.
"""


class Behaviour(TypedDict, total=False):
    """What a fake can be told to do; well-behaved without any of it."""

    name: str
    """`id name`; also seeds the evaluation. Default `Fake UCI 1.0`."""
    hash_sensitive: bool
    """Whether earlier searches since `ucinewgame` change the score. Default True."""
    chess960: bool
    """Whether it offers UCI_Chess960. Default True."""
    delay: float
    """Seconds that each search takes."""
    options: list[str]
    """Its `option` lines, in place of its own: those of another program."""
    answer: list[str]
    """What it says in each search, `bestmove` too, in place of what it thinks: the words of another program."""
    book: bool
    """Offers `OwnBook`, at first true; as long as that is true, it gives a best move without a score."""
    no_nodes: bool
    """Does not know `go nodes`, and searches until `stop`."""
    log: str
    """A file to which every command received is appended, one a line."""
    times: int
    """How often a fault below happens at most, over all processes started from this executable."""

    # At the start.
    start_delay: float
    """Seconds before the first answer."""
    no_uciok: bool
    """`uci` gets no `uciok`."""
    no_readyok: bool
    """`isready` gets no `readyok`."""
    start_crash: int
    """Exits with this code at once."""
    no_net: bool
    """Ends at the first `go`, the test search too, like a Stockfish without its network file."""

    start_flood: bool
    """Answers `uci` with 40,000 options."""
    session: bool
    """Makes a session of its own, and so leaves the process group that it was started in."""
    daemon: bool | str
    """Leaves a daemon that lives for an hour. With a path, the daemon's environment is empty, and its number is
    appended to that file."""

    # In a search.
    slow: Trigger
    """Takes `slow_seconds`."""
    slow_seconds: float
    """Default 2."""
    crash: Trigger
    """Exits with `exit_code`, saying `last_words` on stderr."""
    exit_code: int
    """Default 1."""
    last_words: str
    kill: Trigger
    """Sends itself `signal`."""
    signal: str
    """Default SIGSEGV."""
    hang: Trigger
    """Never answers, but honours `stop`, `quit` and the end of its input."""
    deaf: Trigger
    """Never answers, reads no more input and honours nothing."""
    eat: Trigger
    """Takes memory until it gets no more, then dies as C++ does of that; at 3 GiB it stops and hangs."""
    share: Trigger
    """Takes 256 MiB of shared memory, and hangs."""
    together: Trigger
    """Takes 256 MiB in four children, and hangs."""
    fork: Trigger
    """Starts a process of its own that lives for an hour, then answers."""
    crash_after: Trigger
    """Exits with `exit_code` after its answer."""
    close_stdout: Trigger
    """Closes its output and stays."""
    cut: Trigger
    """Dies in the middle of a line."""
    illegal_bestmove: Trigger
    """`bestmove` with a move that is not legal."""
    no_bestmove: Trigger
    """`bestmove (none)`."""
    null_bestmove: Trigger
    """`bestmove 0000`."""
    no_score: Trigger
    """`bestmove` without any score before it."""
    absurd_score: Trigger
    """A score of 10^12 centipawns."""
    absurd_depth: Trigger
    """A depth of 30 digits."""
    mate_zero: Trigger
    """`score mate 0` in a position that has legal moves."""
    illegal_pv: Trigger
    """Its variation turns illegal after the second ply."""
    double_bestmove: Trigger
    """Answers twice at once."""
    late_bestmove: Trigger
    """Answers once more after the next `readyok`."""
    garbage: Trigger
    """Control characters, NUL, bad UTF-8 and nonsense between its lines."""
    long_line: Trigger
    """One line of 4 MiB among the others."""
    chatter: Trigger
    """200,000 `info` lines before the answer, 14 MiB: too many to look at, and no fault."""
    flood: Trigger
    """40 MiB of `info` lines before the answer."""
    short_lines: Trigger
    """15 million lines of one letter, 30 MB, before the answer."""

    # At the end.
    ignore_quit: bool
    """`quit`, SIGTERM and the end of its input change nothing."""
    child: bool
    """Starts a process of its own that lives for an hour."""


FAULTS = (
    "slow", "crash", "crash_after", "kill", "hang", "deaf", "eat", "share", "together", "fork", "close_stdout",
    "cut", "illegal_bestmove", "no_bestmove", "null_bestmove", "no_score", "absurd_score", "absurd_depth",
    "mate_zero", "illegal_pv", "double_bestmove", "late_bestmove", "garbage", "long_line", "chatter", "flood",
    "short_lines",
)  # fmt: skip
"""The behaviours that have a trigger."""
OPTIONS = (
    "option name Hash type spin default 16 min 1 max 1024",
    "option name Threads type spin default 1 min 1 max 8",
    "option name MultiPV type spin default 1 min 1 max 500",
    "option name Clear Hash type button",
    "option name Style type combo default Normal var Solid var Normal var Very Risky",
    "option name Ponder type check default false",
    "option name EvalFile type string default <empty>",
)
"""The `option` lines, beside those that depend on the behaviour."""
