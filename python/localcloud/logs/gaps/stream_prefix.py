"""FilterLogEvents reads the streams whose names begin with logStreamNamePrefix.

moto: ``logs/responses.py``, ``filter_log_events`` ignores the prefix and reads every stream.

AWS: Amazon CloudWatch Logs API Reference, FilterLogEvents: "If you specify a value for both logStreamNamePrefix and
logStreamNames, the action returns an InvalidParameterException error."
"""

from __future__ import annotations

import json
from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.responses import LogsResponse


def apply() -> None:
    """Let FilterLogEvents take the prefix into account."""
    filter_all, get = LogsResponse.filter_log_events, LogsResponse._get_param

    def filter_log_events(self: LogsResponse) -> str:
        prefix = self._get_param("logStreamNamePrefix")
        if not prefix:
            return filter_all(self)
        if self._get_param("logStreamNames"):
            raise InvalidParameterException("logStreamNamePrefix and logStreamNames cannot both be specified.")
        group = self.logs_backend._find_log_group(log_group_name=self._get_param("logGroupName"))
        names = [name for name in list(group.streams) if name.startswith(prefix)]
        if not names:
            return json.dumps({"events": [], "searchedLogStreams": []})

        def get_param(name: str, *given: Any, **named: Any) -> Any:
            return names if name == "logStreamNames" else get(self, name, *given, **named)

        self._get_param = get_param
        return filter_all(self)

    LogsResponse.filter_log_events = filter_log_events
