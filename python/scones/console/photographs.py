"""Takes the documentation's pictures of the console: its pages in a browser, on an environment that runs.

Example (not run: it needs an applied environment and a browser)::

    with served(desk) as address, browser() as chromium:
        taken(chromium, address, Path("docs/console_files"))
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from imageclassification import files

WIDTH, HEIGHT = 1600, 1000
QUALITY = 80  # of WebP: text stays sharp, and a page has about 60 kB
SECONDS = 30  # how long a page may take
REFUSAL = "ThresholdConfidenceNotMet"

#: Goes to a page and waits until all is there. It gets the browser's page, and the console's address without a path.
Visit = Callable[[Any, str], None]


def taken(chromium: Any, address: str, folder: Path) -> list[Path]:
    """Take all pictures. The environment gets one more execution of its workflow, or two if none was refused.

    Args:
        chromium: The browser.
        address: The console's, with its token.
        folder: Where the pictures are written.

    Returns:
        The pictures' paths.
    """
    made = []
    for name, scheme, visit, last in PICTURES:
        context = chromium.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, locale="en-GB", timezone_id="UTC"
        )
        page = context.new_page()
        page.set_default_timeout(1000 * SECONDS)
        page.goto(address)
        visit(page, f"http://{urlsplit(address).netloc}")
        made.append(files.write(folder / f"{name}.webp", _photograph(page, last)))
        context.close()
    return made


def _photograph(page: Any, last: str) -> bytes:
    """A page from its top to the lower edge of an element, as WebP."""
    from PIL import Image

    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    page.evaluate("Promise.all([...document.images].map((one) => one.decode().catch(() => null)))")
    edge = page.locator(f"{last}:visible").last.bounding_box()
    whole = Image.open(io.BytesIO(page.screenshot(full_page=True, animations="disabled")))
    shown = whole.crop((0, 0, whole.width, min(whole.height, round(edge["y"] + edge["height"]) + 24)))
    written = io.BytesIO()
    shown.convert("RGB").save(written, "WEBP", quality=QUALITY, method=6)
    return written.getvalue()


def _try(page: Any, base: str, threshold: str | None = None) -> None:
    page.goto(f"{base}/try")
    if threshold is not None:
        page.locator("#threshold").fill(threshold)
    page.locator("[data-sample]").nth(1).click()
    page.wait_for_selector(".verdict.good, .verdict.warn, .verdict.bad")


def _executions(page: Any, base: str) -> None:
    page.goto(f"{base}/executions")
    page.wait_for_selector("#count:not(:has-text('more are'))")
    page.wait_for_selector("#rows td:text-is('…')", state="detached")


def _execution(page: Any, base: str) -> None:
    """An execution that was not sure enough, with the function's line in the log. It is alone, so X-Ray traces it."""
    _open_refused(page, base)
    page.wait_for_selector("#status.bad")
    before = page.url
    page.click("[data-action=again]")
    page.click("#ask-yes")
    page.wait_for_url(lambda url: "arn=" in url and url != before)
    _failing_line(page)
    page.wait_for_selector(".span")


def _execution_again(page: Any, base: str) -> None:
    _open_refused(page, base)
    _failing_line(page)


def _open_refused(page: Any, base: str) -> None:
    page.goto(f"{base}/executions?status=FAILED&error={REFUSAL}")
    page.wait_for_selector("#count:not(:has-text('more are'))")
    page.wait_for_selector("#count:not(:has-text('answers read'))")
    refused = page.locator("#rows a")
    if refused.count():
        refused.first.click()
    else:
        _try(page, base, "1")
        page.click("#open")


def _failing_line(page: Any) -> None:
    page.click("#to-log")
    page.wait_for_selector(".lines .bad")


def _traffic(page: Any, base: str) -> None:
    page.goto(f"{base}/traffic")
    page.wait_for_selector(".pictures li")


def _models(page: Any, base: str) -> None:
    page.goto(f"{base}/models")
    page.wait_for_selector("#threshold-chart canvas")


#: A file's name, its colours, how to get there, and the lowest part of the page that is shown.
PICTURES: tuple[tuple[str, str, Visit, str], ...] = (
    ("try", "light", _try, "main > section"),
    ("executions", "light", _executions, "#list"),
    ("execution", "light", _execution, "#trace-card"),
    ("execution-dark", "dark", _execution_again, "#detail"),
    ("traffic", "light", _traffic, "main > section"),
    ("models", "light", _models, "main .card"),
)
