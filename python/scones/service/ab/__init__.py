"""Comparing a second registered model with the pinned one behind the same endpoint.

Example::

    candidate.start(environment, 4, share=10)           # Terraform deploys it as the variant Candidate
    comparison.compare(events, threshold=0.8)           # what each variant was asked, and how sure it was
    candidate.promote(environment)                      # the candidate is pinned; or candidate.stop(environment)

While a comparison is under way there is ``candidate.tfvars.json`` beside the pin, which Terraform reads as its variable
``candidate``. For shared environments both are committed, so that beginning and ending one can be reviewed.
"""

from scones.service.ab import comparison
from scones.service.ab.candidate import Candidate, promote, read, start, stop
from scones.service.ab.comparison import Agreement, Traffic, agreement, compare

__all__ = [
    "Agreement",
    "Candidate",
    "Traffic",
    "agreement",
    "compare",
    "comparison",
    "promote",
    "read",
    "start",
    "stop",
]
