"""Names of outputs with `{player}` in them, and of the indexes beside those files, checked before a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct, structs

from engine.contracts.options import Options
from engine.errors import ConfigError
from engine.output.files import Targets
from engine.output.folder import is_folder
from engine.output.names import INDEX, PLAYER
from engine.output.target import real_path
from engine.run.player_names import PlayerInput, check_player_files

_PROBE = "player"


class CheckTargets(Protocol):
    """`check_outputs` for one run."""

    def __call__(
        self,
        names: Sequence[str],
        /,
        *,
        force: bool,
        others: Targets | None = None,
        makes_folder: bool = False,
    ) -> Targets:
        """Check names, as `check_outputs` does."""
        ...


def by_player(outputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of the run's own outputs, and those with `{player}` in them.

    Raises ConfigError for `{player}` in the name of a folder.
    """
    for name in outputs:
        if PLAYER in str(Path(name).parent) or (PLAYER in name and is_folder(name)):
            raise ConfigError(f"output {name}: {PLAYER} stands in the name of a file, not of a folder")
    return [name for name in outputs if PLAYER not in name], [name for name in outputs if PLAYER in name]


class PlayerIndex(Struct, frozen=True):
    """An index of the players' files of one template."""

    template: int
    """Index of the template."""
    targets: Targets
    """Its file, as the only one."""


class PlayerTemplates(Struct, frozen=True):
    """Names of outputs with `{player}` in them, checked as far as they can be without the players."""

    names: tuple[str, ...]
    targets: Targets
    """The writers they mean; nothing is written to these."""
    check: CheckTargets
    force: bool
    """Whether existing files are overwritten."""
    indexes: tuple[PlayerIndex, ...]

    @classmethod
    def of(  # noqa: PLR0913 - what a run knows of its outputs
        cls,
        names: Sequence[str],
        check: CheckTargets,
        found_in: PlayerInput,
        others: Targets,
        *,
        options: Mapping[str, Options],
        force: bool,
    ) -> PlayerTemplates:
        """Check the names, and the files of the players in the input where that can be read twice.

        * **found_in** - the input.
        * **others** - the outputs of the whole run.
        * **options** - the options of writers by their names.

        Raises ConfigError, OutputError.
        """
        targets = check([name.replace(PLAYER, _PROBE) for name in names], force=True, makes_folder=True)
        indexes = tuple(_indexes(names, targets, check, others, options=options, force=force))
        templates = cls(tuple(names), targets, partial(check, others=others), force, indexes)
        taken = [real_path(source.name) for source in found_in.sources]
        taken += [target.path for target in others.targets if target.path is not None]

        def in_the_way(template: str) -> list[Path]:
            folder = real_path(template).parent
            return taken if force or not os.access(folder, os.R_OK) else [*taken, *folder.iterdir()]

        check_player_files(names, found_in, partial(templates.check, force=force), in_the_way=in_the_way)
        return templates


def _indexes(  # noqa: PLR0913 - what a run knows of its outputs
    names: Sequence[str],
    targets: Targets,
    check: CheckTargets,
    others: Targets,
    *,
    options: Mapping[str, Options],
    force: bool,
) -> Iterator[PlayerIndex]:
    """Yield the indexes of the players' files, at most one of a name, and none that is an output anyway."""
    taken = {target.path for target in others.targets}
    for k, (name, target) in enumerate(zip(names, targets.targets, strict=True)):
        own = options.get(target.plugin)
        writer = target.writer.index(target.writer.Options() if own is None else own)
        index = str(Path(name).with_name(INDEX + target.ending))
        path = real_path(index)
        if writer is None or path in taken:
            continue
        taken.add(path)
        try:
            found = check([index], force=force, makes_folder=True)
        except ConfigError as error:
            if force or not os.path.lexists(path):
                raise
            raise ConfigError(
                f"{index}, the index of the players' files, exists; overwrite it with --force, "
                f"or leave it out with --set {target.plugin}.index=false"
            ) from error
        yield PlayerIndex(k, Targets([structs.replace(found.targets[0], writer=writer)], force=force))
