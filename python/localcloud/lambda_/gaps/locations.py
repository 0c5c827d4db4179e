"""The package of a function or of a layer version can be downloaded from its Location for ten minutes.

moto: ``awslambda/models.py``, ``LambdaFunction.get_code`` and ``LayerVersion.get_layer_version`` name places that do
not exist.

AWS: Code.Location is a presigned URL of S3, in a bucket of Lambda's own, and so is a layer version's Content.Location
(AWS Lambda API Reference, FunctionCodeLocation: "A presigned URL that you can use to download the deployment package",
LayerVersionContentOutput; boto3's example has X-Amz-Expires=600). Here it is at the local cloud's endpoint, signed by
the account's root user. The URL has the package's digest as its version, so it stays good after an update.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.s3.exceptions import MissingKey
from moto.s3.responses import S3Response

from localcloud.context import Context
from localcloud.durability.blobs import Blobs
from localcloud.iam.principals import ROOT_KEY

EXPIRES = 600  # seconds
BUCKET = re.compile(r"(awslambda-[a-z0-9-]+-(tasks|layers))")
FOLDER = "snapshots"


def install(context: Context) -> None:
    """Name places that exist, and serve them."""
    get_code, get_layer_version = LambdaFunction.get_code, LayerVersion.get_layer_version
    get_object, head_object = S3Response.get_object, S3Response.head_object

    def code_of(self: LambdaFunction) -> dict[str, Any]:
        found: dict[str, Any] = get_code(self)
        if found.get("Code", {}).get("RepositoryType") == "S3" and self.code_bytes:
            context.blobs.put(self.code_sha_256, self.code_bytes)
            link = _link(context, f"awslambda-{self.region}-tasks", self.account_id, self.function_name, self)
            found["Code"] = {"RepositoryType": "S3", "Location": link}
        return found

    def layer_version(self: LayerVersion) -> dict[str, Any]:
        found: dict[str, Any] = get_layer_version(self)
        if self.code_bytes:
            context.blobs.put(self.code_sha_256, self.code_bytes)
            link = _link(context, f"awslambda-{self.region}-layers", self.account_id, self.name, self)
            found["Content"] = {**found["Content"], "Location": link}
        return found

    def served_object(self: S3Response) -> Any:
        if not BUCKET.fullmatch(self.bucket_name):
            return get_object(self)
        content = _content(context.blobs, self)
        return 200, _headers(content), content

    def served_head(self: S3Response, bucket_name: str, *given: Any, **named: Any) -> Any:
        if not BUCKET.fullmatch(bucket_name):
            return head_object(self, bucket_name, *given, **named)
        return 200, _headers(_content(context.blobs, self)), ""

    LambdaFunction.get_code, LayerVersion.get_layer_version = code_of, layer_version
    S3Response.get_object, S3Response.head_object = served_object, served_head


def _link(context: Context, bucket: str, account: str, name: str, packaged: LambdaFunction | LayerVersion) -> str:
    """The presigned URL of a package."""
    digest = base64.b64decode(packaged.code_sha_256)
    path = f"{bucket}/{FOLDER}/{account}/{name}-{digest.hex()[:32]}"
    version = urlencode({"versionId": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()})
    request = AWSRequest("GET", f"{context.endpoint}/{path}?{version}")
    S3SigV4QueryAuth(Credentials(ROOT_KEY, context.root_secret), "s3", packaged.region, EXPIRES).add_auth(request)
    return str(request.url)


def _content(blobs: Blobs, request: S3Response) -> bytes:
    """The package that a request is for.

    Raises:
        MissingKey: There is none.
    """
    version = (request.querystring.get("versionId") or [""])[0]
    try:
        digest = base64.urlsafe_b64decode(version + "=" * (-len(version) % 4))
        return blobs.get(base64.b64encode(digest).decode())
    except (binascii.Error, KeyError):
        raise MissingKey() from None


def _headers(content: bytes) -> dict[str, str]:
    return {"content-type": "application/zip", "content-length": str(len(content)), "accept-ranges": "bytes"}
