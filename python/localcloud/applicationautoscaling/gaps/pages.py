"""Scalable targets are listed page by page, each once.

moto: ``applicationautoscaling/responses.py``, ``describe_scalable_targets`` answers the same token with every page, so
a client never comes to an end.

AWS: Application Auto Scaling API Reference, DescribeScalableTargets: NextToken is for the next page, and the last page
has none.
"""

from __future__ import annotations

import json

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse, _build_target

PAGE = 50


def apply() -> None:
    """Replace moto's answer."""

    def describe_scalable_targets(self: ApplicationAutoScalingResponse) -> str:
        self._validate_params()
        found = self.applicationautoscaling_backend.describe_scalable_targets(
            self._get_param("ServiceNamespace"), self._get_param("ResourceIds"), self._get_param("ScalableDimension")
        )
        start = int(self._get_param("NextToken") or 0)
        end = start + (self._get_int_param("MaxResults") or PAGE)
        token = {"NextToken": str(end)} if end < len(found) else {}
        return json.dumps({"ScalableTargets": [_build_target(one) for one in found[start:end]], **token})

    ApplicationAutoScalingResponse.describe_scalable_targets = describe_scalable_targets
