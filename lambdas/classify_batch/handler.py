"""classifyBatch: reads, classifies and judges the images of a batch, as the three functions of the workflow do.

It calls their handlers, so an image has the same answer, error and message as in an execution of its own. The state
machine sends {"BatchInput": {…}, "Items": […]} (event.json). An item is an object of a listing, or a row of a manifest.
"""

import hashlib
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import classify_image
import filter_low_confidence
import serialize_image_data

THREADS = 4  # they wait for S3 and the endpoint; botocore's clients keep ten connections
LEAST_MS = 25_000  # no image is begun with less time left: S3 and the endpoint may each take two tries
REFUSALS = (filter_low_confidence.ThresholdConfidenceNotMet, filter_low_confidence.NotOneOfTheClasses)


class InvalidInputError(Exception):
    """The input is not a batch of items."""


class EndpointUnavailableError(Exception):
    """S3 or the endpoint did not answer for most of the images. A later retry may succeed."""


class EndpointRefusedError(Exception):
    """The endpoint does not exist, or this function may not invoke it."""


def say(line):
    """Prints in one piece, so that the lines of two threads do not mix."""
    sys.stdout.write(f"{line}\n")


def of_the_pinned_model(params, **about):
    """Sends a request of classifyImage to the pinned model's variant while a candidate is compared with it.

    The rows of a batch are of one model. classifyImage itself leaves the choice to the endpoint, for that is compared.
    So it has no such setting, nor room for one in its zip. On an endpoint of one variant, there is nothing to choose.
    """
    if "CANDIDATE_PACKAGE" in os.environ:
        params["TargetVariant"] = os.environ["PINNED_VARIANT"]


classify_image.runtime.meta.events.register(
    "before-parameter-build.sagemaker-runtime.InvokeEndpoint", of_the_pinned_model
)
for function in (serialize_image_data, classify_image, filter_low_confidence):
    function.print = say


def handler(event, context):
    log, begun = {"function": "classifyBatch", "batch": None}, time.monotonic()
    try:
        given, items = opened(event)
        log["batch"] = given.get("batch")
        with ThreadPoolExecutor(THREADS) as threads:
            rows = list(threads.map(lambda item: row(item, given, context), items))
        for refused in (EndpointUnavailableError, EndpointRefusedError):
            without = [one for one in rows if one["error"] == refused.__name__]
            if len(without) * 2 > len(rows):
                raise refused(f"{len(without)} of {len(rows)} images had no answer: {without[0]['cause']}")
    except Exception as error:
        say(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "message": str(error)}))
        raise
    passed = sum(one["passed_threshold"] for one in rows)
    say(json.dumps({"level": "INFO", **log, "images": len(rows), "passed": passed, "milliseconds": since(begun)}))
    return {"class_labels": json.loads(os.environ["CLASS_LABELS"]), "rows": rows}


def opened(event):
    """The batch's settings and its items."""
    given, items = (event.get(name) if isinstance(event, dict) else None for name in ("BatchInput", "Items"))
    if not (isinstance(given, dict) and isinstance(items, list) and all(isinstance(item, dict) for item in items)):
        raise InvalidInputError(f"the input is {ascii(event)[:120]}, not of the form {{BatchInput: {{…}}, Items: […]}}")
    return given, items


def row(item, given, context):
    """What became of one image."""
    begun = time.monotonic()
    bucket, key = item.get("s3_bucket", given.get("bucket")), item.get("s3_key", item.get("Key"))
    etag = item.get("etag", item.get("Etag", item.get("ETag")))
    found = {"s3_bucket": bucket, "s3_key": key, "etag": etag.strip('"') if isinstance(etag, str) else None}
    found |= {"classification": None, "confidence_score": None, "probabilities": None, "passed_threshold": False}
    found |= {"error": None, "cause": None, "package_version": None, "variant": None}
    try:
        found |= answer({"s3_bucket": bucket, "s3_key": key}, given, context)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this image's, and the others go on
        found |= {"error": type(error).__name__, "cause": str(error)}
    return found | {"milliseconds": since(begun)}


def answer(request, given, context):
    """The part of a row that the model's answer gives. It raises what the three functions raise."""
    if context is not None and context.get_remaining_time_in_millis() < LEAST_MS:
        raise EndpointUnavailableError("the images before this one took all of the function's time")
    request["confidence_threshold"] = given.get("confidence_threshold")
    execution = {"name": name_of(given, request)}
    image = serialize_image_data.handler({"execution": execution, "input": request}, context)
    answered = classify_image.handler({"execution": execution, "input": image}, context)
    chances, model = answered["class_probabilities"], answered["model"]
    if model["variant"] != os.environ["PINNED_VARIANT"]:  # the endpoint has its candidate before this function knows
        raise EndpointUnavailableError(f"the variant {model['variant']} has answered: a comparison of models begins")
    label, confidence = max(chances.items(), key=lambda one: one[1])
    found = {"classification": label, "confidence_score": confidence, "probabilities": answered["inferences"]}
    found |= {"package_version": model["package_version"], "variant": model["variant"]}
    try:
        filter_low_confidence.handler({"execution": execution, "input": answered}, context)
    except REFUSALS as error:
        return found | {"error": type(error).__name__, "cause": str(error)}
    return found | {"passed_threshold": True}


def name_of(given, request):
    """An image's name in the logs and in the captured traffic: the same in every run of a batch."""
    image = hashlib.sha256(f"{request['s3_bucket']}/{request['s3_key']}".encode(errors="replace")).hexdigest()
    return f"{str(given.get('batch'))[:40]}/{image[:20]}"


def since(moment):
    return round((time.monotonic() - moment) * 1000)
