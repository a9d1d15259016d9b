"""A calendar that a test sets: a plugin that looks at today's date gives itself away."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

__all__ = ["DAYS", "days_go_by", "on_day"]

DAYS = (868_000_000.0, 1_683_000_000.0, 1_761_800_000.0, 2_900_000_000.0)
"""Days of which none shall make a difference, as seconds since 1970: in 1997, 2023, 2025 and 2061."""
_STEP = 403 * 86_400
"""Seconds between two looks at a calendar that goes on: another year, month, day and weekday each time."""
_LOOKS = 61
_CLOCKS = ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")

_now: Callable[[], float] = time.time


@contextlib.contextmanager
def days_go_by(cls: type) -> Iterator[None]:
    """Let every look at the calendar find another day, for the modules of a class and its bases."""
    years = itertools.cycle([DAYS[0] + _STEP * k for k in range(_LOOKS)])
    with contextlib.ExitStack() as stack:
        real = {name: getattr(time, name) for name in _CLOCKS} | {"date": dt.date, "datetime": dt.datetime}
        fake = _fakes(real)
        for name in _CLOCKS:
            stack.enter_context(mock.patch.object(time, name, fake[name]))
        for name in ("date", "datetime"):
            stack.enter_context(mock.patch.object(dt, name, fake[name]))
        by_identity = {id(real[name]): fake[name] for name in real}
        for module in {sys.modules.get(base.__module__) for base in cls.__mro__} - {None, time, dt}:
            for name, value in list(vars(module).items()):
                if id(value) in by_identity:
                    stack.enter_context(mock.patch.object(module, name, by_identity[id(value)]))
        stack.enter_context(_showing(years.__next__))
        yield


@contextlib.contextmanager
def on_day(seconds: float) -> Iterator[None]:
    """Let the calendar stand still, within `days_go_by`."""
    with _showing(lambda: seconds):
        yield


@contextlib.contextmanager
def _showing(now: Callable[[], float]) -> Iterator[None]:
    global _now  # noqa: PLW0603 - as there is one calendar
    before, _now = _now, now
    try:
        yield
    finally:
        _now = before


def _fakes(real: dict[str, Any]) -> dict[str, Any]:
    """Return what stands for the clocks of Python meanwhile, by name."""

    def strftime(form: str, at: Any = None) -> str:
        return str(real["strftime"](form, real["localtime"](_now()) if at is None else at))

    def of(name: str) -> Callable[..., Any]:
        return lambda seconds=None: real[name](_now() if seconds is None else seconds)

    return {
        "time": lambda: float(_now()),
        "time_ns": lambda: int(_now()) * 10**9,
        **{name: of(name) for name in ("localtime", "gmtime", "ctime")},
        "strftime": strftime,
        "date": _Date,
        "datetime": _Datetime,
    }


class _Real(type):
    """Has every date and time for an instance, as what a plugin holds may be older than the calendar."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _Date(dt.date, metaclass=_Real):
    @classmethod
    def today(cls) -> Any:
        return dt.date.fromtimestamp(_now())  # noqa: DTZ012 - what today() does


class _Datetime(dt.datetime, metaclass=_Real):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.fromtimestamp(_now(), tz)

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(_now())

    @classmethod
    def utcnow(cls) -> Any:
        return cls.fromtimestamp(_now(), dt.timezone.utc).replace(tzinfo=None)  # noqa: UP017 - dt may be ours
