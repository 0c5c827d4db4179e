"""StartQuery wants log groups, and GetQueryResults a query that was started.

moto: ``logs/responses.py``, ``start_query`` and ``get_query_results`` fail with a TypeError and a KeyError.

AWS: InvalidParameterException and ResourceNotFoundException (Amazon CloudWatch Logs API Reference, the errors of these
operations).
"""

from __future__ import annotations

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.responses import LogsResponse


def apply() -> None:
    """Wrap moto's functions."""
    start, results = LogsResponse.start_query, LogsResponse.get_query_results

    def start_query(self: LogsResponse) -> str:
        if self._get_param("logGroupIdentifiers"):
            raise InvalidParameterException("the local cloud does not support logGroupIdentifiers: use logGroupNames")
        if not (self._get_param("logGroupName") or self._get_param("logGroupNames")):
            raise InvalidParameterException("Log group name(s) should be specified for this query")
        return str(start(self))

    def get_query_results(self: LogsResponse) -> str:
        query = self._get_param("queryId")
        if query not in self.logs_backend.queries:
            raise ResourceNotFoundException(f"Query {query} does not exist.")
        return str(results(self))

    LogsResponse.start_query, LogsResponse.get_query_results = start_query, get_query_results
