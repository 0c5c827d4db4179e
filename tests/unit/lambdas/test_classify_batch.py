"""classifyBatch gives a row for each image, with the answers, errors and messages of the three functions."""

import io
import json
import threading
import time
from pathlib import Path

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody

from scones.service.definition import images_a_child

ROOT = Path(__file__).resolve().parents[3]

ITEM = {"Key": "images/bicycle.png", "Etag": '"5eb63bbb"', "Size": 2412}


class Context:
    """Lambda's context, with the time that is left."""

    def __init__(self, left=60_000):
        self.left = left

    def get_remaining_time_in_millis(self):
        return self.left


class RawBody(io.BytesIO):
    """The body of an answer as urllib3 gives it."""

    def stream(self, **options):
        yield self.read()


class Cloud:
    """S3 and the endpoint. An object's key is what comes of it; a number is the first class's probability."""

    def __init__(self, picture):
        self.picture, self.asked, self.reads = picture, [], []
        self.variant = "AllTraffic"
        self.chances = None  # what the model says of every image, if it is not the key that says it
        self.lock, self.running, self.most = threading.Lock(), 0, 0

    def get_object(self, Bucket, Key):
        with self.lock:
            self.reads.append((Bucket, Key))
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.002)
        with self.lock:
            self.running -= 1
        content = {"text": b"hello", "empty": b"", "cut": self.picture[:40]}.get(Key.rpartition("/")[2], self.picture)
        if Key.endswith("missing"):
            raise ClientError(
                {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}, "GetObject"
            )
        return {"ContentLength": len(content), "Body": io.BytesIO(content)}

    def invoke_endpoint(self, **asked):
        with self.lock:
            self.asked.append(asked)
        name = asked["CustomAttributes"].rpartition("/")[2]
        if name == "down":
            raise EndpointConnectionError(endpoint_url="https://runtime.sagemaker")
        if name == "refused":
            wrong = {"Error": {"Code": "ModelError"}, "ResponseMetadata": {"HTTPStatusCode": 424}}
            raise ClientError(wrong | {"OriginalStatusCode": 400, "OriginalMessage": "bad picture"}, "InvokeEndpoint")
        first = float(name) if name[0].isdigit() else 0.9
        body = json.dumps(self.chances or [first, 1 - first]).encode()
        return {"Body": StreamingBody(io.BytesIO(body), len(body)), "InvokedProductionVariant": self.variant}


@pytest.fixture
def batch(load, encode):
    module = load("classify_batch")
    module.cloud = Cloud(encode())
    module.serialize_image_data.s3 = module.classify_image.s3 = module.classify_image.runtime = module.cloud
    return module


def event(*items, **given):
    return {"BatchInput": {"bucket": "bucket", "batch": "monday", **given}, "Items": list(items)}


def keys(*names):
    return [{"Key": f"images/{name}"} for name in names]


def rows(function, /, *items, **given):
    return function.handler(event(*items, **given), Context())["rows"]


def test_a_listings_objects_and_a_manifests_rows_have_rows_in_their_order(batch):
    manifest = {"s3_bucket": "photos", "s3_key": "a/0.85", "etag": "e2fc714c"}
    answer = batch.handler(event(ITEM, manifest), Context())
    assert answer["class_labels"] == ["bicycle", "motorcycle"]
    first, second = answer["rows"]
    assert first.pop("milliseconds") >= 0
    assert first == {
        "s3_bucket": "bucket",
        "s3_key": "images/bicycle.png",
        "etag": "5eb63bbb",
        "classification": "bicycle",
        "confidence_score": 0.9,
        "probabilities": [0.9, pytest.approx(0.1)],
        "passed_threshold": True,
        "error": None,
        "cause": None,
        "package_version": 3,
        "variant": "AllTraffic",
    }
    assert (second["s3_bucket"], second["s3_key"], second["etag"]) == ("photos", "a/0.85", "e2fc714c")
    assert second.keys() == {*first, "milliseconds"}


def test_an_unsure_answer_has_its_probabilities_and_its_error(batch):
    (low,) = rows(batch, *keys("0.3"))
    assert (low["classification"], low["confidence_score"], low["passed_threshold"]) == ("motorcycle", 0.7, False)
    assert low["probabilities"] == [0.3, 0.7]
    assert low["error"] == "ThresholdConfidenceNotMet"
    assert low["cause"] == "THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.70 sure of motorcycle; the threshold is 0.80"


def test_an_image_of_none_of_the_classes_has_its_row_and_its_error(batch, monkeypatch):
    monkeypatch.setenv("CLASS_LABELS", '["bicycle", "motorcycle", "other"]')
    monkeypatch.setenv("OTHER_CLASS", "other")
    batch.cloud.chances = [0.02, 0.01, 0.97]
    (row,) = rows(batch, *keys("cat"), confidence_threshold=0.1)
    assert (row["classification"], row["passed_threshold"]) == ("other", False)
    assert row["probabilities"] == [0.02, 0.01, 0.97]
    assert row["error"] == "NotOneOfTheClasses"
    assert row["cause"].startswith("NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other")


@pytest.mark.parametrize("threshold", [0.7, None])
def test_the_batchs_threshold_counts_and_without_one_the_functions(batch, threshold):
    (row,) = rows(batch, *keys("0.75"), confidence_threshold=threshold)
    assert row["passed_threshold"] is (threshold == 0.7)


@pytest.mark.parametrize(
    "item",
    [
        *keys("text", "empty", "cut", "missing", "refused", "../up", "new\nline", "\ud800.png", "x" * 1100),
        {"Key": ""},
        {"Key": 5},
        {},
        {"s3_bucket": "No Bucket", "s3_key": "a.png"},
        {"s3_bucket": ["b"], "s3_key": None},
    ],
    ids=lambda item: ascii(item)[:40],
)
def test_a_hostile_image_has_the_error_of_the_functions_and_the_others_their_answers(batch, item):
    """The error and the message are those of an execution of its own."""
    bucket, key = item.get("s3_bucket", "bucket"), item.get("s3_key", item.get("Key"))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is depends on the item
        batch.classify_image.handler(
            batch.serialize_image_data.handler({"s3_bucket": bucket, "s3_key": key}, None), None
        )
    before, row, after = rows(batch, *keys("0.9"), item, *keys("0.95"))
    assert (row["error"], row["cause"]) == (type(caught.value).__name__, str(caught.value))
    assert row["passed_threshold"] is False
    assert row["classification"] is row["probabilities"] is None
    assert (before["passed_threshold"], after["passed_threshold"]) == (True, True)
    json.dumps(row)


def test_a_threshold_that_is_none_is_every_images_error(batch):
    assert {row["error"] for row in rows(batch, *keys("0.9", "0.8"), confidence_threshold=80)} == {
        "InvalidThresholdError"
    }


def test_a_few_images_without_an_answer_are_rows_and_more_than_half_are_tried_again(batch, refuses):
    half = rows(batch, *keys("0.9", "down"))
    assert [row["error"] for row in half] == [None, "EndpointUnavailableError"]
    given = event(*keys("0.9", "down", "down"))
    refuses(
        "EndpointUnavailableError", batch.handler, given, Context(), match=r"2 of 3 images had no answer: endpoint "
    )


def test_refused_images_are_no_reason_to_try_again(batch):
    assert [row["error"] for row in rows(batch, *keys("text", "empty", "missing"))] == [
        "InvalidImageError",
        "InvalidImageError",
        "ImageNotFoundError",
    ]


@pytest.mark.parametrize(("classes", "images"), [(2, 40), (100, 40), (1000, 7)])
def test_the_rows_of_a_childs_images_fit_into_its_output(batch, monkeypatch, classes, images):
    """With keys as long as S3 has them, numbers as long as there are, and no answer that passes."""
    numbers = json.loads((ROOT / "terraform" / "stacks" / "service" / "batch.json").read_text())
    assert images_a_child(classes, numbers) == images
    monkeypatch.setenv("CLASS_LABELS", json.dumps([f"{number:064}" for number in range(classes)]))
    batch.cloud.chances = [1 - classes * 1.2345678901234567e-05, *[1.2345678901234567e-05] * (classes - 1)]
    names = [f"{number:04}".ljust(1024 - len("images/"), '"') for number in range(images)]
    answer = batch.handler(event(*keys(*names), confidence_threshold=1), Context())
    assert {row["error"] for row in answer["rows"]} == {"ThresholdConfidenceNotMet"}
    assert len(json.dumps(answer).encode()) < 256 * 1024


def test_no_image_is_begun_when_the_time_is_nearly_over(batch, refuses):
    refuses("EndpointUnavailableError", batch.handler, event(ITEM), Context(20_000), match="all of the function's time")
    assert batch.cloud.reads == []


@pytest.mark.parametrize("compared", [True, False])
def test_a_batch_is_of_the_pinned_model_while_another_one_is_compared_with_it(load, encode, monkeypatch, compared):
    """The client is botocore's own. The header is InvokeEndpoint's TargetVariant."""
    if compared:
        monkeypatch.setenv("CANDIDATE_PACKAGE", "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/4")
    module, sent = load("classify_batch"), []

    def answer(request, **about):
        sent.append(request.headers.get("X-Amzn-SageMaker-Target-Variant"))
        headers = {"x-Amzn-Invoked-Production-Variant": "AllTraffic"}
        return AWSResponse(request.url, 200, headers, RawBody(b"[0.9, 0.1]"))

    module.serialize_image_data.s3 = Cloud(encode())
    module.classify_image.runtime.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", answer)
    assert [row["classification"] for row in rows(module, *keys("a"))] == ["bicycle"]
    assert sent == [b"AllTraffic" if compared else None]


def test_no_row_is_of_a_candidate_that_the_function_does_not_know_yet(batch, refuses):
    batch.cloud.variant = "Candidate"
    refuses(
        "EndpointUnavailableError", batch.handler, event(ITEM), Context(), match="the variant Candidate has answered"
    )


def test_a_batch_of_nothing_has_no_rows(batch):
    assert rows(batch) == []


@pytest.mark.parametrize("given", [None, [], {}, {"BatchInput": {}}, {"BatchInput": [], "Items": []}, event("a")])
def test_what_is_no_batch_is_refused(batch, refuses, given):
    refuses("InvalidInputError", batch.handler, given, Context(), match="not of the form")


def test_images_are_asked_for_at_once_and_their_log_lines_stay_whole(batch, capfd):
    items = keys(*(f"0.{number}" for number in range(81, 99)), "text", "down")
    assert len(rows(batch, *items)) == 20
    assert 2 <= batch.cloud.most <= batch.THREADS
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert sum(line["function"] == "filterLowConfidence" for line in lines) == 18
    assert {line["execution"][:7] for line in lines[:-1]} == {"monday/"}
    assert lines[-1]["function"] == "classifyBatch"
    assert (lines[-1]["images"], lines[-1]["passed"], lines[-1]["batch"]) == (20, 18, "monday")


def test_an_image_has_the_same_name_in_every_run_and_another_in_another_batch(batch):
    rows(batch, *keys("0.9", "0.8"))
    rows(batch, *keys("0.9"))
    rows(batch, *keys("0.9"), batch="x" * 80)
    names = [asked["InferenceId"] for asked in batch.cloud.asked]
    assert len(set(names)) == 3
    assert sorted(names.count(name) for name in set(names)) == [1, 1, 2]
    assert all(len(name) <= 64 for name in names)
    assert {asked["CustomAttributes"] for asked in batch.cloud.asked} == {"images/0.9", "images/0.8"}


def test_the_sample_event_is_one(batch):
    sample = json.loads(Path(batch.__file__).with_name("event.json").read_text())
    sample["BatchInput"]["bucket"] = "bucket"
    listed, _ = rows(batch, *sample["Items"], **sample["BatchInput"])
    assert (listed["s3_bucket"], listed["passed_threshold"]) == ("bucket", True)
