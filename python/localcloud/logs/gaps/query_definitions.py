"""Logs Insights queries can be saved, listed and deleted.

moto: ``logs/responses.py`` has no PutQueryDefinition, DescribeQueryDefinitions and DeleteQueryDefinition.

AWS: PutQueryDefinition updates the query with the given id, or creates one without an id. DescribeQueryDefinitions
filters by the beginning of the name and returns pages (Amazon CloudWatch Logs API Reference).
"""

from __future__ import annotations

import json
import time
import uuid

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

PAGE = 1000


class NoSuchQuery(JsonRESTError):
    def __init__(self, query_id: str) -> None:
        super().__init__("ResourceNotFoundException", f"The query definition {query_id} does not exist.")


def apply() -> None:
    make = LogsBackend.__init__

    def __init__(self: LogsBackend, region_name: str, account_id: str) -> None:
        make(self, region_name, account_id)
        self.query_definitions = {}

    def put_query_definition(self: LogsResponse) -> str:
        known, asked = self.logs_backend.query_definitions, json.loads(self.body)
        query_id = asked.get("queryDefinitionId") or str(uuid.uuid4())
        if asked.get("queryDefinitionId") and query_id not in known:
            raise NoSuchQuery(query_id)
        given = {
            name: asked[name] for name in ("name", "queryString", "logGroupNames", "queryLanguage") if name in asked
        }
        language = {"queryLanguage": "CWLI", "logGroupNames": []}
        changed = {"queryDefinitionId": query_id, "lastModified": int(time.time() * 1000)}
        known[query_id] = {**language, **given, **changed}
        return json.dumps({"queryDefinitionId": query_id})

    def describe_query_definitions(self: LogsResponse) -> str:
        asked = json.loads(self.body)
        prefix = asked.get("queryDefinitionNamePrefix") or ""
        found = [one for one in self.logs_backend.query_definitions.values() if one["name"].startswith(prefix)]
        begin = int(asked.get("nextToken") or 0)
        end = begin + int(asked.get("maxResults") or PAGE)
        rest = {"nextToken": str(end)} if end < len(found) else {}
        return json.dumps({"queryDefinitions": found[begin:end], **rest})

    def delete_query_definition(self: LogsResponse) -> str:
        query_id = json.loads(self.body)["queryDefinitionId"]
        if self.logs_backend.query_definitions.pop(query_id, None) is None:
            raise NoSuchQuery(query_id)
        return json.dumps({"success": True})

    LogsBackend.__init__ = __init__
    for action in (put_query_definition, describe_query_definitions, delete_query_definition):
        setattr(LogsResponse, action.__name__, action)
