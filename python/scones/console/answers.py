"""What an execution has answered, in a sentence, with the probability of every class.

Example::

    >>> outputs = ['{"class_probabilities": {"bicycle": 0.97, "motorcycle": 0.03}}']
    >>> end = {"status": "SUCCEEDED",
    ...        "output": '{"classification": "bicycle", "confidence_score": 0.97, "threshold": 0.8}'}
    >>> found = of(end, outputs)
    >>> found.verdict, found.sentence, found.probabilities["bicycle"]
    ('passed', 'This is a bicycle: the model is 97 % sure, and 80 % are enough.', 0.97)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scones.dataset.labels import wanted
from scones.service import workflow

PASSED, REFUSED, FOREIGN, FAILED, RUNNING = "passed", "refused", "foreign", "failed", "running"

MANY = 8  # classes that a sentence names


@dataclass(frozen=True)
class ExecutionAnswer:
    """What an execution has answered.

    Attributes:
        verdict: :data:`PASSED`; :data:`REFUSED`, because the model was not sure enough; :data:`FOREIGN`, because the
            image is of none of the classes; :data:`FAILED`; or :data:`RUNNING`.
        label: The most probable class. None without an answer of the model.
        confidence: Its probability, 0 to 1.
        threshold: The least confidence that passes. None if none does.
        probabilities: The probability of each class.
    """

    verdict: str
    sentence: str
    label: str | None = None
    confidence: float | None = None
    threshold: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)


def of(described: Mapping[str, Any], outputs: Iterable[str | None] = ()) -> ExecutionAnswer:
    """The answer of an execution.

    Args:
        described: DescribeExecution's answer.
        outputs: The outputs of its states, as JSON texts. One of them has the probabilities.
    """
    chances = next(filter(None, map(_probabilities, outputs)), {})
    status = described["status"]
    if status == "SUCCEEDED":
        output = read(described.get("output"))
        if "classification" not in output:
            return ExecutionAnswer(PASSED, "It has succeeded.", probabilities=chances)
        label, sure, least = output["classification"], output["confidence_score"], output["threshold"]
        sentence = f"This is {_named(label)}: the model is {_percent(sure)} sure, and {_percent(least)} are enough."
        return ExecutionAnswer(PASSED, sentence, label, sure, least, chances or _probabilities(described.get("output")))
    outcome = workflow.ExecutionOutcome(
        described.get("executionArn", ""),
        status,
        error=described.get("error"),
        cause=described.get("cause"),
    )
    if answer := workflow.refused(outcome):
        if answer.threshold is None:
            verdict, sentence = FOREIGN, _none_of(wanted(tuple(chances)), answer.confidence)
        else:
            verdict, sentence = (
                REFUSED,
                (
                    f"Refused: not sure enough. The model thinks that it is {_named(answer.label)}, but it is only "
                    f"{_percent(answer.confidence)} sure, and {_percent(answer.threshold)} are needed."
                ),
            )
        return ExecutionAnswer(verdict, sentence, answer.label, answer.confidence, answer.threshold, chances)
    if status in ("RUNNING", "PENDING_REDRIVE"):
        return ExecutionAnswer(RUNNING, "It runs.", probabilities=chances)
    return ExecutionAnswer(FAILED, f"No answer. {workflow.explain(outcome)}", probabilities=chances)


def _probabilities(text: str | None) -> dict[str, float]:
    if text is None or "class_probabilities" not in text:
        return {}
    found = read(text).get("class_probabilities")
    return {str(name): float(value) for name, value in found.items()} if isinstance(found, dict) else {}


def read(text: str | None) -> dict[str, Any]:
    """A JSON object; empty if the text is none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _none_of(classes: tuple[str, ...], sure: float) -> str:
    """What is said of an image that is of none of the classes.

    Example::

        >>> _none_of(("bicycle", "apple"), 0.97)
        'Refused: this is neither a bicycle nor an apple. The model is 97 % sure of that.'
    """
    names = [_named(name) for name in classes]
    few = f"neither {' nor '.join(names)}" if len(names) == 2 else f"none of {', '.join(classes)}"
    what = few if 2 <= len(names) <= MANY else "none of the classes"
    return f"Refused: this is {what}. The model is {_percent(sure)} sure of that."


def _percent(share: float) -> str:
    """A share in percent, with the digits that tell it from a threshold.

    Example::

        >>> _percent(0.97), _percent(0.7996)
        ('97 %', '79.96 %')
    """
    return f"{round(100 * share, 2):g} %"


def _named(label: str) -> str:
    """A class with its article.

    Example::

        >>> _named("bicycle"), _named("apple")
        ('a bicycle', 'an apple')
    """
    return f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"
