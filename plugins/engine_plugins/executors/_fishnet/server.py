"""The server: a socket that is bound at once, and uvicorn on it in a thread of its own."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from engine.errors import ConfigError
from engine_plugins.executors._fishnet.app import Bell

_STARTING_SECONDS = 10.0
_STOPPING_SECONDS = 5.0
_SPARE = 64
"""Connections beside those of clients that search."""


class Server:
    """An app on a socket, until `close`."""

    def __init__(self, bound: socket.socket, app: ASGIApp, bell: Bell, clients: int, tls: tuple[str, str]) -> None:
        """Serve an app.

        * **bell** - rung before the server stops, so that nobody waits for work.
        * **clients** - how many are served at the same time.
        * **tls** - files of certificate and key; both empty: no TLS.
        """
        certificate, key = tls
        self._bound = bound
        self._bell = bell
        self._failed = ""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http="h11",
            ws="none",
            lifespan="off",
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=2 * clients + _SPARE,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate or None,
            ssl_keyfile=key or None,
        )
        self._uvicorn = _Uvicorn(config, bell)
        self._thread = threading.Thread(target=self._run, name="fishnet", daemon=True)
        self._thread.start()
        if not self._uvicorn.ready.wait(_STARTING_SECONDS) or self.failure:
            self.close()
            raise ConfigError(f"fishnet cannot serve: {self.failure}")

    @property
    def failure(self) -> str:
        """Why it has stopped by itself; an empty text while it serves."""
        return "" if self._thread.is_alive() else self._failed or "the server has stopped"

    def close(self) -> None:
        """Stop serving, at once."""
        self._uvicorn.should_exit = True
        self._bell.close()
        self._thread.join(_STOPPING_SECONDS)
        if self._thread.is_alive():
            self._uvicorn.force_exit = True
            self._thread.join(_STOPPING_SECONDS)
        self._bound.close()

    def _run(self) -> None:
        try:
            self._uvicorn.run(sockets=[self._bound])
        except (Exception, SystemExit) as error:
            self._failed = f"{type(error).__name__}: {error}"
        finally:
            self._uvicorn.ready.set()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, bell: Bell) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._bell = bell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._bell.listen()
        self.ready.set()

    async def main_loop(self) -> None:
        """Wait for the end, for which uvicorn would look ten times a second."""
        while not self.should_exit:
            await self._bell.wait(60.0)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises ConfigError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise ConfigError(f"fishnet cannot listen on {host}, port {port}: {error.strerror or error}") from None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host. Raises ConfigError for one that is not known."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"fishnet cannot listen on {host}: {error.strerror or error}") from None
    return all(ipaddress.ip_address(str(address[4][0]).partition("%")[0]).is_loopback for address in found)


def check_tls(certificate: str, key: str) -> None:
    """Raise ConfigError for files of TLS that are not a certificate and its key."""
    if not certificate and not key:
        return
    if not certificate or not key:
        raise ConfigError("fishnet takes a certificate and its key together: fishnet.cert and fishnet.cert_key")
    for file in (certificate, key):
        if not Path(file).is_file():
            raise ConfigError(f"fishnet: {file}: no such file")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise ConfigError(f"fishnet: {certificate} and {key} are no certificate and its key: {error}") from None
