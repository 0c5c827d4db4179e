"""ListTransformJobs: filters, sorts and pages the jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.exceptions import ValidationError

from localcloud.sagemaker.transform.job import TransformJob

LIMIT = 10  # the default of MaxResults, according to the API reference

_SORTS: dict[str, Callable[[TransformJob], Any]] = {
    "Name": lambda job: job.transform_job_name,
    "CreationTime": lambda job: job.creation_time,
    "Status": lambda job: job.transform_job_status,
}
_TIMES: dict[str, Callable[[TransformJob], datetime]] = {
    "CreationTime": lambda job: job.creation_time,
    "LastModifiedTime": lambda job: job.last_modified_time,
}


def page(jobs: Sequence[TransformJob], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The action's answer: one page of jobs, the newest first unless SortBy and SortOrder say otherwise.

    Args:
        jobs: Every job.
        asked: The action's parameters.

    Raises:
        ValidationError: SortBy, SortOrder or NextToken has an unknown value.
    """
    by, order = asked.get("SortBy", "CreationTime"), asked.get("SortOrder", "Descending")
    if by not in _SORTS or order not in ("Ascending", "Descending"):
        raise ValidationError(
            f"Transform jobs cannot be sorted by {by}, {order}: use {', '.join(_SORTS)} and Ascending or Descending."
        )
    token, limit = str(asked.get("NextToken") or "0"), int(asked.get("MaxResults") or LIMIT)
    if not token.isdecimal():
        raise ValidationError(f"NextToken '{token}' is not from this action: use an answer's NextToken.")
    found = sorted((job for job in jobs if _wanted(job, asked)), key=_SORTS[by], reverse=order == "Descending")
    start = int(token)
    answer: dict[str, Any] = {"TransformJobSummaries": [job.summary for job in found[start : start + limit]]}
    if start + limit < len(found):
        answer["NextToken"] = str(start + limit)
    return answer


def _wanted(job: TransformJob, asked: Mapping[str, Any]) -> bool:
    if asked.get("NameContains", "") not in job.transform_job_name:
        return False
    if asked.get("StatusEquals") not in (None, job.transform_job_status):
        return False
    for name, time_of in _TIMES.items():
        after, before = asked.get(f"{name}After"), asked.get(f"{name}Before")
        moment = time_of(job).replace(tzinfo=UTC).timestamp()
        if (after and moment <= _seconds(after)) or (before and moment >= _seconds(before)):
            return False
    return True


def _seconds(value: Any) -> float:
    """A time of a request, in seconds since 1970. moto gives it as a datetime without a zone, or as it was sent."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)
