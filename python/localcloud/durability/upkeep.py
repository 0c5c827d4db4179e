"""Work that is done from time to time while the cloud runs: a store's size levels off, and metrics are reported.

Example (not run: it would go on)::

    every(60.0, usage.report)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from localcloud import log


def every(seconds: float, work: Callable[[], None]) -> None:
    """Do some work again and again while the cloud runs. An error is logged, and the next time comes."""

    def repeat() -> None:
        while True:
            time.sleep(seconds)
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the next time may succeed
                log.failure(error)

    threading.Thread(target=repeat, name=f"every {seconds:g} s {work.__qualname__}", daemon=True).start()
