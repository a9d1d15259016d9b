"""Keywords of the library's calls: spelled out for `help`, and checked, so that none is ignored."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from engine.errors import ArgumentError
from engine.settings import Settings
from engine.settings.checked import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])


def spelled_out(
    *, like: Callable[..., Any] | None = None, elsewhere: Mapping[str, str] | None = None
) -> Callable[[F], F]:
    """Return a decorator that checks the keywords of each call before it is made.

    A `**arguments: Unpack[SomeTypedDict]` appears in the signature as the keywords that it stands for.

    * **like** - *(optional)* the function that has the defaults of these keywords.
    * **elsewhere** - *(optional)* where keywords belong that the function does not take, in words.

    The function then raises `ArgumentError` for a keyword that it does not have, and for positional arguments that
    do not fit.
    """

    def decorate(function: F) -> F:
        signature = _spelled_out(function, like)
        where = dict(elsewhere or {})
        name = function.__qualname__.removesuffix(".__init__")

        def check(args: Sequence[Any], keywords: Mapping[str, Any]) -> None:
            for keyword in keywords:
                if keyword not in signature.parameters or _is_positional(signature, keyword):
                    raise ArgumentError(f"{name} takes no {keyword!r}{_hint(keyword, signature, where)}")
            try:
                signature.bind(*args, **keywords)
            except TypeError as error:
                raise ArgumentError(f"{name}: {error}") from None

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def checked_coroutine(*args: Any, **keywords: Any) -> Any:
                check(args, keywords)
                return await function(*args, **keywords)

            wrapper: Any = checked_coroutine
        else:

            @functools.wraps(function)
            def checked(*args: Any, **keywords: Any) -> Any:
                check(args, keywords)
                return function(*args, **keywords)

            wrapper = checked
        wrapper.__signature__ = signature
        return cast("F", wrapper)

    return decorate


def _spelled_out(function: Callable[..., Any], like: Callable[..., Any] | None) -> inspect.Signature:
    signature = inspect.signature(function)
    defaults = inspect.signature(like).parameters if like is not None else {}
    parameters = []
    for parameter in signature.parameters.values():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            parameters.append(parameter)
            continue
        [packed] = typing.get_args(typing.get_type_hints(function)[parameter.name])
        keyword_only = inspect.Parameter.KEYWORD_ONLY
        parameters += [defaults[name].replace(kind=keyword_only) for name in packed.__annotations__]
    return signature.replace(parameters=parameters)


def _is_positional(signature: inspect.Signature, keyword: str) -> bool:
    return signature.parameters[keyword].kind is inspect.Parameter.POSITIONAL_ONLY


def _hint(keyword: str, signature: inspect.Signature, elsewhere: Mapping[str, str]) -> str:
    if keyword in elsewhere:
        return f": {elsewhere[keyword]}"
    if keyword in signature.parameters:
        return ": it is given without its name, as the first argument"
    names = [name for name in signature.parameters if not _is_positional(signature, name) and name != "self"]
    near = did_you_mean(keyword, names)
    if near:
        return near
    if keyword in Settings.__struct_fields__ and "settings" in names:
        return f"; it is a field of settings=Settings({keyword}=...)"
    return f"; there are {', '.join(names)}"
