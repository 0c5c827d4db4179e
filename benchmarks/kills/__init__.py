"""Kills a local cloud at random moments while it is used, and checks that nothing acknowledged is lost.

Example (not run: it takes minutes)::

    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), kills=100, seed=1)
    found.lost      # []: nothing that was acknowledged is lost

Each part (:mod:`.parts`) works in a local cloud of its own. The cloud gets ``SIGKILL`` and is started again, and
sometimes it is killed while it starts. An answer acknowledges a request. A request without an answer may have been
carried out or not, but never a half of it.
"""

from benchmarks.kills.measure import PARTS, measure
from benchmarks.kills.report import Found, Kill, save, table

__all__ = ["PARTS", "Found", "Kill", "measure", "save", "table"]
