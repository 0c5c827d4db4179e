"""Work that a store does from time to time, so that its size levels off."""

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

    threading.Thread(target=repeat, name=f"upkeep of {work.__qualname__}", daemon=True).start()
