"""serializeImageData: reads an object from S3, proves that it is a whole PNG or JPEG, and passes it on in base64.

The input may stand alone or, from the state machine, come as {"execution": {…}, "input": …} (event.json).
"""

import base64
import json

import boto3
from address import locate
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from picture import Picture

MAX_BYTES = 6 * 1024 * 1024  # what InvokeEndpoint takes
MAX_PIXELS = 2**26  # a small file can unpack into gigabytes in the endpoint; 67 million pixels are 200 MB
MAX_STATE = 262_144 - 8_192  # what a state may carry, less room for what Step Functions puts around it
s3 = boto3.client("s3", config=Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard"}))


class ImageNotFoundError(Exception):
    """There is no such object, or it may not be read."""


class ImageTooLargeError(Exception):
    """The endpoint would not take the image."""


class EndpointUnavailableError(Exception):
    """S3 did not answer; trying again later may help."""


def handler(event, context):
    wrapped = isinstance(event, dict) and {"execution", "input"} <= event.keys()
    execution, request = (event["execution"], event["input"]) if wrapped else ({}, event)
    log = {"function": "serializeImageData", "execution": execution.get("name")}
    try:
        bucket, key = locate(request)
        url = f"s3://{bucket}/{key}"
        data = read(bucket, key, url)
        image = Picture.of(data)
        if image.width * image.height > MAX_PIXELS:
            raise ImageTooLargeError(f"{url} is {image.width} x {image.height}; the most is {MAX_PIXELS:,} pixels")
    except Exception as error:
        print(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "message": str(error)}))
        raise
    print(json.dumps({"level": "INFO", **log, "image_url": url, "bytes": len(data), **image._asdict()}))
    found = {"image_url": url, "s3_bucket": bucket, "s3_key": key, "content_type": image.content_type}
    found |= {"image_data": base64.b64encode(data).decode(), "inferences": []}
    if request.get("confidence_threshold") is not None:
        found["confidence_threshold"] = request["confidence_threshold"]
    if len(json.dumps(found)) > MAX_STATE:
        found["image_data"] = None  # classifyImage then reads the object itself
    return found


def read(bucket, key, url):
    """The object's bytes; its length is looked at before any of them is read."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
        if found["ContentLength"] > MAX_BYTES:
            found["Body"].close()
            raise ImageTooLargeError(f"{url} has {found['ContentLength']:,} bytes; the endpoint takes {MAX_BYTES:,}")
        return found["Body"].read()
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 429 or status >= 500 or code == "RequestTimeout":
            raise EndpointUnavailableError(f"S3 did not give {url}: {error}") from None
        hint = "; S3 says so too of an object that is not there" if code == "AccessDenied" else ""
        raise ImageNotFoundError(f"{url} cannot be read: {error}{hint}") from None
    except BotoCoreError as error:
        raise EndpointUnavailableError(f"S3 did not give {url}: {error}") from None
