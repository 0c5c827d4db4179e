"""Writes a result over an earlier one, and never over a later one, however many write at the same time.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import json

from botocore.exceptions import ClientError

CHANGED = ("PreconditionFailed", "ConditionalRequestConflict")
WRITES = 5  # while others write; then the queue delivers the message again


class NotWrittenError(Exception):
    """The result cannot be written where it belongs."""


def write(s3, bucket, key, found):
    """Write a result, unless there is a later one. Returns when that ended, else None."""
    place, expected = {"Bucket": bucket, "Key": key}, {"IfNoneMatch": "*"}
    body = {"Body": json.dumps(found, indent=2).encode(), "ContentType": "application/json"}
    for _ in range(WRITES):
        try:
            s3.put_object(**place, **body, **expected)
        except ClientError as error:
            if error.response["Error"]["Code"] not in CHANGED:
                raise
        else:
            return None
        there = s3.get_object(**place)
        ended = ended_at(there["Body"].read(), f"s3://{bucket}/{key}")
        if ended >= found["ended_at"]:
            return ended if ended > found["ended_at"] else None
        expected = {"IfMatch": there["ETag"]}
    raise NotWrittenError(
        f"s3://{bucket}/{key} was written by others {WRITES} times; the queue delivers this end again"
    )


def ended_at(content, uri):
    """When the execution of a result that is there ended."""
    try:
        return json.loads(content)["ended_at"] + ""
    except (KeyError, TypeError, ValueError):
        raise NotWrittenError(f"{uri} is no result; move it away, then run: invoke inbox.retry") from None
