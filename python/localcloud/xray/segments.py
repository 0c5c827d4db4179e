"""X-Ray's segments: how a trace is passed on, and how a service sends its part of it.

moto keeps segments that it is sent (``xray/models.py``), and nothing sends any.

AWS: X-Ray Developer Guide, Segment documents, and Tracing header. Otherwise than on AWS, whose default rule keeps one
request a second and five percent of the rest, every execution is sampled.

Example::

    >>> parsed("Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1")["Sampled"]
    '1'
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from typing import Any

from localcloud import log
from localcloud.iam.acting import Acting
from localcloud.iam.roles import AccessDenied

HEADER = "X-Amzn-Trace-Id"


def new_trace_id() -> str:
    """An id as X-Ray makes them: version, seconds since 1970, 96 random bits."""
    return f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"


def parsed(header: str | None) -> dict[str, str]:
    """The parts of a tracing header: Root, Parent, Sampled, as far as they are there."""
    return dict(re.findall(r"(Root|Parent|Sampled)=([^;\s]+)", header or ""))


def present(segment: dict[str, Any]) -> dict[str, Any]:
    """A segment without what it has no value for."""
    return {name: value for name, value in segment.items() if value is not None}


def send(role: Acting, needs: Sequence[str], segment: dict[str, Any]) -> None:
    """Put a segment in the role's name. A role that may not loses its traces, as on AWS, and nothing else."""
    from moto.xray.models import xray_backends

    try:
        for action in needs:
            role.require(action)
    except AccessDenied as error:
        log.line(f"no trace of {segment['name']}: {error}")
        return
    xray_backends[role.account][role.region].process_segment(json.dumps(segment))
