"""GetObject of a whole object, answered without moto's responses: functions do little else with S3.

moto reads such a request several times over, which takes three times as long as everything else about it. The headers
of the answer are moto's. A request that asks for more than an object or a version of it, and one that has no such
answer, goes to moto.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.s3.models import ARCHIVE_STORAGE_CLASSES, s3_backends
from moto.utilities.aws_headers import gen_amzn_requestid_long

from localcloud.direct import DirectAnswer

#: The parameters that change nothing but which version and which headers are meant.
PLAIN = frozenset({"Bucket", "Key", "VersionId", "ChecksumMode"})
#: Requests of web pages have headers of their own in the answer, and whoever has not signed is judged by ACLs.
SIGNED, OF_A_PAGE = "HTTP_AUTHORIZATION", "HTTP_ORIGIN"


def object_of(environ: Mapping[str, Any], parameters: Mapping[str, Any]) -> DirectAnswer | None:
    """The answer to an allowed GetObject; None if it is moto's to give."""
    asked = {name for name, value in parameters.items() if value is not None}
    if not asked <= PLAIN or SIGNED not in environ or OF_A_PAGE in environ:
        return None
    name = parameters["Bucket"]
    if name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[name]
    backend = s3_backends[account][partition]
    if backend.get_bucket(name).logging:  # moto writes the access log
        return None
    key = backend.get_object(name, parameters["Key"], version_id=parameters.get("VersionId"))
    if key is None or key.storage_class in ARCHIVE_STORAGE_CLASSES:
        return None
    headers = {} if key.version_id == "null" else {"x-amz-version-id": key.version_id}
    headers |= key.response_dict
    if parameters.get("ChecksumMode") == "ENABLED" and key.checksum_algorithm:
        parts = f"-{key.checksum_parts}" if key.checksum_type == "COMPOSITE" else ""
        headers[f"x-amz-checksum-{key.checksum_algorithm.lower()}"] = f"{key.checksum_value}{parts}"
        if key.checksum_type:
            headers["x-amz-checksum-type"] = key.checksum_type
    headers |= {**key.metadata, "Accept-Ranges": "bytes"}
    if "content-type" not in {header.lower() for header in headers}:
        return None
    gen_amzn_requestid_long(headers)
    return 200, headers, key.value
