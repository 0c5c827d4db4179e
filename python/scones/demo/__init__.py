"""Runs the whole workflow on the local cloud and checks each of its claims.

Example (not run: it takes minutes)::

    outcome = Demo(settings.load("local"), Console()).run()
    outcome.held        # True if every claim held

``make demo`` and the end-to-end test use it.
"""

from scones.demo.outcome import DemoClaim, DemoOutcome
from scones.demo.run import Demo

__all__ = ["Demo", "DemoClaim", "DemoOutcome"]
