"""Where a request comes from: what the server is called, and which site's page asks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from starlette.datastructures import Headers

from engine.web.answers import Refused

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::[0-9]{1,5})?", re.IGNORECASE)
_LOCAL = "localhost"
_HERE = {"same-origin", "none"}


class Hosts:
    """The names of a server.

    A site can let its own name point to 127.0.0.1, so that its page in somebody's browser reads the answers. Such
    a request has the site's name in `Host`. No name can be made to mean another address when the address itself is
    what the browser was given, so addresses are no danger.
    """

    def __init__(self, names: Iterable[str] = (), *, beyond_loopback: bool) -> None:
        """Keep the names.

        * **names** - what the server is called besides `localhost`.
        * **beyond_loopback** - whether other computers reach it, by any of its addresses.
        """
        self._names = {_LOCAL, *(_plain(name) for name in names)}
        self._beyond = beyond_loopback

    def check(self, headers: Headers, *, changes: bool) -> None:
        """Refuse what a page of another site makes somebody's browser ask.

        * **changes** - whether the request may change something, as a POST may.

        Raises Refused.
        """
        given = headers.getlist("host")
        if len(given) != 1 or not self._is_ours(given[0]):
            raise Refused(400, "This server has another name than the one that was asked for.")
        origins = headers.getlist("origin")
        if any(origin.lower().partition("://")[2] != given[0].lower() for origin in origins):
            raise Refused(403, "Pages of other sites may not ask this server.")
        site = headers.get("sec-fetch-site", "none").lower()
        if site not in _HERE and (changes or not _is_link(headers)):
            raise Refused(403, "Pages of other sites may not ask this server.")

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = _plain(found[1])
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return self._beyond or address.is_loopback or name in self._names


def comes_from_elsewhere(headers: Headers) -> bool:
    """Return whether a link on another site was followed."""
    return headers.get("sec-fetch-site", "none").lower() not in _HERE


def _is_link(headers: Headers) -> bool:
    """Return whether a whole page is asked for, which the other site then does not see."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _plain(name: str) -> str:
    return name.strip("[]").rstrip(".").lower()
