"""Compares a second registered model with the pinned one behind the same endpoint.

Example (not run: it needs an AWS account)::

    start(environment, 4, share=10)         # the next apply deploys version 4 as the variant Candidate
    compare(events, threshold=0.8)          # each variant's requests and confidence
    promote(environment)                    # pins version 4; stop(environment) gives it up

A running comparison is the file ``candidate.tfvars.json`` beside the pinned model's file. Terraform reads it as the
variable ``candidate``. A shared environment commits both files, so its team can review the start and the end.
"""

from scones.service.ab import comparison
from scones.service.ab.candidate import Candidate, promote, read, start, stop
from scones.service.ab.comparison import Agreement, Traffic, agreement, compare, shadows

__all__ = [
    "Agreement",
    "Candidate",
    "Traffic",
    "agreement",
    "compare",
    "comparison",
    "promote",
    "read",
    "shadows",
    "start",
    "stop",
]
