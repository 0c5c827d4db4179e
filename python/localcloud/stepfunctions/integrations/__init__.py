"""What a state machine calls: functions, other services, jobs, and S3 for a distributed Map."""

from __future__ import annotations

from localcloud.stepfunctions.integrations.answers import Answer, Caller
from localcloud.stepfunctions.integrations.calls import Integrations
from localcloud.stepfunctions.integrations.support import Support

__all__ = ["Answer", "Caller", "Integrations", "Support"]
