"""From sources to numbered games: filtered, sampled, parsed.

    read_games: sources -> ParsedGame | SkippedGame | PassedOver | BrokenSource | NoGameYet, in input order

Every game has a number, counted over all inputs from 1, whether it is analysed, skipped, filtered or a copy. So a
number means the same game whatever is selected. What can be decided on the raw bytes is decided before a game is
parsed. Only a counted sample keeps games in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, structs

from engine.errors import AnalysisError
from engine.input.checks import checked_game
from engine.input.duplicates import Duplicates
from engine.input.filters import Filter, PlayerFilter
from engine.input.sampling import chance, parse_sample
from engine.input.seen_names import SeenNames
from engine.input.seen_tags import SeenTags
from engine.input.shards import InputDigest, Shard, parse_shard
from engine.input.sources import BrokenSource, NoGameYet, Refused, Source
from engine.model import EvaluatorInfo, Origin, SkippedGame, SourceGame, tag_result, with_result
from engine.plugin import RawGame, Reader, Unreadable

_ELSEWHERE_GAMES = 500
"""Games of other shards that are counted at once, at most."""


class UnparsedGame(Struct, frozen=True):
    """A game that has passed the filters and is not parsed yet."""

    origin: Origin
    """Number of the game, its file and line."""
    raw: RawGame
    """Bytes of the game."""
    reader: str
    """Name of the reader that parses it."""


class ParsedGame(Struct, frozen=True):
    """A game to analyse."""

    origin: Origin
    """Number of the game, its file and line."""
    game: SourceGame
    """The game itself."""


class FilteredGame(Struct, frozen=True):
    """A game that `--filter`, `--player` or `--sample` left out, or several of them."""

    origin: Origin
    """Number of the game, its file and line; of several those of the last."""
    games: int = 1
    """How many they are."""


class DuplicateGame(Struct, frozen=True):
    """A copy of a game that came before it and passed the filters too."""

    origin: Origin
    """Number of the copy, its file and line."""
    first: int
    """Number of the game that it is a copy of."""
    first_file: str
    """File of that game."""


class Elsewhere(Struct, frozen=True):
    """Games of other shards (`--shard`)."""

    games: int
    """How many."""


PassedOver = FilteredGame | DuplicateGame | Elsewhere
"""Games that are only counted."""

InputItem = ParsedGame | SkippedGame | PassedOver | BrokenSource | NoGameYet

_SelectedItem = UnparsedGame | PassedOver | BrokenSource | NoGameYet


class Selection(Struct, frozen=True):
    """The games to take. Raises ConfigError for a sample that is not understood."""

    filter: Filter | None = None
    """Expression over the tags; None: every game passes."""
    players: PlayerFilter | None = None
    """Player whose games pass; None: every game passes."""
    limit: int | None = None
    """Number of games after which reading stops: games that pass everything else, unreadable ones included."""
    sample: str | None = None
    """`5%`: each game with that probability; `200`: that many games, all read before the first is passed on."""
    seed: int = 0
    """Seed of the sample: the same seed takes the same games."""
    seen: SeenNames | None = None
    """Keeps the names in games of others, to say which are near when nobody is found."""
    seen_tags: SeenTags | None = None
    """Keeps the tags in games, to say which are near when a filter compares one that no game has."""
    keep_duplicates: bool = False
    """Whether copies of games that came before are taken too."""
    shard: str | None = None
    """`3/16`: the share of the games to take of those that pass everything else, by their numbers; None: all."""
    digest: InputDigest | None = None
    """Tells the input from others, whatever is taken of it."""
    games: frozenset[int] | None = None
    """Numbers of the games to take of those that pass everything else; reading stops after the last. None: all."""

    def __post_init__(self) -> None:
        parse_sample(self.sample)
        if self.shard is not None:
            parse_shard(self.shard)


def read_games(
    sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection
) -> Iterator[InputItem]:
    """Yield the games of all sources in input order, parsed; see `select_games`.

    * **sources** - the sources; each is closed after its last game.
    * **readers** - the available readers by name.
    * **selection** - the games to take.
    """
    return parse_games(select_games(sources, readers, selection), readers)


def parse_games(items: Iterable[_SelectedItem], readers: Mapping[str, Reader]) -> Iterator[InputItem]:
    """Yield what `select_games` has selected, parsed.

    * **items** - the games, and reports of what is none.
    * **readers** - the available readers by name.
    """
    for item in items:
        yield parse_game(item, readers) if isinstance(item, UnparsedGame) else item


def select_games(
    sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection
) -> Iterator[_SelectedItem]:
    """Yield the games of all sources in input order, not parsed yet.

    With a counted sample the games left out come first, as they are passed over, then the sample in input order.
    A limit stops the reading, so nothing after the last game it takes is seen, counted or opened.

    * **sources** - the sources; each is closed after its last game.
    * **readers** - the available readers by name.
    * **selection** - the games to take.
    """
    items = _select(sources, readers, selection)
    if selection.shard is not None:
        items = _of_shard(items, parse_shard(selection.shard))
    return items if selection.games is None else only_games(items, selection.games)


def _of_shard(items: Iterator[_SelectedItem], shard: Shard) -> Iterator[_SelectedItem]:
    """Yield the games of a shard, all reports of sources, and now and then how many games are of other shards.

    What a run takes is decided for all games before, so the shards of a run are together what it takes.
    """
    elsewhere = 0
    for item in items:
        game = item.origin.game if isinstance(item, UnparsedGame | FilteredGame | DuplicateGame) else None
        is_other = game is not None and game not in shard
        elsewhere += is_other
        if elsewhere and (game is None or elsewhere == _ELSEWHERE_GAMES):
            yield Elsewhere(elsewhere)
            elsewhere = 0
        if not is_other:
            yield item
    if elsewhere:
        yield Elsewhere(elsewhere)


def only_games(items: Iterator[_SelectedItem], numbers: frozenset[int]) -> Iterator[_SelectedItem]:
    """Yield the games with these numbers, and reports of the others, up to the last of them."""
    left = set(numbers)
    for item in items:
        if not isinstance(item, UnparsedGame):
            yield item
        elif item.origin.game not in left:
            yield FilteredGame(item.origin)
        else:
            yield item
            left.remove(item.origin.game)
            if not left:
                return


def _select(
    sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection
) -> Iterator[_SelectedItem]:
    """Yield what a filter, a sample and a limit take."""
    sample = parse_sample(selection.sample)
    items = _filter_games(sources, readers, selection)
    if sample.fraction is not None:
        items = _sample_fraction(items, sample.fraction, selection.seed)
    if sample.count is not None:
        items = _sample_count(items, sample.count, selection.seed)
    left = selection.limit
    if left is not None and left <= 0:
        return
    for item in items:
        yield item
        if left is not None and isinstance(item, UnparsedGame):
            left -= 1
            if left == 0:
                return


def _filter_games(
    sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection
) -> Iterator[_SelectedItem]:
    number = 0
    see = _ignore if selection.digest is None else selection.digest.see
    duplicates = None if selection.keep_duplicates else Duplicates()
    names = {id(reader): name for name, reader in readers.items()}
    for source in sources:
        if source.refused is not None:
            source.close()
            yield BrokenSource(source.name, None, source.refused)
            continue
        source.wanted = _by_tags(selection)
        source.may_count = selection.digest is None and selection.shard is None
        try:
            for item in source.games(readers):
                if not isinstance(item, tuple):
                    number, report = _reported(item, number, selection)
                    yield report
                    continue
                file, reader, raw = item
                number += 1
                see(raw.data)
                origin = Origin(number, file, raw.line)
                wanted = _passes(reader, raw, selection)
                if isinstance(wanted, str):
                    yield BrokenSource(file, raw.line, f"game {number} is left out: {wanted}")
                if wanted is not True:
                    yield FilteredGame(origin)
                elif duplicates and (first := duplicates.first(number, file, reader, raw)) is not None:
                    yield DuplicateGame(origin, first, duplicates.file_of(first))
                else:
                    yield UnparsedGame(origin, raw, names[id(reader)])
        except AnalysisError:
            raise
        except Exception as error:
            yield BrokenSource(source.name, None, f"cannot be read any further: {_cause(error)}")
        finally:
            source.close()


def _cause(error: Exception) -> str | None:
    return error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def _ignore(data: bytes) -> None:
    """Do nothing with the bytes of a game."""


def _by_tags(selection: Selection) -> Callable[[Mapping[str, str]], bool] | None:
    """Return what tells from the tags that a game is left out; None where nothing is, or they may not tell it."""
    chosen, players = selection.filter, selection.players
    if (chosen is None and players is None) or (chosen is not None and chosen.asks_moves):
        return None

    def wanted(headers: Mapping[str, str]) -> bool:
        if players is not None and not players(headers):
            return False
        if chosen is None:
            return True
        if chosen.asks_result:
            result = tag_result(headers)
            if result == "*":
                return True  # the end of the moves may have it
            headers = with_result(headers, result)
        return chosen.matches(headers, b"")

    return wanted


def _passes(reader: Reader, raw: RawGame, selection: Selection) -> bool | str:
    """Return whether a game is wanted; the reason, in words, where its reader cannot tell its tags."""
    if selection.filter is None and selection.players is None:
        return True
    try:
        headers = reader.headers(raw)
        if selection.filter is not None and selection.filter.asks_result:
            headers = with_result(headers, reader.result(raw))
    except Exception as error:  # a reader is a plugin
        return f"headers() of its reader raised {type(error).__name__}: {error}"
    if not isinstance(headers, Mapping):
        return f"headers() of its reader returned {type(headers).__name__} in place of the tags"
    if not _look_at(headers, selection):
        return False
    return selection.filter is None or bool(selection.filter.matches(headers, raw.data))


def _reported(
    item: Refused | BrokenSource | NoGameYet, number: int, selection: Selection
) -> tuple[int, FilteredGame | BrokenSource | NoGameYet]:
    """Return the number of the last game after what is no game to take, and what is said of it."""
    if not isinstance(item, Refused):
        return number, item
    for headers in item.games.tags:
        _look_at(headers, selection)
    games = len(item.games.tags)
    return number + games, FilteredGame(Origin(number + games, item.file, item.games.line), games)


def _look_at(headers: Mapping[str, str], selection: Selection) -> bool:
    """Keep what is kept of the tags of all games; return whether a game has the player, if there is one."""
    if selection.seen_tags is not None:
        selection.seen_tags.see(headers)
    if selection.players is None:
        return True
    is_wanted = bool(selection.players(headers))
    if selection.seen is not None:
        selection.seen.found |= is_wanted
        selection.seen.see(headers)
    return is_wanted


def _sample_fraction(items: Iterator[_SelectedItem], fraction: float, seed: int) -> Iterator[_SelectedItem]:
    for item in items:
        if isinstance(item, UnparsedGame) and chance(seed, item.origin.game) >= fraction:
            yield FilteredGame(item.origin)
        else:
            yield item


def _sample_count(items: Iterator[_SelectedItem], count: int, seed: int) -> Iterator[_SelectedItem]:
    """Yield the `count` games with the lowest chances: a uniform sample in one pass, independent of the order."""
    heap: list[tuple[float, int, UnparsedGame]] = []
    for item in items:
        if not isinstance(item, UnparsedGame):
            yield item
            continue
        entry = (-chance(seed, item.origin.game), item.origin.game, item)
        if len(heap) < count:
            heapq.heappush(heap, entry)
        else:
            yield FilteredGame(heapq.heappushpop(heap, entry)[2].origin)
    yield from (game for _, _, game in sorted(heap, key=lambda entry: entry[1]))


def parse_game(unparsed: UnparsedGame, readers: Mapping[str, Reader]) -> ParsedGame | SkippedGame:
    """Decode, parse and replay one game; a game that cannot be read is returned as a `SkippedGame`.

    * **unparsed** - the raw game.
    * **readers** - the available readers by name.
    """
    origin, raw = unparsed.origin, unparsed.raw
    reader = readers[unparsed.reader]
    parsed: SourceGame | Unreadable
    try:
        parsed = reader.parse(raw)
    except Exception as error:  # a reader is a plugin
        reason = f"the reader raised {type(error).__name__}: {error}"
        return SkippedGame(origin, "damaged", reason, raw.data.decode("utf-8", "replace"))
    try:
        if not reader.plays_moves or not isinstance(parsed, SourceGame | Unreadable):
            parsed = checked_game(parsed)
    except Exception as error:  # python-chess raises many errors for boards that are not possible positions
        reason = f"reader {unparsed.reader} is wrong: {error}"
        return SkippedGame(origin, "damaged", reason, raw.data.decode("utf-8", "replace"))
    if isinstance(parsed, Unreadable):
        at_line = f" (line {parsed.line})" if parsed.line is not None else ""
        return SkippedGame(origin, parsed.kind, parsed.reason + at_line, parsed.text)
    return ParsedGame(origin, structs.replace(parsed, notes=raw.notes + parsed.notes) if raw.notes else parsed)


def skip_unplayable(item: ParsedGame | SkippedGame, evaluator: EvaluatorInfo) -> ParsedGame | SkippedGame:
    """Return the game, as a `SkippedGame` when it is of a variant that the evaluator does not play.

    * **item** - a game that was read.
    * **evaluator** - the evaluator, with the variants it plays.
    """
    if isinstance(item, SkippedGame) or item.game.variant in evaluator.variants:
        return item
    reason = f"{evaluator.name} does not play {item.game.variant}"
    return SkippedGame(item.origin, "variant", reason, item.game.text)
