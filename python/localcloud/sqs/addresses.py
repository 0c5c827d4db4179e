"""The queue that a request means: the region, the account and the name in its URL.

AWS: Amazon SQS Developer Guide, "Amazon SQS queue and message identifiers":
``https://sqs.REGION.amazonaws.com/ACCOUNT/NAME``. Older URLs have the hosts ``REGION.queue.amazonaws.com`` and, in
us-east-1, ``queue.amazonaws.com``. The local cloud's own URLs have no region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FIRST = "us-east-1"
_HOST = re.compile(r"(?:sqs\.(?P<new>[a-z0-9-]+)|(?:(?P<old>[a-z0-9-]+)\.)?queue)\.amazonaws\.com(\.cn)?(:\d+)?")
_URL = re.compile(r"(?P<origin>https?://(?P<host>[^/]*))(?P<path>/.*)?")
_PATH = re.compile(r"/(?P<account>\d{12})/[^/]+/?")


@dataclass(frozen=True)
class QueueAddress:
    """What a QueueUrl says of a queue.

    Attributes:
        origin: The scheme and host of a URL; empty if it is none.
        region: None if the host does not say it.
        account: None if the path does not say it.
    """

    name: str
    origin: str = ""
    region: str | None = None
    account: str | None = None


def read(text: str) -> QueueAddress:
    """Read a QueueUrl, the path of one, or a queue's name.

    Example::

        >>> read("https://sqs.eu-west-1.amazonaws.com/123456789012/images")  # doctest: +NORMALIZE_WHITESPACE
        QueueAddress(name='images', origin='https://sqs.eu-west-1.amazonaws.com', region='eu-west-1',
                     account='123456789012')
        >>> read("http://127.0.0.1:5566/123456789012/images").region is None
        True
        >>> read("images")
        QueueAddress(name='images', origin='', region=None, account=None)
    """
    url = _URL.fullmatch(text)
    origin, path = (url["origin"], url["path"] or "") if url else ("", text)
    host = _HOST.fullmatch(url["host"]) if url else None
    region = (host["new"] or host["old"] or FIRST) if host else None
    owner = _PATH.fullmatch(path)
    return QueueAddress(path.rstrip("/").rpartition("/")[2], origin, region, owner["account"] if owner else None)
