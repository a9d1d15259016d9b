"""Styles and scripts: those of this package, and those that reports in files have inside."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDERS = ("static", "pages", "pages/script", "pages/trainer", "pages/trainer/script")
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}


def routes() -> list[Route]:
    """Return the route of the files."""
    return [Route("/static/{name}", _serve)]


def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _files():
        raise HTTPException(404)
    content, kind, tag = _files()[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


@functools.cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Return content, kind and tag of every file by its name: no other path leads to a file."""
    files = {}
    for folder in _FOLDERS:
        for file in resources.files("engine.web").joinpath(*folder.split("/")).iterdir():
            kind = _KINDS.get("." + file.name.rpartition(".")[2])
            if kind is not None and file.is_file():
                content = file.read_bytes()
                files[file.name] = (content, kind, f'"{hashlib.sha256(content).hexdigest()[:20]}"')
    return files
