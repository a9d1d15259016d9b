"""The pages below another application, whatever it says of where that is."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class WholePath:
    """Completes the path of a request by what a proxy in front has cut off it.

    In ASGI `path` begins with `root_path`. An outer application that is told where a proxy has it (FastAPI's
    `root_path`) says so in `root_path` alone, and Starlette then finds no route below a mount.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, root = scope.get("path", ""), scope.get("root_path", "")
        whole = scope.get("app_root_path", "") + path
        if root and not _is_below(path, root) and _is_below(whole, root):
            scope = {**scope, "path": whole}
        await self._app(scope, receive, send)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
