"""Stands for the Stockfish of the clients of `--executor fishnet`; nothing is searched here.

All clients must have the Stockfish that `fishnet.stockfish` names and the hash table of `--hash`, because the
fingerprint of the run is made of these.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from msgspec import Meta

from engine.errors import ConfigError, EvaluatorError
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator, EvaluatorOptions

_PROTOCOL = "fishnet 1"
"""Part of the fingerprint: another way of handing out searches would make other evaluations."""


class FishnetOptions(EvaluatorOptions, frozen=True):
    """Options of `fishnet`."""

    stockfish: Annotated[
        str,
        Meta(
            max_length=200, description="Stockfish that clients must have, as it names itself: `Stockfish 15.1`."
        ),
    ] = ""


class Fishnet(Evaluator):
    """The Stockfish of clients of `--executor fishnet`."""

    Options = FishnetOptions

    def start(self) -> EvaluatorInfo:
        name = " ".join(self.options.stockfish.split())
        if not name:
            example = "--set fishnet.stockfish='Stockfish 15.1'"
            raise ConfigError(f"fishnet needs the name of the Stockfish that all clients have: {example}")
        if self.options.uci:
            raise ConfigError("clients of fishnet take no UCI options; leave --uci out")
        parts = (_PROTOCOL, name, f"hash {self.options.hash}")
        return EvaluatorInfo(
            name=f"{name}, fishnet",
            version=name.removeprefix("Stockfish").strip(),
            fingerprint=hashlib.sha256("\0".join(parts).encode()).hexdigest(),
            why="what the clients of fishnet have",
        )

    def clear(self) -> None:
        """Do nothing: there is nothing to forget."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        raise EvaluatorError("fishnet searches with its clients only: --executor fishnet")

    def close(self) -> None:
        """Do nothing: nothing was started."""
