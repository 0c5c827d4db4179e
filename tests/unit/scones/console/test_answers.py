"""Answers in sentences."""

import pytest

from scones.console import answers


def test_an_answer_below_the_threshold_is_refused_with_its_probabilities():
    cause = "THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.7996 sure of bicycle; the threshold is 0.80"
    end = {"status": "FAILED", "error": "ThresholdConfidenceNotMet", "cause": cause}
    found = answers.of(end, [None, "[1]", '{"class_probabilities": {"bicycle": 0.7996, "motorcycle": 0.2004}}'])
    assert found.verdict == "refused"
    assert "it is only 79.96 % sure, and 80 % are needed" in found.sentence
    assert (found.label, found.confidence, found.threshold) == ("bicycle", 0.7996, 0.8)
    assert found.probabilities == {"bicycle": 0.7996, "motorcycle": 0.2004}


def test_an_image_of_none_of_the_classes_has_a_verdict_of_its_own():
    cause = "NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other: the image is none of bicycle, motorcycle; no thr"
    end = {"status": "FAILED", "error": "NotOneOfTheClasses", "cause": cause}
    chances = '{"class_probabilities": {"bicycle": 0.02, "motorcycle": 0.01, "other": 0.97}}'
    found = answers.of(end, [None, chances])
    assert (found.verdict, found.label, found.confidence, found.threshold) == ("foreign", "other", 0.97, None)
    assert found.sentence == ("Refused: this is neither a bicycle nor a motorcycle. The model is 97 % sure of that.")
    assert answers.of(end).sentence.startswith("Refused: this is none of the classes."), "the list has no probabilities"


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_what_runs_has_no_answer_yet(status):
    assert answers.of({"status": status}).verdict == "running"


def test_another_failure_says_its_reason():
    found = answers.of({"status": "FAILED", "error": "InvalidImageError", "cause": "it is no picture"})
    assert (found.verdict, found.sentence) == ("failed", "No answer. InvalidImageError: it is no picture")


def test_another_state_machines_output_is_no_answer_of_the_model():
    assert answers.of({"status": "SUCCEEDED", "output": "[1, 2]"}).verdict == "passed"
