"""ListTrainingJobsForHyperParameterTuningJob: filters, sorts and pages a tuning job's trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.sagemaker.exceptions import ValidationError

LIMIT = 10  # the default of MaxResults, according to the API reference
_OBJECTIVE = "FinalHyperParameterTuningJobObjectiveMetric"

_SORTS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "Name": lambda summary: summary["TrainingJobName"],
    "CreationTime": lambda summary: summary["CreationTime"],
    "Status": lambda summary: summary["TrainingJobStatus"],
    "FinalObjectiveMetricValue": lambda summary: summary[_OBJECTIVE]["Value"],
}


def page(summaries: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The action's answer: one page of trials.

    Args:
        summaries: Every trial's summary.
        asked: The action's parameters.

    Raises:
        ValidationError: SortBy, SortOrder or NextToken has an unknown value.

    Example::

        >>> trials = [{"TrainingJobName": name, "TrainingJobStatus": "Completed"} for name in ("t-2", "t-1", "t-3")]
        >>> page(trials[:2], {"MaxResults": 1})["TrainingJobSummaries"]
        [{'TrainingJobName': 't-1', 'TrainingJobStatus': 'Completed'}]
        >>> page(trials, {"MaxResults": 2})["NextToken"]
        '2'
    """
    by, order = asked.get("SortBy", "Name"), asked.get("SortOrder", "Ascending")
    if by not in _SORTS or order not in ("Ascending", "Descending"):
        raise ValidationError(
            f"Trials cannot be sorted by {by}, {order}: use {', '.join(_SORTS)} and Ascending or Descending."
        )
    status = asked.get("StatusEquals")
    found = [one for one in summaries if status in (None, one["TrainingJobStatus"])]
    if by == "FinalObjectiveMetricValue":  # "jobs that did not return this metric are not listed"
        found = [one for one in found if _OBJECTIVE in one]
    found.sort(key=_SORTS[by], reverse=order == "Descending")
    token, limit = asked.get("NextToken") or "0", asked.get("MaxResults") or LIMIT
    if not token.isdecimal():
        raise ValidationError(f"NextToken '{token}' is not from this action: use an answer's NextToken.")
    start = int(token)
    answer: dict[str, Any] = {"TrainingJobSummaries": found[start : start + limit]}
    if start + limit < len(found):
        answer["NextToken"] = str(start + limit)
    return answer
