"""Functions that invoke each other in a circle are stopped.

Every run knows from which runs it comes: its trace header has a part ``Lineage`` with the number of runs of each
function before it. A function's SDK sends this header with its own calls, and a record has it on the way to another
function. After 16 runs in one chain, the next one is refused.

AWS: Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops". AWS finds loops through
SQS, SNS and S3 too; here they are found among functions only. The form of the part ``Lineage`` is this cloud's own.

Example::

    >>> arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    >>> header, before = stepped("Root=1-67891233-abcdef012345678912345678", arn)
    >>> header, before
    ('Root=1-67891233-abcdef012345678912345678;Lineage=9fa5c9e6:1', 0)
    >>> stepped(header, arn)[1]
    1
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from localcloud.identifiers import hexadecimal

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

#: The values of RecursiveLoop.
ALLOW, TERMINATE = "Allow", "Terminate"

#: "Lambda stops your function's invocations when it has been invoked approximately 16 times in the same chain".
MOST_RUNS = 16
_PART = re.compile(r"(?:^|;)\s*Lineage=([^;\s]*)")


def stepped(header: str | None, arn: str) -> tuple[str, int]:
    """The trace header of a run, and how often the function has run in its chain before.

    Args:
        header: The caller's X-Amzn-Trace-Id. None begins a chain that is not sampled.
        arn: The function's ARN without a qualifier.
    """
    runs = _read(header)
    key = hashlib.sha256(arn.encode()).hexdigest()[:8]
    before = runs.get(key, 0)
    lineage = "+".join(f"{name}:{count}" for name, count in {**runs, key: before + 1}.items())
    rest = _PART.sub("", header or f"Root=1-{hexadecimal(8)}-{hexadecimal(24)};Sampled=0").strip(";")
    return f"{rest};Lineage={lineage}", before


def recursive_loop(latest: LambdaFunction) -> str:
    """A function's RecursiveLoop.

    Args:
        latest: Its version ``$LATEST``. What belongs to the function as a whole is there.
    """
    found: str = latest.__dict__.get("recursive_loop", TERMINATE)
    return found


def _read(header: str | None) -> dict[str, int]:
    """The runs in a header by their function. What is not of this form is left out."""
    found = _PART.search(header or "")
    pairs = re.findall(r"([0-9a-f]{8}):(\d{1,4})(?=\+|$)", found[1]) if found else []
    return {name: int(count) for name, count in pairs}
