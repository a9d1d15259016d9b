"""Run the WebAssembly build of Stockfish inside this process, with wasmtime.

The module was made by Emscripten. It imports 17 functions from a module `a` and exports its own, all with names of
one letter; their meaning is in the JavaScript of the same npm package. It cannot use files, the network or the
environment, since the functions below give no access to them.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import stat
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import wasmtime

_PAGE = 65536
_ENOENT = -44
"""Error number in the numbering of WASI, which Emscripten uses."""

# A search reads the clock about a thousand times, whatever its length: 9 us each through Python, 0.08 us through
# wasmtime's own clock. That clock writes into the memory of the module that calls it, so two modules are needed:
# Stockfish imports the first; the second imports Stockfish's memory and so can only be created after Stockfish.
_CLOCK_GATE = """
(module
  (type $clock (func (param i32 i32) (result i32)))
  (table (export "slot") 1 funcref)
  (func (export "clock") (type $clock)
    (call_indirect (type $clock) (local.get 0) (local.get 1) (i32.const 0))))
"""
_CLOCK = """
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (import "gate" "slot" (table 1 funcref))
  (import "stockfish" "memory" (memory $theirs 1))
  (memory $own (export "memory") 1)
  (func $clock (param $kind i32) (param $timespec i32) (result i32)
    (local $ns i64)
    (drop (call $now (i32.ne (local.get $kind) (i32.const 0)) (i64.const 1) (i32.const 0)))
    (local.set $ns (i64.load $own (i32.const 0)))
    (i64.store32 $theirs (local.get $timespec) (i64.div_u (local.get $ns) (i64.const 1000000000)))
    (i64.store32 $theirs offset=4 (local.get $timespec) (i64.rem_u (local.get $ns) (i64.const 1000000000)))
    (i32.const 0))
  (elem (i32.const 0) $clock))
"""


class Exited(Exception):
    """The program called exit; `lines` is its output during the command."""

    def __init__(self, code: int, lines: list[str]) -> None:
        super().__init__(f"exit code {code}")
        self.code = code
        self.lines = lines


class Trapped(Exception):
    """The runtime stopped the program, because of a fault or because no memory was left."""


class _Leave(Exception):
    """Raised in an imported function to leave the program."""


@functools.cache
def _engine() -> wasmtime.Engine:
    """Return the compiler, one for the whole process."""
    config = wasmtime.Config()
    config.wasm_multi_memory = True
    # These are the only instructions whose results may differ between processors; Stockfish's build has none.
    config.wasm_relaxed_simd = False
    return wasmtime.Engine(config)


@functools.cache
def _clock_modules() -> tuple[wasmtime.Module, wasmtime.Module]:
    return wasmtime.Module(_engine(), _CLOCK_GATE), wasmtime.Module(_engine(), _CLOCK)


class Program:
    """One instance of the module, ready for UCI commands. An exception closes it; create another one then."""

    def __init__(self, module: wasmtime.Module) -> None:
        """Start the program, which takes about 0.07 s. Raises `Exited` and `Trapped`."""
        self._output = bytearray()
        self._exit: int | None = None
        self._store = wasmtime.Store(_engine())
        try:
            self._link(module)
        except wasmtime.WasmtimeError as error:
            self.close()
            raise Trapped(_first_line(error)) from None
        self._run(self._start)

    def command(self, text: str) -> list[str]:
        """Execute one UCI command, a search to its end, and return the lines that it printed.

        Raises `Exited`, `Trapped`, and ValueError for text of more than one line.
        """
        if "\n" in text or "\r" in text or "\0" in text:
            raise ValueError("a command is one line")
        return self._run(lambda: self._send(text.encode()))

    def close(self) -> None:
        """Free the memory. May be called more than once."""
        self._store.close()

    # -- calls into the program ----------------------------------------------------------------------------

    def _link(self, module: wasmtime.Module) -> None:
        store = self._store
        store.set_wasi(wasmtime.WasiConfig())
        gate_module, clock_module = _clock_modules()
        gate = wasmtime.Instance(store, gate_module, []).exports(store)
        python = self._imports()
        imports: list[Any] = []
        for imported in module.imports:
            name, kind = imported.name or "", imported.type
            if name == "h":
                imports.append(gate["clock"])
            elif name in python and isinstance(kind, wasmtime.FuncType):
                imports.append(wasmtime.Func(store, kind, python[name]))
            else:
                raise wasmtime.WasmtimeError(f"unknown import {name!r}: not the module this was written for")
        exports = wasmtime.Instance(store, module, imports).exports(store)
        self._memory = cast("wasmtime.Memory", exports["r"])
        self._constructors = cast("wasmtime.Func", exports["s"])
        self._main = cast("wasmtime.Func", exports["t"])
        self._command = cast("wasmtime.Func", exports["u"])
        self._free = cast("wasmtime.Func", exports["x"])
        self._malloc = cast("wasmtime.Func", exports["z"])

        linker = wasmtime.Linker(_engine())
        linker.define_wasi()
        linker.define(store, "gate", "slot", gate["slot"])
        linker.define(store, "stockfish", "memory", self._memory)
        linker.instantiate(store, clock_module)

    def _start(self) -> None:
        self._constructors(self._store)
        argv = self._allocate(struct.pack("<II", 0, 0))  # no arguments, not even a name
        self._main(self._store, 0, argv)

    def _send(self, text: bytes) -> None:
        address = self._allocate(text + b"\0")
        self._command(self._store, address)
        self._free(self._store, address)

    def _allocate(self, data: bytes) -> int:
        address: int = self._malloc(self._store, len(data))
        if not address:
            raise wasmtime.WasmtimeError("no memory left for a command")
        self._write(address, data)
        return address

    def _run(self, body: Callable[[], None]) -> list[str]:
        try:
            body()
        except BaseException as error:
            self.close()
            if self._exit is not None:
                raise Exited(self._exit, self._lines()) from None
            if isinstance(error, (wasmtime.Trap, wasmtime.WasmtimeError)):
                raise Trapped(_first_line(error)) from None
            raise
        return self._lines()

    def _lines(self) -> list[str]:
        lines = self._output.decode("utf-8", "replace").splitlines()
        self._output.clear()
        return lines

    # -- functions that the program imports ----------------------------------------------------------------

    def _imports(self) -> dict[str, Callable[..., int | None]]:
        """Return the imported functions by name, without the clock `h`, which is not made in Python."""
        return {
            "a": self._abort,
            "b": self._leave,
            "c": self._grow,
            "d": lambda *_: 0,  # fcntl
            "e": lambda *_: 0,  # close
            "f": lambda *_: 0,  # ioctl
            "g": lambda *_: _ENOENT,  # open
            "i": self._copy,
            "j": lambda *_: None,  # tells JavaScript that the search is done
            "k": lambda *_: None,  # lets a browser do other work during a search
            "l": lambda *_: 0,  # seek
            "m": lambda *_: 0,  # strftime
            "n": lambda *_: 0,  # environment: its text
            "o": self._environment_size,
            "p": self._print,
            "q": self._read,
        }

    def _abort(self) -> NoReturn:
        self._leave(134)  # what a shell shows for abort()

    def _leave(self, code: int) -> NoReturn:
        self._exit = code
        raise _Leave

    def _grow(self, size: int) -> int:
        """Grow the memory to `size` bytes and return 1; return 0 if there is not enough memory."""
        missing = -(-_unsigned(size) // _PAGE) - self._memory.size(self._store)
        try:
            self._memory.grow(self._store, max(0, missing))
        except wasmtime.WasmtimeError:
            return 0
        return 1

    def _copy(self, target: int, source: int, length: int) -> int:
        start = _unsigned(source)
        self._write(target, self._memory.read(self._store, start, start + _unsigned(length)))
        return target

    def _environment_size(self, count: int, size: int) -> int:
        self._write(count, bytes(4))
        self._write(size, bytes(4))
        return 0

    def _print(self, _file: int, pieces: int, count: int, written: int) -> int:
        start, before = _unsigned(pieces), len(self._output)
        table = self._memory.read(self._store, start, start + 8 * count)
        for address, length in struct.iter_unpack("<II", table):
            if length:
                self._output += self._memory.read(self._store, address, address + length)
        self._write(written, struct.pack("<I", len(self._output) - before))
        return 0

    def _read(self, _file: int, _pieces: int, _count: int, read: int) -> int:
        """Report the end of the file: there is nothing to read."""
        self._write(read, bytes(4))
        return 0

    def _write(self, address: int, data: bytes | bytearray) -> None:
        self._memory.write(self._store, data, _unsigned(address))


def _unsigned(address: int) -> int:
    return address & 0xFFFFFFFF


def _first_line(error: Exception) -> str:
    """Return the cause, the last line of wasmtime's message between the backtraces: older versions have two."""
    text = str(error).partition("\nStack backtrace:")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


# -- the compiled module, kept ------------------------------------------------------------------------------


def load(wasm: Path, digest: str, folder: Path) -> wasmtime.Module:
    """Return the compiled module. Map it from `folder`, or else compile it (about 0.5 s) and keep it there.

    A damaged or foreign compiled file is silently replaced. If the folder cannot be used, the module is compiled
    each time.

    * **wasm** - the file to compile.
    * **digest** - the SHA-256 of the file.
    * **folder** - the folder for compiled modules.

    Raises `Trapped` if the file does not compile.
    """
    version = importlib.metadata.version("wasmtime")
    key = f"{digest[:16]}-wasmtime-{version}-{sys.platform}-{platform.machine()}"
    private = _private(folder)
    if private:
        for path in folder.glob(f"{key}-*.cwasm"):
            if (module := _mapped(path)) is not None:
                return module
    try:
        module = wasmtime.Module.from_file(_engine(), str(wasm))
    except wasmtime.WasmtimeError as error:
        raise Trapped(_first_line(error)) from None
    if private:
        with contextlib.suppress(OSError):
            _keep(folder, key, bytes(module.serialize()))
    return module


def _private(folder: Path) -> bool:
    """Return whether only this user can write to the folder, since its files are run as machine code."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return False
    if sys.platform == "win32":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _mapped(path: Path) -> wasmtime.Module | None:
    """Return the module of a compiled file; None if it is damaged or was made for another processor."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if path.stem.endswith(f"-{digest[:32]}"):
            return wasmtime.Module.deserialize_file(_engine(), str(path))
    except (OSError, wasmtime.WasmtimeError):
        pass
    return None


def _keep(folder: Path, key: str, compiled: bytes) -> None:
    """Keep a compiled module. Its name ends with its hash, because wasmtime does not detect damaged code."""
    path = folder / f"{key}-{hashlib.sha256(compiled).hexdigest()[:32]}.cwasm"
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(compiled)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    for other in folder.glob(f"{key}-*.cwasm"):
        if other != path:
            with contextlib.suppress(OSError):
                other.unlink()
