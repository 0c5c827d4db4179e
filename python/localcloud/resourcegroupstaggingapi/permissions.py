"""The permissions of the Resource Groups Tagging API's operations."""

from __future__ import annotations

from localcloud.iam.needs import on

TABLES = {"resourcegroupstaggingapi": on("*", "tag", "GetResources", "GetTagKeys", "GetTagValues")}
