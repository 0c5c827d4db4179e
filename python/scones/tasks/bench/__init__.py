"""``invoke bench.*``: measures training, serving, updates, batches, arrivals, the console and the local cloud.

The modules are named after what they measure. ``model`` measures the model: its training, its serving process, and what
it makes of foreign pictures. ``service`` measures what is deployed around the model: updates, arrivals and batches.
``localcloud`` measures the local cloud and its console. The tasks parse, call and print; the folder ``benchmarks``
measures. The results are kept in ``build/bench``.

Example (not run: it takes minutes)::

    invoke bench.train --seeds 5
    invoke bench.update
    invoke bench.cloud
"""

from scones.tasks.bench.localcloud import cloud, console, kills
from scones.tasks.bench.model import foreign, serve, train
from scones.tasks.bench.service import arrival, batch, update

__all__ = ["arrival", "batch", "cloud", "console", "foreign", "kills", "serve", "train", "update"]
