"""Logs that services deliver to a bucket in their own names: S3's access logs, and the flow logs of a network.

Whether they may is asked of the bucket's policy when delivery is turned on, as AWS does; then moto writes access logs,
and no flow logs, since there is no traffic.

moto: ``s3/models.py``, ``FakeBucket._log_permissions_enabled_policy`` fails at a statement whose Principal is ``"*"``,
as a TLS-only one is, takes a resource for allowed only where it is the very prefix and ``*``, and knows no conditions;
``ec2/models/flow_logs.py``, ``FlowLogsBackend.create_flow_logs`` looks for a bucket, and never at its policy.

AWS: Amazon S3 User Guide, "Enabling Amazon S3 server access logging"; Amazon VPC User Guide, "Amazon S3 bucket
permissions for flow logs". Otherwise than on AWS: whoever makes a flow log and may change the bucket's policy has the
missing statements added to it there, and is refused here.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend
from moto.s3.models import FakeBucket

from localcloud.authorization.roles import AccessDenied, Roles

if TYPE_CHECKING:
    from localcloud.context import Context

ACCESS, FLOW = "logging.s3.amazonaws.com", "delivery.logs.amazonaws.com"


def install(context: Context) -> None:
    """Turn no delivery on that the bucket's policy does not let the service make."""
    roles = context.roles
    create = FlowLogsBackend.create_flow_logs
    order = inspect.signature(create)

    def may_log(self: FakeBucket, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        target = f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}2026-01-01-00-00-00-A"
        source = f"arn:aws:s3:::{self.name}"
        return _may(roles, ACCESS, "s3:PutObject", target, source_arn=source, account=self.account_id)

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

    FakeBucket._log_permissions_enabled_policy = may_log
    FlowLogsBackend.create_flow_logs = create_flow_logs


def _may_flow(roles: Roles, destination: str, backend: FlowLogsBackend) -> bool:
    account, region = backend.account_id, backend.region_name
    bucket, _, folder = destination.partition("/")
    parts = (bucket, folder.strip("/"), f"AWSLogs/{account}/vpcflowlogs/{region}/one.log.gz")
    place = "/".join(part for part in parts if part)
    source = f"arn:aws:logs:{region}:{account}:*"
    owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
    return _may(roles, FLOW, "s3:GetBucketAcl", bucket, source_arn=source) and _may(
        roles, FLOW, "s3:PutObject", place, source_arn=source, context=owned
    )


def _may(roles: Roles, service: str, action: str, resource: str, **given: Any) -> bool:
    try:
        roles.require_service(service, action, resource, **given)
    except AccessDenied:
        return False
    return True
