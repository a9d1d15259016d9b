"""A file for each player: `-o 'reports/{player}.html'`.

Each player gets outputs of their own, and aggregators of their own that see their games from their side. Follow-up
searches depend on whose side a game is seen from, so both views ask for theirs; equal ones are searched once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field, structs

from engine.contracts.options import Options
from engine.errors import ConfigError, PluginCrashed
from engine.input.filters import plain_name
from engine.model import AnalysedGame, Color, Evaluation, RunCounts, RunResult
from engine.output.files import Outputs, Targets
from engine.output.names import PLAYER, safe, unused
from engine.plugin import RunInfo
from engine.run.aggregators import Strategies
from engine.run.recount import Tally
from engine.search.planner import FollowUp

__all__ = ["MOST", "Handouts", "by_player", "split_answers"]

MOST = 200
"""Players who get files: each holds one open, and aggregators in memory."""

_UNKNOWN = ("", "?")
_PROBE = "player"
_SEPARATOR = "\n"
"""Between an aggregator's name and the view that it asks from."""

_Asked = Mapping[str, list[FollowUp | None]]
_Answers = Mapping[str, tuple[Evaluation | None, ...]]


def by_player(outputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of outputs: those of the run, and those for each player.

    Raises ConfigError for `{player}` in the name of a folder.
    """
    for name in outputs:
        if PLAYER in str(Path(name).parent):
            raise ConfigError(f"output {name}: {PLAYER} stands in the name of a file, not of a folder")
    return [name for name in outputs if PLAYER not in name], [name for name in outputs if PLAYER in name]


class _Handout(Struct):
    """What one player gets."""

    name: str
    outputs: Outputs
    strategies: Strategies
    tally: Tally
    counts: RunCounts = field(default_factory=RunCounts)


class Handouts:
    """The files of all players of a run."""

    def __init__(
        self,
        templates: Sequence[str],
        *,
        check: Callable[[Sequence[str], bool], Targets],
        aggregators: Callable[[], Strategies],
        writer_options: Mapping[str, Options],
        players: Sequence[str],
        tally: Callable[[], Tally],
    ) -> None:
        """`check` makes targets of names, overwriting what is there when its second argument says so;
        `aggregators` makes a fresh set, `tally` an empty one; `players` are those of `--player`.

        Raises ConfigError or OutputError for what is wrong with the names whoever the players are.
        """
        self._templates = templates
        self._check = check
        self._aggregators = aggregators
        self._writer_options = writer_options
        self._tally = tally
        self._aliases = _aliases(players)
        self._handouts: dict[str, _Handout] = {}
        self._used: set[str] = set()
        self.left_out: set[str] = set()
        """Players beyond `MOST`, who get nothing; at most as many again are kept."""
        self.targets = check([name.replace(PLAYER, _PROBE) for name in templates], True)
        """What the names mean; nothing is written to them."""

    def views(self, game: AnalysedGame) -> Iterator[tuple[str, AnalysedGame]]:
        """Whose game it is, with the game from their side, without answers. A player without a name has none."""
        colors: dict[str, list[Color]] = {}
        for color in game.view:
            name = game.player(color).strip()
            if game.epd is None and name not in _UNKNOWN:
                colors.setdefault(self._aliases.get(plain_name(name), name), []).append(color)
        for name, own in colors.items():
            yield name, structs.replace(game, view=tuple(own), answers={})

    def follow_ups(self, game: AnalysedGame, asked: Callable[[AnalysedGame], _Asked]) -> _Asked:
        """What the aggregators want to be searched for those who see the game otherwise than the run does."""
        return {
            _key(name, seen.view): wanted
            for _, seen in self.views(game)
            if seen.view != game.view
            for name, wanted in asked(seen).items()
        }

    def add(self, game: AnalysedGame, answers: _Answers, info: RunInfo) -> None:
        """Fold and write a game for each of its players. `answers` are those to `follow_ups`; those of the game
        itself are for who sees it as the run does.

        Raises ConfigError or OutputError for a file that cannot be written, PluginCrashed for a writer after all
        files have got the game.
        """
        crash: PluginCrashed | None = None
        for name, seen in self.views(game):
            handout = self._handout(name, info)
            if handout is None:
                continue
            own = structs.replace(
                seen, answers=game.answers if seen.view == game.view else _own(answers, seen.view)
            )
            handout.counts.read += 1
            handout.tally.add(own, handout.counts)
            handout.strategies.add(own)
            try:
                handout.outputs.game(own)
            except PluginCrashed as error:
                crash = error
        if crash is not None:
            raise crash

    def _handout(self, name: str, info: RunInfo) -> _Handout | None:
        key = plain_name(name) or name
        if key in self._handouts:
            return self._handouts[key]
        if len(self._handouts) >= MOST:
            if len(self.left_out) < MOST:
                self.left_out.add(key)
            return None
        file = unused(safe(name), self._used)
        self._used.add(file.casefold())
        targets = self._check([template.replace(PLAYER, file) for template in self._templates], False)
        outputs = targets.open(structs.replace(info, player=name), self._writer_options)
        self._handouts[key] = _Handout(name, outputs, self._aggregators(), self._tally())
        return self._handouts[key]

    def finish(self, result: RunResult) -> None:
        """Write the end of each file, with the player's own figures, and move all into place.

        Raises OutputError, or PluginCrashed after the other files are in place.
        """
        crash: PluginCrashed | None = None
        for handout in self._handouts.values():
            own = structs.replace(
                result,
                reports=handout.strategies.reports(handout.tally.scales),
                wins=handout.tally.wins,
                best=tuple(handout.tally.best),
                counts=handout.counts,
                notices=(),
                failures=(),
            )
            try:
                handout.outputs.finish(own)
            except PluginCrashed as error:
                crash = error
        if crash is not None:
            raise crash

    def names(self) -> list[str]:
        """The files as they are named now."""
        return [name for handout in self._handouts.values() for name in handout.outputs.names()]

    def abandon(self) -> None:
        """As `Outputs.abandon`, for all."""
        for handout in self._handouts.values():
            handout.outputs.abandon()


def split_answers(answers: _Answers) -> tuple[_Answers, _Answers]:
    """Those to the run's own view of a game, and the others."""
    return (
        {name: found for name, found in answers.items() if _SEPARATOR not in name},
        {name: found for name, found in answers.items() if _SEPARATOR in name},
    )


def _key(aggregator: str, view: Sequence[Color]) -> str:
    return f"{aggregator}{_SEPARATOR}{'+'.join(view)}"


def _own(answers: _Answers, view: Sequence[Color]) -> _Answers:
    ending = _key("", view)
    return {name.removesuffix(ending): found for name, found in answers.items() if name.endswith(ending)}


def _aliases(players: Sequence[str]) -> dict[str, str]:
    """The first name of each player by all their names, from `NAME,ALIAS` and the like."""
    found: dict[str, str] = {}
    for text in players:
        parts = [text] if ", " in text or "," not in text else [part.strip() for part in text.split(",")]
        first = next((part for part in parts if plain_name(part)), text)
        for part in (text, *parts):
            found.setdefault(plain_name(part), first)
    return found
