"""Tags by lower-case name, for filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any


class Folded(Mapping[str, str]):
    """Tags by lower-case name, which are not read before they are looked at."""

    __slots__ = ("_headers", "_names")

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        alike = getattr(headers, "names_of_alike_games", None)
        self._names = _names(tuple(headers) if alike is None else alike)

    def get(self, name: str, default: Any = None) -> Any:
        written = self._names.get(name)
        return default if written is None else self._headers[written]

    def __getitem__(self, name: str) -> str:
        return self._headers[self._names[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@lru_cache(1024)
def _names(written: tuple[str, ...]) -> Mapping[str, str]:
    """Return names as they are written by lower-case name. The games of a file have few sets of tags."""
    return {name.lower(): name for name in written}
