"""ListObjectVersions encodes keys if EncodingType is url.

moto: ``s3/responses.py``, ``S3Response.list_object_versions`` ignores ``encoding-type``. Terraform's provider asks for
it and decodes the keys. So it never found an object with a plus sign or a percent sign in its key, and could not empty
the bucket.

AWS: Amazon S3 API Reference, ListObjectVersions: KeyMarker, NextKeyMarker, Prefix, Key and Delimiter are encoded.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response

_MARKERS = ("KeyMarker", "NextKeyMarker", "Prefix", "Delimiter")


def apply() -> None:
    """Wrap moto's function."""
    serialize = S3Response.serialized

    def serialized(self: S3Response, action_result: ActionResult) -> Any:
        if self.data.get("Action") == "ListObjectVersions" and self.querystring.get("encoding-type") == ["url"]:
            action_result = ActionResult(encoded(action_result.result))
        return serialize(self, action_result)

    S3Response.serialized = serialized


def encoded(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with encoded keys.

    Example::

        >>> encoded({"Prefix": "a b/", "Versions": [{"Key": "a b/1+1.png"}], "DeleteMarkers": []})["Versions"]
        [{'Key': 'a%20b/1%2B1.png'}]
    """
    found = {**answer, **{name: quote(answer[name]) for name in _MARKERS if answer.get(name)}, "EncodingType": "url"}
    for name, member in (("Versions", "Key"), ("DeleteMarkers", "Key"), ("CommonPrefixes", "Prefix")):
        if name in answer:
            found[name] = [{**one, member: quote(one[member])} for one in answer[name]]
    return found
