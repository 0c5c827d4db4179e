"""The permissions of EC2's network operations.

EC2 chooses the identifiers of new resources, so policies use tags and the VPC instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from localcloud.iam.evaluation import Access, Context, Request
from localcloud.iam.needs import Asked, Given, Need, on

EC2 = "arn:aws:ec2:{region}:{account}:"
# Resource types by the prefix of their identifiers, where the two differ.
KINDS = {
    "acl": "network-acl",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "vpce": "vpc-endpoint",
}


#: The condition keys of a resource's own identifier, by its prefix.
ID_KEYS = {
    "eni": "ec2:networkinterfaceid",
    "rtb": "ec2:routetableid",
    "sg": "ec2:securitygroupid",
    "subnet": "ec2:subnetid",
    "vpc": "ec2:vpcid",
}
#: The attributes that operations change, which are the values of ``ec2:Attribute``.
ATTRIBUTES = {
    "ModifySubnetAttribute": (
        "AssignIpv6AddressOnCreation",
        "EnableDns64",
        "EnableResourceNameDnsAAAARecordOnLaunch",
        "EnableResourceNameDnsARecordOnLaunch",
        "MapPublicIpOnLaunch",
        "PrivateDnsHostnameTypeOnLaunch",
    ),
    "ModifyVpcAttribute": ("EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics"),
}
#: What EC2 knows of a network resource besides, and the local cloud does not look up.
UNJUDGED = (
    "ec2:associatepublicipaddress",
    "ec2:availabilityzone",
    "ec2:availabilityzoneid",
    "ec2:tenancy",
    "ec2:vpcemultiregion",
    "ec2:vpceprivatednspreference",
    "ec2:vpceprivatednsspecifieddomains",
    "ec2:vpceserviceowner",
    "ec2:vpceserviceregion",
)


def arn_of(identifier: str, asked: Asked) -> str:
    """The ARN of an identifier such as ``sg-0123``."""
    prefix = identifier.rpartition("-")[0]
    return f"arn:aws:ec2:{asked.region}:{asked.account}:{KINDS.get(prefix, prefix)}/{identifier}"


class _Touching(Need):
    """A need with the tags and the VPC of its resources as condition keys.

    The tags in a request are those of the new resource. They are not condition keys of the resources around it (Service
    Authorization Reference, Actions, resources, and condition keys for Amazon EC2).
    """

    def accesses(self, asked: Asked) -> list[Access]:
        return [
            Access(one.action, one.resources, {**_asked(asked), **about(one.resources[0], asked), **self._given(one)})
            for one in super().accesses(asked)
        ]

    def _given(self, one: Access) -> Given:
        is_new = one.resources[0].endswith("/*") or self.action in ("ec2:CreateTags", "ec2:DeleteTags")
        return {
            key: values
            for key, values in one.context.items()
            if is_new or not key.startswith(("aws:requesttag/", "aws:tagkeys"))
        }


def _asked(asked: Asked) -> Given:
    """The condition keys of the attributes that a request changes, and of a permission on a network interface."""
    if asked.operation in ATTRIBUTES:
        found = {name: asked.parameters.get(name) for name in ATTRIBUTES[asked.operation] if name in asked.parameters}
        values = {name: given.get("Value") if isinstance(given, Mapping) else given for name, given in found.items()}
        pairs = {f"ec2:attribute/{name}".lower(): (str(value).lower(),) for name, value in values.items()}
        return {**pairs, "ec2:attribute": tuple(found)} if found else {}
    if asked.operation == "CreateNetworkInterfacePermission":
        named = {"ec2:authorizedservice": "AwsService", "ec2:permission": "Permission"}
        return {key: tuple(said) for key, path in named.items() if (said := asked.values(path))}
    return {}


def about(arn: str, asked: Asked) -> Given:
    """The condition keys of a network resource: its tags and its VPC."""
    backend = ec2_backends[asked.account][asked.region]
    identifier = arn.rpartition("/")[2]
    if identifier == "*":
        return _place_of(asked, arn)
    key = ID_KEYS.get(identifier.rpartition("-")[0])
    found: Given = {key: (identifier,)} if key else {}
    found |= {f"aws:resourcetag/{name}".lower(): (str(value),) for name, value in _tags(backend, identifier).items()}
    if (interface := backend.enis.get(identifier)) is not None:
        found["ec2:subnet"] = (arn_of(interface.subnet.id, asked),)
    vpc = _vpc_id(backend, identifier)
    return found | ({"ec2:vpc": (arn_of(vpc, asked),)} if vpc else {})


def region_of(request: Request) -> Context:
    """The condition key that every request to EC2 has."""
    return {"ec2:region": request.context.get("aws:requestedregion", ())}


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """The tags of a network resource; none if there is no such resource."""
    return _tags(ec2_backends[account][region], arn.rpartition("/")[2])


def _tags(backend: Any, identifier: str) -> dict[str, str]:
    return dict(backend.tags.get(identifier, {}))


def _vpc_id(backend: Any, identifier: str) -> str | None:
    if identifier.startswith("subnet-"):
        known = next((zone[identifier] for zone in list(backend.subnets.values()) if identifier in zone), None)
    elif identifier.startswith("rtb-"):
        known = backend.route_tables.get(identifier)
    elif identifier.startswith("sg-"):
        known = next((one[identifier] for one in list(backend.groups.values()) if identifier in one), None)
    elif identifier.startswith("vpce-"):
        known = backend.vpc_end_points.get(identifier)
    else:
        return None
    return getattr(known, "vpc_id", None)


def _place_of(asked: Asked, arn: str) -> Given:
    """The condition keys of a new resource: its VPC, and a network interface's subnet."""
    vpc, subnet = asked.value("VpcId"), asked.value("SubnetId")
    found: Given = {"ec2:vpc": (arn_of(vpc, asked),)} if vpc else {}
    return found | ({"ec2:subnet": (arn_of(subnet, asked),)} if subnet and ":network-interface/" in arn else {})


def _identified(path: str) -> Callable[[Asked], Iterable[str]]:
    return lambda asked: [arn_of(identifier, asked) for identifier in asked.values(path)]


def touching(action: str, *resources: str) -> Need:
    """A need on the identifiers in parameters (``VpcId``) and on new resources of a kind (``new subnet``)."""
    found = tuple(
        EC2 + f"{one.removeprefix('new ')}/*" if one.startswith("new ") else _identified(one) for one in resources
    )
    return _Touching(f"ec2:{action}", found, optional=True)


def _tags_new(kind: str) -> Need:
    """The permission to tag a new resource (EC2 User Guide, "Grant permission to tag resources during creation")."""
    return Need(
        "ec2:CreateTags",
        (EC2 + f"{kind}/*",),
        lambda asked: {"ec2:createaction": (asked.operation,)},
        when="TagSpecifications",
    )


def _makes(operation: str, kind: str, *others: str) -> dict[str, tuple[Need, ...]]:
    return {operation: (touching(operation, f"new {kind}", *others), _tags_new(kind))}


def _changes(path: str, *operations: str) -> dict[str, tuple[Need, ...]]:
    return {operation: (touching(operation, path),) for operation in operations}


def _association(asked: Asked) -> Iterable[str]:
    """The route table and the subnet of an association."""
    backend = ec2_backends[asked.account][asked.region]
    wanted = asked.value("AssociationId")
    for table in list(backend.route_tables.values()):
        if joined := table._associations.get(wanted):
            return [arn_of(table.id, asked), arn_of(joined, asked)]
    return [EC2.format(region=asked.region, account=asked.account) + "route-table/*"]


def _group(asked: Asked) -> Iterable[str]:
    """A security group's ARN by its identifier.

    With a name instead it is any group. EC2 accepts names only in a default VPC.
    """
    base = EC2.format(region=asked.region, account=asked.account)
    return [arn_of(one, asked) for one in asked.values("GroupId")] or [f"{base}security-group/*"]


def _service_name(asked: Asked) -> Given:
    name = asked.value("ServiceName")
    return {"ec2:vpceservicename": (name,)} if name else {}


# A flow log to a bucket needs the caller's permission for log delivery (VPC User Guide, "Publish flow logs to S3").
def _is_delivered(asked: Asked) -> bool:
    return asked.value("LogDestinationType") not in (None, "cloud-watch-logs")


def _was_delivered(asked: Asked) -> bool:
    known = ec2_backends[asked.account][asked.region].flow_logs
    return any(one in known and known[one].log_destination_type == "s3" for one in asked.values("FlowLogIds"))


def _names_privately(asked: Asked) -> bool:
    """Whether the VPC gets private names for an interface endpoint, which is so unless a request refuses them.

    EC2 then associates the VPC with a private hosted zone in the caller's name (Service Authorization Reference,
    Amazon EC2: dependent actions of CreateVpcEndpoint; EC2 API Reference, CreateVpcEndpoint: PrivateDnsEnabled).
    """
    return asked.value("VpcEndpointType") == "Interface" and asked.value("PrivateDnsEnabled") != "false"


def _associated(asked: Asked) -> Given:
    """The condition key of a VPC that is associated with a hosted zone."""
    vpc = asked.value("VpcId")
    return {"route53:vpcs": (f"VPCId={vpc},VPCRegion={asked.region}",)} if vpc else {}


READS = (
    "DescribeAccountAttributes",
    "DescribeAvailabilityZones",
    "DescribeDhcpOptions",
    "DescribeFlowLogs",
    "DescribeManagedPrefixLists",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaces",
    "DescribePrefixLists",
    "DescribeRouteTables",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVpcEndpointServices",
    "DescribeVpcEndpoints",
    "DescribeVpcs",
)

TABLE = {
    **on("*", "ec2", *READS),
    **_makes("CreateVpc", "vpc"),
    **_makes("CreateSubnet", "subnet", "VpcId"),
    **_makes("CreateRouteTable", "route-table", "VpcId"),
    **_makes("CreateSecurityGroup", "security-group", "VpcId"),
    **_makes("CreateNetworkInterface", "network-interface", "SubnetId", "Groups"),
    "CreateVpcEndpoint": (
        touching("CreateVpcEndpoint", "VpcId", "RouteTableIds", "SubnetIds", "SecurityGroupIds"),
        _Touching("ec2:CreateVpcEndpoint", (EC2 + "vpc-endpoint/*",), _service_name),
        _tags_new("vpc-endpoint"),
        *(
            Need(f"ec2:{action}", tagged=False)
            for action in ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
        ),
        # EC2 makes the hosted zone, and chooses its identifier.
        Need(
            "route53:AssociateVPCWithHostedZone",
            ("arn:aws:route53:::hostedzone/*",),
            _associated,
            when=_names_privately,
            tagged=False,
        ),
    ),
    "ModifyVpcEndpoint": (
        touching(
            "ModifyVpcEndpoint",
            "VpcEndpointId",
            "AddRouteTableIds",
            "RemoveRouteTableIds",
            "AddSubnetIds",
            "RemoveSubnetIds",
            "AddSecurityGroupIds",
            "RemoveSecurityGroupIds",
        ),
    ),
    **_changes("VpcId", "DeleteVpc", "DescribeVpcAttribute", "ModifyVpcAttribute", "GetSecurityGroupsForVpc"),
    **_changes("SubnetId", "DeleteSubnet", "ModifySubnetAttribute"),
    **_changes("RouteTableId", "DeleteRouteTable", "CreateRoute", "DeleteRoute"),
    **{
        name: (_Touching(f"ec2:{name}", (_group,)),)
        for name in ("DeleteSecurityGroup", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress")
    },
    **_changes("VpcEndpointIds", "DeleteVpcEndpoints"),
    **_changes("NetworkInterfaceId", "DeleteNetworkInterface", "CreateNetworkInterfacePermission"),
    **_changes("PrefixListId", "GetManagedPrefixListEntries"),
    "DeleteFlowLogs": (
        touching("DeleteFlowLogs", "FlowLogIds"),
        Need("logs:DeleteLogDelivery", when=_was_delivered, tagged=False),
    ),
    "AssociateRouteTable": (touching("AssociateRouteTable", "RouteTableId", "SubnetId"),),
    "DisassociateRouteTable": (_Touching("ec2:DisassociateRouteTable", (_association,)),),
    "ReplaceRouteTableAssociation": (touching("ReplaceRouteTableAssociation", "RouteTableId"),),
    **{
        name: (
            _Touching(f"ec2:{name}", (_group,)),
            _Touching(f"ec2:{name}", (EC2 + "security-group-rule/*",), when="TagSpecifications"),
            _tags_new("security-group-rule"),
        )
        for name in ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress")
    },
    "ModifySecurityGroupRules": (
        touching("ModifySecurityGroupRules", "GroupId", "SecurityGroupRules.SecurityGroupRuleId"),
    ),
    "CreateTags": (touching("CreateTags", "Resources"),),
    "DeleteTags": (touching("DeleteTags", "Resources"),),
    "CreateFlowLogs": (
        touching("CreateFlowLogs", "new vpc-flow-log", "ResourceIds"),
        _tags_new("vpc-flow-log"),
        Need("logs:CreateLogDelivery", when=_is_delivered, tagged=False),
        Need(
            "iam:PassRole",
            ("{DeliverLogsPermissionArn}",),
            {"iam:passedtoservice": "vpc-flow-logs.amazonaws.com"},
            when="DeliverLogsPermissionArn",
            tagged=False,
        ),
    ),
}

TABLES = {"ec2": TABLE}
