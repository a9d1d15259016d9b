"""A store without games, until there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct


class Filter(Struct, frozen=True):
    """A filter that keeps what it is given."""

    values: dict[str, str]

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Filter:
        return cls(dict(query))

    def to_query(self) -> str:
        return urlencode(self.values)

    def words(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in self.values.items())


class Summary(Struct):
    games: int = 0


class Store:
    """No games."""

    def summary(self, where: Any) -> Summary:
        return Summary()

    def choices(self, field: str, prefix: str = "", limit: int = 20) -> list[str]:
        return []
