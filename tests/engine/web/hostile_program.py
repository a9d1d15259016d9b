"""The small site as a program, which prints its address and ends on a signal."""

from __future__ import annotations

import sys
import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.web.connections import Times
from engine.web.guard import Guard
from engine.web.ports import bind
from engine.web.server import Server, leave
from engine.web.token import Access
from tests.engine.web.hostile_rig import pages
from tests.support import PATIENCE


def compute(request: Request) -> Response:
    """Compute in a thread for much longer than anybody waits."""
    sys.stdout.write("computing\n")
    sys.stdout.flush()
    time.sleep(2 * PATIENCE)
    return PlainTextResponse("too late")


def main() -> None:
    app = pages(None, [], set())
    app.router.routes.append(Route("/compute", compute))
    bound = bind(port=0)
    access = Access(needs_token=False)

    def ready() -> None:
        sys.stdout.write(f"{bound.url}\n")
        sys.stdout.flush()

    # Clients have more time than the test waits, so that nothing but the signal ends their connections.
    times = Times(head=2 * PATIENCE, stall=2 * PATIENCE, linger=2 * PATIENCE)
    caught = Server(Guard(app, access), bound, times=times).run(ready)
    sys.stdout.write(f"ended by {caught.name if caught else 'nothing'}\n")
    leave(7)
    sys.exit(7)


if __name__ == "__main__":
    main()
