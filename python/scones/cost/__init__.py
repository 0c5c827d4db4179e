"""Estimates the cost of an environment: a month without requests, and 1,000 images.

Example::

    >>> usage = Usage("ml.m5.large", instances=1, functions=(), transitions=4)
    >>> at_rest(usage, Prices.load())[0].what
    'endpoint: 1 x ml.m5.large'

Costs are in US dollars. ``prices.json`` beside this file has the prices, their date, and the web page of each.
"""

from scones.cost.line import Line
from scones.cost.lines import at_rest, per_thousand
from scones.cost.prices import Prices
from scones.cost.usage import Usage, gather, what_if

__all__ = ["Line", "Prices", "Usage", "at_rest", "gather", "per_thousand", "what_if"]
