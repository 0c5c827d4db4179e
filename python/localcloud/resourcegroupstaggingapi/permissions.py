"""What finding resources by their tags needs permission for."""

from __future__ import annotations

from localcloud.iam.needs import on

TABLES = {"resourcegroupstaggingapi": on("*", "tag", "GetResources", "GetTagKeys", "GetTagValues")}
