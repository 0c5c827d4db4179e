"""What changes, as server-sent events: a browser keeps one request open, and gets a message for each change.

Source of the format: WHATWG, "HTML Living Standard", section 9.2, Server-sent events.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any

import anyio
from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from scones.errors import SHOWN

KEEP_ALIVE = 15.0  # seconds
MORE: Any = object()  # the last thing that a look gives, if there is more at once
LAST = "last"  # a message of this name ends the stream


def text(value: Any) -> str:
    """A value as JSON. Times are ISO 8601.

    Example::

        >>> text({"at": datetime(2026, 11, 30)})
        '{"at":"2026-11-30T00:00:00"}'
    """
    return json.dumps(value, separators=(",", ":"), default=_written, ensure_ascii=False)


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def said(error: Exception) -> dict[str, str | None]:
    """An error's words and its next step. The text of the project's errors has both.

    Example::

        >>> from scones.errors import InputError
        >>> said(InputError("there is no model", hint="invoke train"))
        {'error': 'there is no model', 'hint': 'invoke train'}
    """
    return {"error": getattr(error, "message", None) or str(error), "hint": getattr(error, "hint", None)}


def message(value: Any, name: str | None = None) -> str:
    """One event. A browser reads it whole, because JSON has no line breaks.

    Example::

        >>> message({"a": 1}, "last")
        'event: last\\ndata: {"a":1}\\n\\n'
    """
    return (f"event: {name}\n" if name else "") + f"data: {text(value)}\n\n"


def stream(request: Request, look: Callable[[], Iterable[Any]], pause: float) -> StreamingResponse:
    """Send what is new until the browser leaves or the server ends.

    Args:
        look: Returns what is new since its last call. It runs in a thread. ``StopIteration`` ends the stream, and
            :data:`MORE` at the end asks for the next look without a pause.
        pause: Seconds between two looks.
    """

    closing = request.app.state.closing

    async def messages() -> AsyncIterator[str]:
        quiet = 0.0
        while not closing.is_set() and not await request.is_disconnected():
            try:
                found = await run_in_threadpool(_all, look)
            except (*SHOWN, ClientError, BotoCoreError) as error:
                yield message(said(error), "problem")
                return
            if found is None:
                yield message({}, LAST)
                return
            more = bool(found) and found[-1] is MORE
            for one in found[:-1] if more else found:
                yield message(one)
            if more:
                continue
            quiet = 0.0 if found else quiet + pause
            if quiet > KEEP_ALIVE:
                yield ": still here\n\n"
                quiet = 0.0
            with anyio.move_on_after(pause):
                await closing.wait()

    return StreamingResponse(messages(), media_type="text/event-stream")


def _all(look: Callable[[], Iterable[Any]]) -> list[Any] | None:
    """What a look finds; None if there is no more to come. A coroutine cannot raise StopIteration."""
    try:
        return list(look())
    except StopIteration:
        return None


def changes(look: Callable[[], Any]) -> Callable[[], Iterable[Any]]:
    """A look that gives a whole value each time it is another one.

    Example::

        >>> values = iter([1, 1, 2])
        >>> new = changes(lambda: next(values))
        >>> [list(new()) for _ in range(3)]
        [[1], [], [2]]
    """
    last: list[str] = []

    def new() -> Iterable[Any]:
        value = look()
        written = text(value)
        if last == [written]:
            return []
        last[:] = [written]
        return [value]

    return new
