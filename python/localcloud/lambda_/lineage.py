"""Functions that run because of themselves are stopped: they invoke each other, or through queues, topics and buckets.

Every run knows from which runs it comes: its trace header has a part ``Lineage`` with the number of runs of each
function before it (:mod:`localcloud.chain`). A function's SDK sends this header with its own calls. A message, a
notification and a record have it on the way to another function. After 16 runs in one chain, the next one is refused.

AWS: Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops". AWS finds loops through
Amazon SQS, Amazon S3 and Amazon SNS and among functions. It finds none through other services: EventBridge and Step
Functions begin a new chain. The form of the part ``Lineage`` is this cloud's own.

Example::

    >>> arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    >>> header, before = stepped("Root=1-67891233-abcdef012345678912345678", f"{arn}:live")
    >>> header, before
    ('Root=1-67891233-abcdef012345678912345678;Lineage=9fa5c9e6:1', 0)
    >>> stepped(header, arn)[1]
    1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud import chain

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

#: The values of RecursiveLoop.
ALLOW, TERMINATE = "Allow", "Terminate"

#: "Lambda stops your function's invocations when it has been invoked approximately 16 times in the same chain".
MOST_RUNS = 16


def stepped(header: str | None, arn: str) -> tuple[str, int]:
    """The trace header of a run, and how often the function has run in its chain before.

    Args:
        header: The caller's X-Amzn-Trace-Id. None begins a chain that is not sampled.
        arn: The function's ARN, with a qualifier or without one.
    """
    return chain.counted(header, chain.LINEAGE, _plain(arn))


def exhausted(header: str | None, arn: str) -> bool:
    """Whether a function has run so often in a chain that the next run is refused, unless the function allows it."""
    return chain.number(header, chain.LINEAGE, _plain(arn)) >= MOST_RUNS


def recursive_loop(latest: LambdaFunction) -> str:
    """A function's RecursiveLoop.

    Args:
        latest: Its version ``$LATEST``. What belongs to the function as a whole is there.
    """
    found: str = latest.__dict__.get("recursive_loop", TERMINATE)
    return found


def _plain(arn: str) -> str:
    return ":".join(arn.split(":")[:7])
