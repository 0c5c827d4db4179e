"""serializeImageData: reads an object from S3, a whole PNG or JPEG, and returns it in base64.

The state machine sends {"execution": {…}, "input": …} (event.json).
"""

import base64
import json

import boto3
from address import locate, opened
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from limits import MAX_PIXELS  # a small file could unpack to gigabytes
from picture import Picture

MAX_BYTES = 6 * 1024 * 1024  # InvokeEndpoint's largest body
MAX_STATE = 262_144 - 8_192  # a state's largest output, less what Step Functions adds
s3 = boto3.client("s3", config=Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard"}))


class ImageNotFoundError(Exception):
    """The object does not exist."""


class ImageRefusedError(Exception):
    """This function may not read the object."""


class ImageTooLargeError(Exception):
    """The image is too large for the endpoint."""


class EndpointUnavailableError(Exception):
    """S3 did not answer. A later retry may succeed."""


def handler(event, context):
    log = {"function": "serializeImageData", "execution": None}
    try:
        log["execution"], request = opened(event)
        bucket, key = locate(request)
        url = f"s3://{bucket}/{key}"
        data = read(bucket, key, url, request.get("s3_version"))
        image = Picture.of(data)
        if image.width * image.height > MAX_PIXELS:
            raise ImageTooLargeError(f"{url} is {image.width} x {image.height}; the most is {MAX_PIXELS:,} pixels")
    except Exception as error:
        print(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "message": str(error)}))
        raise
    print(json.dumps({"level": "INFO", **log, "image_url": url, "bytes": len(data), **image._asdict()}))
    found = {"image_url": url, "s3_bucket": bucket, "s3_key": key, "content_type": image.content_type}
    found |= {"image_data": base64.b64encode(data).decode(), "inferences": []}
    found |= {name: request[name] for name in ("confidence_threshold", "s3_version") if request.get(name) is not None}
    if len(json.dumps(found)) > MAX_STATE:
        found["image_data"] = None  # classifyImage then reads the object from S3
    return found


def read(bucket, key, url, version):
    """The object's bytes, if they are not too many."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key, **({"VersionId": str(version)} if version else {}))
        if found["ContentLength"] > MAX_BYTES:
            found["Body"].close()
            raise ImageTooLargeError(f"{url} has {found['ContentLength']:,} bytes; the most is {MAX_BYTES:,}")
        return found["Body"].read()
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 429 or status >= 500 or code == "RequestTimeout":
            raise EndpointUnavailableError(f"S3 did not give {url}: {error}") from None
        refused, hint = ImageNotFoundError, ""
        if status == 403:  # this function may list the bucket, so a missing object is a 404
            refused, hint = ImageRefusedError, "; allow it in image_buckets or the policy of bucket or key"
        raise refused(f"{url} cannot be read: {error}{hint}") from None
    except BotoCoreError as error:
        raise EndpointUnavailableError(f"S3 did not give {url}: {error}") from None
