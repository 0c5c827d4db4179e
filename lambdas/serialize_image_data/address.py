"""Which object an execution's input names.

Keys are taken literally: S3's URIs have no percent-encoding, so that ``%20`` is three characters and ``+`` a plus.
Rules: Amazon S3 User Guide, "Bucket naming rules" and "Naming Amazon S3 objects".
"""

import re

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
FORMS = 'give {"image_url": "s3://BUCKET/KEY"} or {"s3_bucket": "BUCKET", "s3_key": "KEY"}'


class InvalidInputError(Exception):
    """The input does not name one image."""


def locate(request):
    """The bucket and key of the image; InvalidInputError says what is wrong with the input."""
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
            f"image_url and s3_bucket with s3_key name two images: {_short(url)}, {_short('s3://' + '/'.join(found))}"
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
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidInputError(f"the key {_short(key)} is not Unicode text") from None
    if length > 1024:
        raise InvalidInputError(f"the key {_short(key)} has {length:,} bytes; S3's keys have at most 1,024")
    # Tools disagree on what such keys mean, and some lead them to other objects.
    if {".", ".."} & set(key.split("/")) or any(ord(letter) < 32 or ord(letter) == 127 for letter in key):
        raise InvalidInputError(f"the key {_short(key)} has a '.' or '..' part or a control character")
    return bucket, key


def _short(value):
    """A value, on one line and not too long."""
    text = ascii(value)
    return text if len(text) <= 120 else f"{text[:120]}…"
