"""ListTrainingJobsForHyperParameterTuningJob: filters, sorts and pages a tuning job's trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.sagemaker import pages

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
    key, largest_first = pages.order("Trials", _SORTS, asked, by="Name", first="Ascending")
    status = asked.get("StatusEquals")
    found = [one for one in summaries if status in (None, one["TrainingJobStatus"])]
    if asked.get("SortBy") == "FinalObjectiveMetricValue":  # "jobs that did not return this metric are not listed"
        found = [one for one in found if _OBJECTIVE in one]
    return pages.page("TrainingJobSummaries", sorted(found, key=key, reverse=largest_first), asked)
