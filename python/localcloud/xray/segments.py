"""X-Ray's segments: the tracing header, and the segments that a service sends.

moto stores the segments that it receives (``xray/models.py``), but its services send none.

AWS: X-Ray Developer Guide, Segment documents, and Tracing header. There is one difference from AWS: every execution is
sampled. AWS's default rule samples one request a second and five percent of the others.

Example::

    >>> parsed("Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1")["Sampled"]
    '1'
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

from localcloud import log
from localcloud.iam.acting import Acting
from localcloud.iam.roles import AccessDenied
from localcloud.identifiers import hexadecimal

HEADER = "X-Amzn-Trace-Id"


def new_trace_id() -> str:
    """A new trace id: its version, the seconds since 1970, and 96 random bits, in hexadecimal."""
    return f"1-{int(time.time()):08x}-{hexadecimal(24)}"


def parsed(header: str | None) -> dict[str, str]:
    """The parts of a tracing header: Root, Parent and Sampled, if present."""
    return dict(re.findall(r"(Root|Parent|Sampled)=([^;\s]+)", header or ""))


def present(segment: dict[str, Any]) -> dict[str, Any]:
    """A segment without its empty fields.

    Example::

        >>> present({"name": "images", "parent_id": None})
        {'name': 'images'}
    """
    return {name: value for name, value in segment.items() if value is not None}


def send(role: Acting, needs: Sequence[str], segment: dict[str, Any]) -> None:
    """Send a segment in the role's name. If the role may not send it, the segment is lost, as on AWS."""
    from moto.xray.models import xray_backends

    try:
        role.require_often(needs)
    except AccessDenied as error:
        log.line(f"no trace of {segment['name']}: {error}")
        return
    xray_backends[role.account][role.region].process_segment(json.dumps(segment))
