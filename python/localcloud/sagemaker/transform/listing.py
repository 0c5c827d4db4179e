"""ListTransformJobs: filters, sorts and pages the jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.sagemaker import pages
from localcloud.sagemaker.transform.job import TransformJob

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
    key, largest_first = pages.order("Transform jobs", _SORTS, asked, by="CreationTime", first="Descending")
    found = sorted((job for job in jobs if _wanted(job, asked)), key=key, reverse=largest_first)
    return pages.page("TransformJobSummaries", [job.summary for job in found], asked)


def _wanted(job: TransformJob, asked: Mapping[str, Any]) -> bool:
    if asked.get("NameContains", "") not in job.transform_job_name:
        return False
    if asked.get("StatusEquals") not in (None, job.transform_job_status):
        return False
    for name, time_of in _TIMES.items():
        after, before = asked.get(f"{name}After"), asked.get(f"{name}Before")
        moment = time_of(job).replace(tzinfo=UTC).timestamp()
        if (after and moment <= pages.seconds(after)) or (before and moment >= pages.seconds(before)):
            return False
    return True
