"""What a request says of itself before anybody has parsed it: the service that it was signed for, and its operation.

Example::

    >>> signed = {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=local/20260102/eu-west-1/sagemaker/aws4_request"}
    >>> scope(signed)
    ('eu-west-1', 'sagemaker')
    >>> asked(signed | {"HTTP_X_AMZ_TARGET": "SageMaker.CreateModel"})
    'sagemaker CreateModel'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def scope(environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """Region and service of the scope that a request was signed for, by header or by query; None without one."""
    signed = f"{environ.get('HTTP_AUTHORIZATION', '')} {environ.get('QUERY_STRING', '')}".replace("%2F", "/")
    found = re.search(r"Credential=[^/]*/\d+/([^/]+)/([^/]+)/", signed)
    return (found[1], found[2]) if found else None


def asked(environ: Mapping[str, Any]) -> str:
    """What a request asks for: ``sagemaker CreateModel`` where it says so, else ``s3 PUT /bucket/key``."""
    _, service = scope(environ) or ("", "-")
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return f"{service} {target}" if target else f"{service} {environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
