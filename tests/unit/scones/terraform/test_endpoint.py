"""After an apply, a message says whether the endpoint was rolled back in it or before it, or is up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scones.errors import TerraformError
from scones.terraform import endpoint


def described(minute: int, **changes: Any) -> dict[str, Any]:
    return {
        "EndpointName": "scones-dev",
        "EndpointStatus": "InService",
        "EndpointConfigName": "scones-dev-1",
        "LastModifiedTime": datetime(2026, 1, 1, 12, minute, tzinfo=UTC),
        **changes,
    }


def test_a_rollback_is_of_this_apply_only_where_the_endpoint_was_touched() -> None:
    old, new = described(1, FailureReason="an old one"), described(2, FailureReason="it does not load")
    assert endpoint.rolled_back(old, new)
    assert not endpoint.rolled_back(new, new)
    assert not endpoint.rolled_back(None, new)
    assert not endpoint.rolled_back(old, described(2, EndpointConfigName="scones-dev-2", FailureReason="of no update"))


def test_a_rollback_without_a_reason_is_seen_and_autoscaling_is_none() -> None:
    old, new = described(1), described(2)
    assert endpoint.rolled_back(old, new, seen=["RollingBack"])
    assert endpoint.rolled_back(old, new, rung=True)
    assert not endpoint.rolled_back(old, new, seen=["Updating"])


def test_a_rollback_is_told_with_its_alarm_and_what_serves() -> None:
    found = described(2, FailureReason="The deployment was rolled back.")
    rung = {"scones-dev-rollback-5xx": "1 datapoint was greater than the threshold (5)."}
    error = endpoint.explain(found, serves="scones-dev-1 (AllTraffic: version 3)", rung=rung)
    assert error.message == (
        "SageMaker rolled the update of endpoint 'scones-dev' back: the alarm scones-dev-rollback-5xx went off "
        "(1 datapoint was greater than the threshold (5)); SageMaker says: The deployment was rolled back. "
        "The endpoint is InService and serves scones-dev-1 (AllTraffic: version 3) now"
    )
    assert "invoke pin VERSION" in error.hint
    assert "gives no reason" in endpoint.explain(described(2), serves="scones-dev-1", rung={}).message


def test_an_apply_waits_until_the_endpoint_has_settled() -> None:
    statuses = iter(["RollingBack", "RollingBack", "InService"])
    said: list[str] = []
    waits: list[float] = []
    found = endpoint.settle(lambda: described(1, EndpointStatus=next(statuses)), say=said.append, sleep=waits.append)
    assert found is not None
    assert found["EndpointStatus"] == "InService"
    assert (len(waits), len(said)) == (2, 1)
    assert "'scones-dev' is RollingBack" in said[0]


def test_an_endpoint_that_never_settles_is_an_error_after_an_hour() -> None:
    waits: list[float] = []
    with pytest.raises(TerraformError, match="still Updating after 60 minutes"):
        endpoint.settle(lambda: described(1, EndpointStatus="Updating"), say=print, sleep=waits.append)
    assert sum(waits) == endpoint.LIMIT_SECONDS


@pytest.mark.parametrize("changes", [{"EndpointStatus": "Updating"}, {"EndpointConfigName": "scones-dev-0"}])
def test_an_endpoint_that_did_not_get_there_is_an_error_with_the_reason(changes: dict[str, str]) -> None:
    endpoint.verify(described(1), "scones-dev-1")
    with pytest.raises(TerraformError, match="not scones-dev-1: it does not load"):
        endpoint.verify(described(1, FailureReason="it does not load", **changes), "scones-dev-1")
