"""Does the steps of a program one after the other, and writes down what each gave, printed or raised.

A program runs in another environment's Python, so it imports nothing of this project::

    def adds(has):
        has.sum = 1 + 1
        return has.sum

    steps.run([adds], folder)  # writes folder/results.json: {"adds": {"gave": 2, "said": "", "seconds": 0.0}}

A later step finds in ``has`` what an earlier one has left there. A step that raises does not end the program.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.loaders import JSONFileLoader

LONGEST_PAUSE = 0.5  # seconds
pause, now = time.sleep, time.time


class Hurry:
    """A clock for the SDKs, which look every 5 to 30 seconds at what takes seconds here.

    They pause at most half a second, and the clock tells them the time as if they had paused as long as they wanted.
    """

    skipped = 0.0

    def sleep(self, seconds: float) -> None:
        pause(min(seconds, LONGEST_PAUSE))
        self.skipped += max(0.0, seconds - LONGEST_PAUSE)

    def time(self) -> float:
        return now() + self.skipped


hurry = Hurry()
time.sleep, time.time = hurry.sleep, hurry.time

# An SDK makes the same clients again and again, and botocore parses megabytes for each. S3's clients change what was
# parsed, so theirs is parsed each time.
parse = JSONFileLoader.load_file
parsed = functools.cache(functools.partial(parse, JSONFileLoader()))
JSONFileLoader.load_file = lambda own, path: parse(own, path) if "/s3/" in path else parsed(path)


class Printing(logging.Handler):
    """Prints what is logged: SDK 3 shows a job's log in this way."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record))


def run(steps: Sequence[Callable[[SimpleNamespace], Any]], folder: Path) -> None:
    """Do the steps. ``has.folder`` is the folder."""
    logging.basicConfig(level=logging.INFO, handlers=[Printing()], force=True)
    has = SimpleNamespace(folder=folder)
    results: dict[str, Any] = {}
    for step in steps:
        said, begin = io.StringIO(), time.monotonic()
        try:
            with contextlib.redirect_stdout(said):
                result = {"gave": step(has)}
        except Exception:  # noqa: BLE001 - whatever it is, the test shows it
            result = {"raised": traceback.format_exc()}
        result |= {"said": said.getvalue(), "seconds": round(time.monotonic() - begin, 1)}
        results[step.__name__] = result
        (folder / "results.json").write_text(json.dumps(results, default=str))


def refusal(call: Callable[[], Any]) -> str | None:
    """What a call raises, as ``TYPE: MESSAGE``; None if it raises nothing."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
        return f"{type(error).__name__}: {error}"
    return None


def eventually(look: Callable[[], Any], seconds: float = 90.0) -> Any:
    """The first answer of ``look`` that is true, or the last one when the time is over."""
    give_up = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < give_up:
        pause(0.1)
    return found
