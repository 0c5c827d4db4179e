"""Server-sent events: what is new goes out, what is refused is said, and an end is an end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from starlette.requests import Request

from scones.console import live
from scones.errors import TrainingError


class Browser:
    """A request whose browser stays for some looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.app = SimpleNamespace(state=SimpleNamespace(closing=anyio.Event()))

    async def is_disconnected(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def sent(look: Callable[[], Iterable[Any]], looks: int = 9) -> list[tuple[str, Any]]:
    """The messages of a stream: their names, and what they hold."""
    response = live.stream(cast(Request, Browser(looks)), look, 0.0)

    async def gathered() -> list[str]:
        return [str(one) async for one in response.body_iterator]

    found = []
    for message in anyio.run(gathered):
        lines = dict(line.split(": ", 1) for line in message.strip().splitlines())
        found.append((lines.get("event", ""), json.loads(lines["data"])))
    return found


def test_only_what_has_changed_is_sent_until_the_browser_leaves() -> None:
    values = iter([1, 1, 2, 2])
    assert sent(live.changes(lambda: next(values)), looks=4) == [("", 1), ("", 2)]


def test_an_open_page_does_not_hold_the_server_up_when_it_ends() -> None:
    browser = Browser(looks=9)

    async def ended() -> list[str]:
        found = []
        with anyio.fail_after(5):
            async for one in live.stream(cast(Request, browser), lambda: [1], 3600.0).body_iterator:
                found.append(str(one))
                browser.app.state.closing.set()
        return found

    assert anyio.run(ended) == [live.message(1)]


def test_the_end_is_told() -> None:
    def over() -> Iterable[Any]:
        raise StopIteration

    assert sent(over) == [(live.LAST, {})]


@pytest.mark.parametrize(
    ("error", "words", "hint"),
    [
        (TrainingError("there is no job", hint="open /training"), "there is no job", "open /training"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms"), "AccessDenied", None),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "Could not connect", None),
    ],
)
def test_what_is_refused_is_said_once_and_ends_the_stream(error: Exception, words: str, hint: str | None) -> None:
    def refused() -> Iterable[Any]:
        raise error

    ((name, told),) = sent(refused)
    assert (name, told["hint"]) == ("problem", hint)
    assert words in told["error"]
    assert hint is None or hint not in told["error"], "the hint is not said twice"
