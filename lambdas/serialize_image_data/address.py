"""Finds the bucket and the key of the image in an execution's input.

Keys are taken literally: ``%20`` is three characters, and ``+`` is a plus.
Rules: Amazon S3 User Guide, "Bucket naming rules" and "Naming Amazon S3 objects".
"""

import re

BUCKET = re.compile(r"(?!.*--xa?-s3$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # no directory buckets
FORMS = 'give {"image_url": "s3://BUCKET/KEY"} or {"s3_bucket": "BUCKET", "s3_key": "KEY"}'


class InvalidInputError(Exception):
    """The input does not name one image."""


def opened(event):
    """The execution's name, if there is one, and the input."""
    if not (isinstance(event, dict) and {"execution", "input"} <= event.keys()):
        return None, event
    execution = event["execution"]
    if not isinstance(execution, dict):
        raise InvalidInputError(f"execution is {_short(execution)}, not an object")
    return execution.get("name"), event["input"]


def locate(request):
    """The bucket and key of the image, or InvalidInputError."""
    if not isinstance(request, dict):
        raise InvalidInputError(f"the input is not a JSON object but {_short(request)}; {FORMS}")
    url, bucket, key = (request.get(name) for name in ("image_url", "s3_bucket", "s3_key"))
    if bucket is None and key is None:
        if url is None:
            raise InvalidInputError(f"the input names no image; {FORMS}")
        return _checked(*_split(url))
    found = _checked(bucket, key)
    if url is not None and _split(url) != found:
        raise InvalidInputError(
            f"image_url is {_short(url)}, but s3_bucket and s3_key name {_short('s3://' + '/'.join(found))}; give one"
        )
    return found


def _split(url):
    if not isinstance(url, str) or not url.startswith("s3://"):
        raise InvalidInputError(f"image_url is {_short(url)}, not of the form s3://BUCKET/KEY")
    bucket, _, key = url[len("s3://") :].partition("/")
    return bucket, key


def _checked(bucket, key):
    if not isinstance(bucket, str) or not BUCKET.fullmatch(bucket):
        raise InvalidInputError(f"{_short(bucket)} is not the name of a bucket; {FORMS}")
    if not isinstance(key, str) or not key:
        raise InvalidInputError(f"{_short(key)} is not the key of an object; {FORMS}")
    if (length := len(key.encode(errors="surrogatepass"))) > 1024:
        raise InvalidInputError(f"the key {_short(key)} has {length:,} bytes; S3's keys have at most 1,024")
    # Some tools read such a key as the key of another object.
    if {".", ".."} & set(key.split("/")) or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", key):
        raise InvalidInputError(f"the key {_short(key)} has a '.' or '..' part or a control character")
    return bucket, key


def _short(value):
    """A value for a message, on one line, cut to 120 characters."""
    text = ascii(value)
    return text if len(text) <= 120 else f"{text[:120]}…"
