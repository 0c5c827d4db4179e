"""PutBucketVersioning and PutBucketOwnershipControls refuse a body that says nothing.

moto: ``s3/responses.py``, ``S3Response._bucket_response_put`` answers 404 without a word if there is no Status, and
``_ownership_rule_from_body`` fails if there is no Rule.

AWS: IllegalVersioningConfigurationException and MalformedXML (Amazon S3 API Reference, "Error responses").
"""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import MalformedXML, S3ClientError
from moto.s3.responses import S3Response


class NoStatus(S3ClientError):
    code = 400

    def __init__(self) -> None:
        super().__init__("IllegalVersioningConfigurationException", "The Versioning element must be specified")


def apply() -> None:
    """Wrap moto's function."""
    put = S3Response._bucket_response_put

    def checked(self: S3Response, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "versioning" in querystring and b"<Status>" not in self.body:
            raise NoStatus
        if "ownershipControls" in querystring and b"<Rule>" not in self.body:
            raise MalformedXML
        return put(self, request, bucket_name, querystring)

    S3Response._bucket_response_put = checked
