"""The endings of file names: compression, archives, and the readers that they choose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.plugin import Reader
from engine.system.compression import SUFFIXES

_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tbz2", ".txz")


def compression_suffix(name: str) -> str:
    """Return the ending of a compressed file; empty for any other."""
    suffix = Path(name).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def without_compression(name: str) -> str:
    """Return the name without the ending of a compressed file."""
    return name[: len(name) - len(compression_suffix(name))]


def is_archive(name: str) -> bool:
    """Return whether a name is that of an archive of files."""
    return without_compression(name).lower().endswith(_ARCHIVES)


def reader_by_suffix(name: str, readers: Mapping[str, Reader]) -> str | None:
    """Return the name of the reader that claims the ending of a file; None if there is none."""
    bare = without_compression(name).lower()
    return next((key for key, reader in readers.items() if bare.endswith(reader.suffixes)), None)
