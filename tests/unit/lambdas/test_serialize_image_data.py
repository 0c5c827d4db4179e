"""serializeImageData finds the object, accepts only a whole image, and refuses everything else."""

import base64
import contextlib
import io
import json
import random
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from PIL import Image

from imageclassification.imagefile import MOST_PIXELS

EXECUTION = {"name": "run-1", "started_at": "2026-01-28T12:09:35.872Z"}


@pytest.fixture
def module(load):
    return load("serialize_image_data")


@pytest.fixture
def stored(module, stub):
    """A function that puts one object into S3. It may be read only once."""

    def stored(content, bucket="photos", key="images/bicycle.png", length=None):
        body = StreamingBody(io.BytesIO(content), len(content))
        answer = {"Body": body, "ContentLength": len(content) if length is None else length}
        stub(module.s3).add_response("get_object", answer, {"Bucket": bucket, "Key": key})

    return stored


def test_gives_the_image_in_base64_with_all_that_the_contract_names(module, stored, encode):
    content = encode()
    stored(content)
    found = module.handler({"execution": EXECUTION, "input": {"image_url": "s3://photos/images/bicycle.png"}}, None)
    assert base64.b64decode(found.pop("image_data")) == content
    assert found == {
        "image_url": "s3://photos/images/bicycle.png",
        "s3_bucket": "photos",
        "s3_key": "images/bicycle.png",
        "content_type": "image/png",
        "inferences": [],
    }


@pytest.mark.parametrize(
    "event",
    [
        {"s3_bucket": "photos", "s3_key": "images/bicycle.png"},
        {"image_data": "", "s3_bucket": "photos", "s3_key": "images/bicycle.png", "Comment": "as the course has it"},
        {"image_url": "s3://photos/images/bicycle.png", "s3_bucket": "photos", "s3_key": "images/bicycle.png"},
        {"execution": EXECUTION, "input": {"s3_bucket": "photos", "s3_key": "images/bicycle.png"}},
    ],
)
def test_takes_every_form_of_the_input(module, stored, encode, event):
    stored(encode())
    assert module.handler(event, None)["image_url"] == "s3://photos/images/bicycle.png"


def test_the_sample_event_is_taken(module, stored, encode):
    event = json.loads(Path(module.__file__).with_name("event.json").read_text())
    event["input"]["image_url"] = "s3://photos/images/bicycle.png"
    stored(encode())
    assert module.handler(event, None)["confidence_threshold"] == 0.8


@pytest.mark.parametrize("threshold", [0, 0.5, "0.8", True, [1]])
def test_passes_a_threshold_on_as_it_was_given_since_the_filter_judges_it(module, stored, encode, threshold):
    stored(encode())
    event = {"image_url": "s3://photos/images/bicycle.png", "confidence_threshold": threshold}
    assert module.handler(event, None)["confidence_threshold"] is threshold


@pytest.mark.parametrize(
    "key",
    [
        "a b/c+d%20e.png",
        "räder/自転車 🚲.png",
        "a//b.png",
        "what?versionId=1#part.png",
        "a\u00a0b\u202f.png",
        "..png",
        "k" * 1024,
    ],
)
def test_takes_a_key_literally(module, stored, encode, key):
    stored(encode(), key=key)
    assert module.handler({"image_url": f"s3://photos/{key}"}, None)["s3_key"] == key


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "s3://photos/images/bicycle.png",
        7,
        {},
        {"image_url": None},
        {"image_url": ""},
        {"image_url": 5},
        {"image_url": ["s3://photos/a.png"]},
        {"image_url": "photos/a.png"},
        {"image_url": "S3://photos/a.png"},
        {"image_url": " s3://photos/a.png"},
        {"image_url": "https://photos.s3.amazonaws.com/a.png"},
        {"image_url": "arn:aws:s3:::photos/a.png"},
        {"image_url": "file:///etc/passwd"},
        {"image_url": "s3:///a.png"},
        {"image_url": "s3://photos"},
        {"image_url": "s3://photos/"},
        {"image_url": "s3://Photos/a.png"},
        {"image_url": "s3://photos@elsewhere/a.png"},
        {"image_url": "s3://" + "b" * 64 + "/a.png"},
        {"image_url": "s3://photos/../private/a.png"},
        {"image_url": "s3://photos/images/.."},
        {"image_url": "s3://photos/./a.png"},
        {"image_url": "s3://photos/a\n.png"},
        {"image_url": "s3://photos/a\x00.png"},
        {"image_url": "s3://photos/\ud800.png"},
        {"image_url": "s3://photos/" + "k" * 1025},
        {"image_url": "s3://photos/" + "é" * 513},
        {"image_url": "s3://photos/" + "k" * 200_000},
        {"s3_bucket": "photos"},
        {"s3_key": "a.png"},
        {"s3_bucket": "photos", "s3_key": ""},
        {"s3_bucket": "", "s3_key": "a.png"},
        {"s3_bucket": {"$ne": 1}, "s3_key": "a.png"},
        {"s3_bucket": "arn:aws:s3:us-east-1:123456789012:accesspoint/photos", "s3_key": "a.png"},
        {"image_url": "s3://photos/a.png", "s3_bucket": "photos", "s3_key": "b.png"},
        {"image_url": "s3://photos/a.png", "s3_key": "a.png"},
        {"image_url": "nonsense", "s3_bucket": "photos", "s3_key": "a.png"},
        {"execution": EXECUTION, "input": "s3://photos/a.png"},
    ],
    ids=lambda event: ascii(event)[:60],
)
def test_refuses_an_input_that_does_not_name_one_image_before_reading_anything(module, stub, refuses, event):
    stub(module.s3)  # the client has no answers, so any call fails
    refuses("InvalidInputError", module.handler, event, None)


def test_says_which_two_images_disagreeing_forms_name(module, refuses):
    event = {"image_url": "s3://photos/a.png", "s3_bucket": "photos", "s3_key": "b.png"}
    refuses("InvalidInputError", module.handler, event, None, match=r"s3://photos/a\.png.*s3://photos/b\.png")


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket", "InvalidObjectState"])
def test_an_object_that_cannot_be_had_is_not_found(module, stub, refuses, code):
    stub(module.s3).add_client_error("get_object", code, "the reason", http_status_code=404)
    reason = rf"s3://photos/a\.png cannot be read.*{code}.*the reason"
    refuses("ImageNotFoundError", module.handler, {"image_url": "s3://photos/a.png"}, None, match=reason)


def test_an_object_that_may_not_be_read_is_refused_with_what_would_allow_it(module, stub, refuses):
    """It is not called missing: after the policy was mended, another try passes."""
    stub(module.s3).add_client_error("get_object", "AccessDenied", "Access Denied", http_status_code=403)
    event = {"image_url": "s3://photos/a.png"}
    reason = r"s3://photos/a\.png cannot be read.*AccessDenied.*image_buckets"
    refuses("ImageRefusedError", module.handler, event, None, match=reason)


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("RequestTimeout", 400)])
def test_what_can_pass_has_the_name_that_is_retried(module, refuses, monkeypatch, code, status):
    def get_object(**_):
        answer = {"Error": {"Code": code, "Message": "wait"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "GetObject")

    monkeypatch.setattr(module.s3, "get_object", get_object)
    refuses("EndpointUnavailableError", module.handler, {"image_url": "s3://photos/a.png"}, None, match=code)


def test_a_body_that_stops_coming_can_pass(module, refuses, monkeypatch):
    class Broken:
        def read(self):
            raise ReadTimeoutError(endpoint_url="https://photos")

    monkeypatch.setattr(module.s3, "get_object", lambda **_: {"ContentLength": 1, "Body": Broken()})
    refuses("EndpointUnavailableError", module.handler, {"image_url": "s3://photos/a.png"}, None)


def test_refuses_an_object_over_the_endpoints_limit_without_reading_it(module, refuses, monkeypatch):
    class Unread:
        closed = False

        def close(self):
            self.closed = True

    body = Unread()
    monkeypatch.setattr(module.s3, "get_object", lambda **_: {"ContentLength": 6 * 1024 * 1024 + 1, "Body": body})
    refuses("ImageTooLargeError", module.handler, {"image_url": "s3://photos/a.png"}, None, match="6,291,457")
    assert body.closed


def test_an_image_too_large_for_a_state_is_left_to_the_next_step(module, stored, encode):
    stored(encode(size=(600, 600)))
    found = module.handler({"image_url": "s3://photos/images/bicycle.png"}, None)
    assert found["image_data"] is None
    assert found["content_type"] == "image/png"


@pytest.mark.parametrize(
    ("size", "threshold", "carried"),
    [
        (180_000, 0.8, True),
        (184_000, 0.8, True),
        (192_000, 0.8, False),
        (250_000, 0.8, False),
        (9_000, "x" * 250_000, False),
    ],
)
def test_what_a_state_carries_never_passes_262_144_bytes(module, stored, encode, size, threshold, carried):
    """The limit holds for large images, for long keys, and for thresholds that are not numbers."""
    key = "é" * 512
    stored(encode().ljust(size, b"x"), key=key)  # decoders ignore bytes after an image's end
    found = module.handler({"s3_bucket": "photos", "s3_key": key, "confidence_threshold": threshold}, None)
    assert (found["image_data"] is not None) is carried
    assert len(json.dumps({"execution": EXECUTION, "input": found}, ensure_ascii=False).encode()) < 262_144 - 4_096


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("PNG", {"mode": "L"}),
        ("PNG", {"mode": "P"}),
        ("PNG", {"mode": "1"}),
        ("PNG", {"mode": "RGBA", "optimize": True}),
        ("PNG", {"size": (1, 1)}),
        ("JPEG", {}),
        ("JPEG", {"mode": "L", "quality": 1}),
        ("JPEG", {"mode": "CMYK"}),
        ("JPEG", {"progressive": True, "size": (301, 199)}),
        ("JPEG", {"exif": b"Exif\x00\x00" + b"\xff\xd9\xff\xda" * 50, "comment": b"\xff\xd9"}),
    ],
    ids=str,
)
def test_reads_type_and_size_as_pillow_does(module, encode, kind, options):
    content = encode(kind, **options)
    found = module.Picture.of(content)
    with Image.open(io.BytesIO(content)) as oracle:
        assert (found.width, found.height) == oracle.size
        assert found.content_type == Image.MIME[oracle.format]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_refuses_an_image_that_is_cut_short_wherever_it_is_cut(module, encode, refuses, kind):
    content = encode(kind)
    for length in range(len(content)):
        refuses("InvalidImageError", module.Picture.of, content[:length], match=r"cut short|not a PNG or JPEG")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_garbled_bytes_never_end_in_an_unnamed_error(module, encode, kind):
    invalid = sys.modules["picture"].InvalidImageError
    generator = random.Random(7)
    whole = encode(kind, size=(8, 8))
    for _ in range(2_000):
        content = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        with contextlib.suppress(invalid):
            assert min(module.Picture.of(bytes(content))[1:]) > 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(50), "47 49 46"),
        (b"<html>", "it is not a PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"\xff\xd8\xff", "cut short"),
        (b"\xff\xd8\xff\xd9", "cut short"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffIHDR" + bytes(64), "cut short"),
    ],
)
def test_says_why_bytes_are_no_image(module, stored, refuses, content, reason):
    stored(content)
    event = {"image_url": "s3://photos/images/bicycle.png"}
    refuses("InvalidImageError", module.handler, event, None, match=reason)


def test_refuses_a_png_whose_pixels_were_changed(module, encode, refuses):
    content = bytearray(encode())
    content[len(content) // 2] ^= 1
    refuses("InvalidImageError", module.Picture.of, bytes(content), match="wrong checksum")


def test_refuses_a_small_file_that_would_unpack_into_gigabytes(module, stored, refuses):
    buffer = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    stored(buffer.getvalue())
    event = {"image_url": "s3://photos/images/bicycle.png"}
    refuses("ImageTooLargeError", module.handler, event, None, match="9000 x 9000")


@pytest.mark.parametrize("width", [5_000, 5_001])
def test_takes_as_many_pixels_as_the_endpoint_and_no_more(module, stored, refuses, width):
    """A picture between two limits would pass here and be refused by the endpoint, as another error."""
    buffer = io.BytesIO()
    Image.new("1", (width, MOST_PIXELS // 5_000)).save(buffer, "PNG")
    stored(buffer.getvalue())
    event = {"image_url": "s3://photos/images/bicycle.png"}
    if width == 5_000:
        assert module.handler(event, None)["content_type"] == "image/png"
    else:
        refuses("ImageTooLargeError", module.handler, event, None, match="the most is 50,000,000 pixels")


def test_logs_one_json_line_with_the_executions_name_and_no_image(module, stored, encode, capsys):
    content = encode()
    stored(content)
    module.handler({"execution": EXECUTION, "input": {"image_url": "s3://photos/images/bicycle.png"}}, None)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["execution"] == "run-1"
    assert len(line) < 400
    assert base64.b64encode(content).decode()[:20] not in line


def test_logs_the_error_that_it_raises_in_one_line(module, refuses, capsys):
    event = {"execution": EXECUTION, "input": {"image_url": "s3://photos/é\n"}}
    refuses("InvalidInputError", module.handler, event, None)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["level"], found["execution"], found["error"]) == ("ERROR", "run-1", "InvalidInputError")


@pytest.mark.parametrize("execution", [None, 5, "run-1", ["run-1"]])
def test_an_envelope_that_holds_no_execution_is_named_and_logged(module, refuses, capsys, execution):
    refuses("InvalidInputError", module.handler, {"execution": execution, "input": {}}, None, match="execution is")
    assert json.loads(capsys.readouterr().out)["error"] == "InvalidInputError"


@pytest.mark.parametrize("bucket", ["photos--x-s3", "photos--use1-az4--x-s3", "photos--xa-s3"])
def test_a_bucket_that_only_other_operations_can_read_is_refused_and_not_retried(module, refuses, bucket):
    refuses("InvalidInputError", module.handler, {"image_url": f"s3://{bucket}/a.png"}, None, match="bucket")
