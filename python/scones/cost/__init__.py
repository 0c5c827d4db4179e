"""What an environment costs: a month at rest, and per 1,000 images.

Example::

    prices = Prices.load()
    usage = gather(settings.load("dev"))
    sum(line.cost for line in at_rest(usage, prices))            # US dollars a month
    sum(line.cost for line in per_thousand(usage, prices))       # US dollars for 1,000 images

``prices.json`` beside this file holds the prices, the day they were gathered and the page each comes from.
"""

from scones.cost.lines import Line, at_rest, per_thousand
from scones.cost.prices import Prices
from scones.cost.usage import Usage, gather, what_if

__all__ = ["Line", "Prices", "Usage", "at_rest", "gather", "per_thousand", "what_if"]
