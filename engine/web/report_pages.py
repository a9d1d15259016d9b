"""The pages of reports: their list, and each of them computed on what is filtered, as far as it has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any

from msgspec import structs
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from engine.errors import AnalysisError
from engine.settings.types import EPD_AGGREGATORS
from engine.web.frame import Frame, filter_of, frame
from engine.web.limits import limits
from engine.web.pages.sections import Section, Sentence, sections
from engine.web.pages.tables import Link
from engine.web.reports import ReportName
from engine.web.site import Site, site_of
from engine.web.templating import template

FIRST = 0.4
"""Seconds that a page waits for its report before it shows what there is."""
BETWEEN = 0.5
"""Seconds between two parts of a stream at least."""
_SHOWN = {"findings": 3, "charts": 3}
"""Parts of a report that other pages show, and how many of each."""


def routes() -> list[BaseRoute]:
    """Return the routes of these pages."""
    return [
        Route("/reports", reports),
        Route("/reports/{name}", report),
        Route("/reports/{name}/events", events, middleware=[limits(stream=True, at_once=32)]),
    ]


def reports(request: Request) -> Response:
    """Return the list of all reports with their questions."""
    site = site_of(request)
    filter_of(request)
    return site.render("reports.html.jinja", request, names=listed(site))


def listed(site: Site) -> list[ReportName]:
    """Return the reports that can be made, those that have nothing to say of the games of the store last."""
    names = site.reports.names()
    if site.store.has_epd():
        return names
    return sorted(names, key=lambda one: one.name in EPD_AGGREGATORS)


async def report(request: Request) -> Response:
    """Return a report as far as it is known; a script has the page follow it to its end."""
    site = site_of(request)
    name, title = _known(request)
    stream = site.reports.stream(name, await run_in_threadpool(filter_of, request))
    partial = await _soon(stream)
    around = frame(site, request)
    return await run_in_threadpool(
        lambda: site.render(
            "report.html.jinja",
            request,
            name=name,
            question=title,
            partial=partial,
            section=section_of(name, partial, around),
            others=listed(site),
        )
    )


def _known(request: Request) -> tuple[str, str]:
    """Return name and title of the report that is asked for. Raises HTTPException for an unknown one."""
    names = dict(site_of(request).reports.names())
    name = request.path_params["name"]
    if name not in names:
        raise HTTPException(404, f"There is no report {name[:40]!r}. There are {', '.join(names)}.")
    return name, names[name]


async def _soon(stream: Iterator[Any]) -> Any:
    """Return what `_first` does, or None if nothing comes in time; the page then waits for its stream."""
    task = asyncio.ensure_future(run_in_threadpool(_first, stream))
    done, _ = await asyncio.wait({task}, timeout=2 * FIRST)
    if done:
        return task.result()
    _LATE.add(task)
    task.add_done_callback(_forget)
    return None


_LATE: set[asyncio.Future[Any]] = set()
"""Parts that came too late for their page, which nothing else refers to."""


def _forget(task: asyncio.Future[Any]) -> None:
    _LATE.discard(task)
    if not task.cancelled():
        task.exception()  # the stream of the page says it


def _first(stream: Iterator[Any]) -> Any:
    """Return the last of the partial reports that come within `FIRST` seconds, and end the stream."""
    until, partial = monotonic() + FIRST, None
    for partial in stream:  # noqa: B007 - the last one is wanted
        if monotonic() >= until:
            break
    _close(stream)
    return partial


def _close(stream: Iterator[Any]) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()


def section_of(name: str, partial: Any, around: Frame) -> Section | None:
    """Return a partial report for the template; None while it says nothing."""
    if partial is None or partial.report is None:
        return None
    return next(sections({name: partial.report}, link_in(around), (), {}), None)


def link_in(around: Frame) -> Link:
    """Return the function that makes the address of a game and ply."""
    return lambda game, ply: around.to(f"/game/{game}", ply=ply)


# -- streams ------------------------------------------------------------------------------------------------


async def events(request: Request) -> Response:
    """Return a report's parts as server-sent events: HTML that the page puts in the place of what it has."""
    site = site_of(request)
    name, _ = _known(request)
    shown = request.query_params.get("show", "")
    where = await run_in_threadpool(filter_of, request)
    stream = site.reports.stream(name, where)
    around = frame(site, request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    parts = _events(stream, name, shown, around)
    return StreamingResponse(parts, media_type="text/event-stream", headers=headers)


async def _events(stream: Iterator[Any], name: str, shown: str, around: Frame) -> AsyncIterator[bytes]:
    """Yield the events `part`, at most two a second, then `done`, or `broken` with words."""
    due = 0.0
    try:
        while (partial := await run_in_threadpool(next, stream, None)) is not None:
            now = monotonic()
            if not partial.done and now < due:
                continue
            due = now + BETWEEN
            yield event("part", await run_in_threadpool(_html, name, partial, shown, around))
            if partial.done:
                break
        yield event("done", "")
    except AnalysisError as error:
        yield event("broken", str(error))
    finally:
        _close(stream)


def event(name: str, text: str) -> bytes:
    """Return a server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode("utf-8", "replace")


def _elsewhere(section: Section | None, page: str) -> list[Sentence]:
    """Return the first findings of a report, with addresses of its own page."""
    findings = section.findings[: _SHOWN["findings"]] if section else []
    return [structs.replace(one, href=page + one.href if one.href else "") for one in findings]


def _html(name: str, partial: Any, shown: str, around: Frame) -> str:
    values = {"name": name, "partial": partial, "section": section_of(name, partial, around), "to": around.to}
    if shown in _SHOWN:
        values["findings"] = _elsewhere(values["section"], around.to(f"/reports/{name}"))
        return template("glimpse.html.jinja").render(shown=shown, most=_SHOWN[shown], **values)
    return template("report_body.html.jinja").render(**values)
