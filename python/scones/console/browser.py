"""The system's Chromium, without a window, for what looks at the pages as a user does.

Example (not run: it needs a browser)::

    with browser() as chromium:
        page = chromium.new_page()
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scones.errors import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of this machine's Chromium. None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, of Playwright's type ``Browser``.

    Raises:
        InputError: There is no Chromium, or Playwright is not installed.
    """
    path = chromium()
    if path is None:
        raise InputError(
            f"NO BROWSER: none of {', '.join(NAMES)} is on the PATH",
            hint="install Chromium (Debian: apt-get install chromium)",
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("Playwright is not installed, which drives the browser", hint="make setup") from None
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield found
        finally:
            found.close()
