"""Secrets of one server: who may see the pages, and which page may ask for something to be done."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

_BYTES = 24
"""192 random bits."""
_TRIES = 10
"""Wrong tokens from one address before it has to wait."""
_WAIT_SECONDS = 60.0
_REMEMBERED = 1_024
"""Addresses whose wrong tokens are counted; of more, the one that was seen first is forgotten."""
_NETWORK = 64
"""Bits of an IPv6 address that tell one household from another."""


class Access:
    """The secrets of a server, which are new each time it starts."""

    def __init__(self, *, needs_token: bool) -> None:
        """Make the secrets.

        * **needs_token** - whether pages are shown only to browsers that have opened the address with the token.
          It must be true for a server that other computers reach.
        """
        self.needs_token = needs_token
        self.page: str = secrets.token_urlsafe(_BYTES)
        """What a page sends with every POST, in the header `X-Token` or the field `csrf` of a form."""
        self._address = secrets.token_urlsafe(_BYTES)
        self._cookie = secrets.token_urlsafe(_BYTES)
        self._tickets: set[str] = set()

    @property
    def query(self) -> str:
        """What follows the `/` of the address that is printed: `?token=…`, or nothing."""
        return f"?token={self._address}" if self.needs_token else ""

    @property
    def cookie(self) -> str:
        """The value of the cookie that a browser gets for the token."""
        return self._cookie

    def ticket(self) -> str:
        """Return a query that is good for one visit, for commands that others on this computer can see."""
        if not self.needs_token:
            return ""
        made = secrets.token_urlsafe(_BYTES)
        self._tickets.add(made)
        return f"?token={made}"

    def admits(self, token: str) -> bool:
        """Return whether a token from an address is right; the time does not tell how much of it is."""
        used = {ticket for ticket in self._tickets if same(ticket, token)}
        self._tickets -= used
        return same(token, self._address) or bool(used)

    def knows(self, cookies: Iterable[str]) -> bool:
        """Return whether one of a browser's cookies is the one that this server gave."""
        return any(same(cookie, self._cookie) for cookie in cookies)

    def is_page(self, token: str) -> bool:
        """Return whether a POST comes from a page of this server."""
        return same(token, self.page)


class Attempts:
    """Counts wrong tokens by address, of which a bounded number is remembered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many addresses are remembered."""
        return len(self._wrong)

    def wait(self, kind: str, address: str) -> int:
        """Return the seconds for which no token of an address is looked at; 0 if it may try.

        * **kind** - what is tried, `token` or `cookie`: an old page whose cookie is wrong must not keep its reader
          from the address with the new token.
        """
        count, since = self._wrong.get((kind, household(address)), (0, 0.0))
        left = since + _WAIT_SECONDS - self._clock()
        return max(1, round(left)) if count >= _TRIES and left > 0 else 0

    def wrong(self, kind: str, address: str) -> None:
        """Count a wrong token. The count begins anew once the first of them is a minute old."""
        key, now = (kind, household(address)), self._clock()
        count, since = self._wrong.get(key, (0, now))
        self._wrong[key] = (1, now) if now - since > _WAIT_SECONDS else (count + 1, since)
        while len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget what an address has tried, since it has the token now."""
        for kind in ("token", "cookie"):
            self._wrong.pop((kind, household(address)), None)


def same(given: str, secret: str) -> bool:
    """Compare a text with a secret in a time that does not depend on how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def household(address: str) -> str:
    """Return what stands for the addresses that one client can choose from: 64 bits of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _NETWORK), strict=False))
