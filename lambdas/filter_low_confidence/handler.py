"""filterLowConfidence: passes an answer whose highest probability reaches the threshold, and raises an error otherwise.

The threshold is the execution's ``confidence_threshold``, or else the function's CONFIDENCE_THRESHOLD. It is inclusive:
with the threshold 0.8, the probability 0.8 passes. If the model has a class for what is none of the others, OTHER_CLASS
has its name. An image whose most probable class is that one never passes, whatever the threshold is. The state machine
sends {"execution": {…}, "input": …} (event.json). The input is the output of classifyImage.
"""

import json
import os
from datetime import UTC, datetime

from envelope import InvalidInputError, opened


class InvalidThresholdError(Exception):
    """The threshold is not a number from 0 to 1."""


class ThresholdConfidenceNotMet(Exception):
    """The highest probability is below the threshold."""


class NotOneOfTheClasses(Exception):
    """The image is most probably of none of the wanted classes."""


def handler(event, context):
    log = {"function": "filterLowConfidence", "execution": None}
    try:
        log["execution"], started_at, request = opened(event)
        result = judge(request)
    except Exception as error:
        print(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "message": str(error)}))
        raise
    print(json.dumps({"level": "INFO", **log, **result}))
    return result | {"processing_time_ms": milliseconds_since(started_at)}


def judge(request):
    """The execution's output, without processing_time_ms."""
    probabilities = request.get("class_probabilities") if isinstance(request, dict) else None
    if not isinstance(probabilities, dict) or not probabilities or not all(map(is_fraction, probabilities.values())):
        raise InvalidInputError("the input has no valid class_probabilities; send the output of classifyImage")
    limit = threshold(request)
    label, confidence = max(probabilities.items(), key=lambda item: item[1])
    if label == os.environ.get("OTHER_CLASS"):
        raise NotOneOfTheClasses(
            f"NOT_ONE_OF_THE_CLASSES: the model is {confidence:.2f} sure of {label}: the image is none of "
            f"{named([name for name in probabilities if name != label])}; no threshold lets it pass, so send an image "
            "of one of them, or train with images like this one"
        )
    if confidence < limit:
        sure, least = rounded(confidence, limit)
        raise ThresholdConfidenceNotMet(
            f"THRESHOLD_CONFIDENCE_NOT_MET: the model is {sure} sure of {label}; the threshold is {least}"
        )
    found = {"image_processed": True, "image_url": request.get("image_url"), "classification": label}
    found |= {"confidence_score": confidence, "passed_threshold": True, "threshold": limit}
    return found | {"class_probabilities": probabilities, "model": request.get("model")}


def named(classes):
    """The names of classes, or the number of many."""
    return ", ".join(classes) if len(classes) <= 20 else f"the model's {len(classes)} classes"


def rounded(confidence, limit):
    """Both numbers for people, with the same decimals: two, or as many as the threshold has and as tell them apart."""
    for digits in range(2, 17):
        sure, least = f"{confidence:.{digits}f}", f"{limit:.{digits}f}"
        if float(sure) < float(least) == limit:
            return sure, least
    return repr(confidence), repr(limit)


def threshold(request):
    """The execution's threshold. If it is missing or null, the function's."""
    name, given = "confidence_threshold", request.get("confidence_threshold")
    if given is None:
        name = "CONFIDENCE_THRESHOLD"
        try:
            given = float(os.environ[name])
        except ValueError:
            given = os.environ[name]
    if not is_fraction(given):
        hint = "; 80 percent is 0.8" if type(given) in (int, float) and 1 < given <= 100 else ""
        raise InvalidThresholdError(f"{name} is {ascii(given)[:100]}, not a number from 0 to 1{hint}")
    return given


def is_fraction(value):
    """Whether a JSON value is a number from 0 to 1. True, false and NaN are not."""
    return type(value) in (int, float) and 0 <= value <= 1


def milliseconds_since(moment):
    """The time since a moment, in milliseconds. None if there is no moment, because there is no execution."""
    if moment is None:
        return None
    return max(0, round((datetime.now(UTC) - moment).total_seconds() * 1000))
