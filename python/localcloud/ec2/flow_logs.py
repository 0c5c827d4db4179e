"""A flow log to a bucket needs a bucket policy that lets the service deliver it.

moto: ``ec2/models/flow_logs.py``, ``FlowLogsBackend.create_flow_logs`` checks that the bucket exists, but not its
policy. The local cloud has no network traffic, so it writes no flow logs.

AWS: Amazon VPC User Guide, "Amazon S3 bucket permissions for flow logs". AWS adds missing statements to the bucket's
policy if the caller may change that policy. Here the flow log is refused.
"""

from __future__ import annotations

import inspect
from typing import Any

from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend

from localcloud.iam.roles import Roles

SERVICE = "delivery.logs.amazonaws.com"


def install(roles: Roles) -> None:
    """Refuse a flow log if the bucket's policy does not let the service deliver it."""
    create = FlowLogsBackend.create_flow_logs
    order = inspect.signature(create)

    def create_flow_logs(self: FlowLogsBackend, *args: Any, **kwargs: Any) -> tuple[list[FlowLogs], list[Any]]:
        given = order.bind(self, *args, **kwargs)
        destination = given.arguments["log_destination"]
        made, failed = create(*given.args, **given.kwargs)
        if given.arguments["log_destination_type"] != "s3" or _may_flow(roles, destination, self):
            return made, failed
        bucket = destination.split(":", 5)[5].partition("/")[0]
        words = f"Access Denied for LogDestination: {bucket}. Please check LogDestination permission"
        self.delete_flow_logs([one.id for one in made])
        return [], [*failed, *((one.resource_id, "400", words) for one in made)]

    FlowLogsBackend.create_flow_logs = create_flow_logs


def _may_flow(roles: Roles, destination: str, backend: FlowLogsBackend) -> bool:
    account, region = backend.account_id, backend.region_name
    bucket, _, folder = destination.partition("/")
    parts = (bucket, folder.strip("/"), f"AWSLogs/{account}/vpcflowlogs/{region}/one.log.gz")
    place = "/".join(part for part in parts if part)
    source = f"arn:aws:logs:{region}:{account}:*"
    owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
    return roles.service_may(SERVICE, "s3:GetBucketAcl", bucket, source_arn=source) and roles.service_may(
        SERVICE, "s3:PutObject", place, source_arn=source, context=owned
    )
