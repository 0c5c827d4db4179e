"""The whole workflow in order, on a cloud that really runs it, with checks of what it shows.

Example::

    outcome = Demo(settings.load("local"), Console()).run()
    outcome.held        # whether every claim held

Used by ``make demo`` and by the end-to-end test.
"""

from scones.demo.outcome import DemoClaim, DemoOutcome
from scones.demo.run import Demo

__all__ = ["Demo", "DemoClaim", "DemoOutcome"]
