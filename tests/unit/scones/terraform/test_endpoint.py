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


def test_a_reason_is_of_this_apply_only_where_the_endpoint_was_touched() -> None:
    old, new = described(1, FailureReason="an old one"), described(2, FailureReason="it does not load")
    assert endpoint.rolled_back(old, new) == "it does not load"
    assert endpoint.rolled_back(new, new) is None
    assert endpoint.rolled_back(old, described(2)) is None
    assert endpoint.rolled_back(None, new) is None
    error = endpoint.explain(new, "it does not load")
    assert "still runs scones-dev-1 and is InService. Its reason: it does not load" in error.message
    assert "invoke pin VERSION" in error.hint


@pytest.mark.parametrize("changes", [{"EndpointStatus": "Updating"}, {"EndpointConfigName": "scones-dev-0"}])
def test_an_endpoint_that_did_not_get_there_is_an_error_with_the_reason(changes: dict[str, str]) -> None:
    endpoint.verify(described(1), "scones-dev-1")
    with pytest.raises(TerraformError, match="not scones-dev-1: it does not load"):
        endpoint.verify(described(1, FailureReason="it does not load", **changes), "scones-dev-1")
