"""Refuses calls that come too fast, as AWS does: with each service's own code and status.

Example::

    >>> from localcloud.latency import AWS, NONE
    >>> throttle = Throttle(AWS, clock=lambda: 0.0)
    >>> [throttle.allows("123456789012", "us-east-1", "cloudwatch", "PutMetricAlarm") for _ in range(4)]
    [True, True, True, False]
    >>> throttle.allows("123456789012", "eu-west-1", "cloudwatch", "PutMetricAlarm")
    True

A local cloud that does not throttle allows everything::

    >>> Throttle(NONE, clock=lambda: 0.0).allows("123456789012", "us-east-1", "cloudwatch", "PutMetricAlarm")
    True
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud import incoming
from localcloud.iam.enforcement import OPERATION
from localcloud.iam.principals import PRINCIPAL
from localcloud.latency import CallRate, Latency
from localcloud.refusals import form_of, refusal

if TYPE_CHECKING:
    from flask import Response

#: Code, message and status, by boto3's name of the service. Sources: each service's API Reference, "Common errors";
#: Lambda's model in botocore; Amazon EC2 Developer Guide, "Error codes"; AWS KMS Developer Guide, "Throttling AWS KMS
#: requests".
REFUSALS = {
    "lambda": ("TooManyRequestsException", "Rate exceeded", 429),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "iam": ("Throttling", "Rate exceeded", 400),
    "cloudwatch": ("Throttling", "Rate exceeded", 400),
    "kms": (
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
        400,
    ),
}
OTHERS = ("ThrottlingException", "Rate exceeded", 400)


@dataclass
class _Bucket:
    """The calls that are left, at a time."""

    left: float
    at: float

    def take(self, rate: CallRate, now: float) -> bool:
        self.left = min(rate.size, self.left + (now - self.at) * rate.refill)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Throttle:
    """Counts the calls of each account and region.

    Args:
        latency: Has the rates.
        clock: Seconds, from any beginning.
    """

    def __init__(self, latency: Latency, clock: Callable[[], float] = time.monotonic) -> None:
        self._latency, self._clock = latency, clock
        self._buckets: dict[tuple[Any, ...], _Bucket] = {}
        self._lock = threading.Lock()

    def allows(self, account: str, region: str, service: str, operation: str) -> bool:
        """Count a call. Returns whether it may go on."""
        rate = self._latency.rate_of(service, operation)
        if rate is None:
            return True
        which = (account, region, service, operation if rate.apart else "")
        with self._lock:
            now = self._clock()
            return self._buckets.setdefault(which, _Bucket(rate.size, now)).take(rate, now)

    def refuse(self, environ: Mapping[str, Any]) -> Response | None:
        """The error answer for a request that came too fast; None for another one. The judge has read it before."""
        if not self._latency.rates or OPERATION not in environ:
            return None
        service, _, operation = environ[OPERATION][0].partition(":")
        region, _ = incoming.scope(environ) or ("", "")
        if self.allows(environ[PRINCIPAL].account, region, service, operation):
            return None
        code, words, status = REFUSALS.get(service, OTHERS)
        return refusal(service, code, words, status=status, form=form_of(environ))
