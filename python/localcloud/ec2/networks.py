"""The subnets and security groups of a workload: whether they exist, and whether a role may use them.

Example (not run: it needs subnets, security groups and a role)::

    vpc_of(["subnet-1"], ["sg-1"], account="123456789012", region="us-east-1")    # 'vpc-1'
    join(role, ["subnet-1"], ["sg-1"], needs=SAGEMAKER)                           # AccessDenied

AWS documents the permissions that a role needs for a network: SageMaker Developer Guide, "SageMaker AI roles",
CreateTrainingJob API and CreateModel API; AWS Lambda Developer Guide, "Giving Lambda functions access to resources in
an Amazon VPC", required IAM permissions.
"""

from __future__ import annotations

from collections.abc import Sequence

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError

from localcloud.iam.acting import Acting

#: The EC2 actions of each service: those without a resource, and those on a network interface in a subnet.
SAGEMAKER = (
    ("DescribeVpcs", "DescribeDhcpOptions", "DescribeSubnets", "DescribeSecurityGroups", "DescribeNetworkInterfaces"),
    ("CreateNetworkInterfacePermission", "DeleteNetworkInterfacePermission", "DeleteNetworkInterface"),
)
#: The condition keys of SageMaker's permission to attach an interface.
GRANTING = {"ec2:AuthorizedService": "sagemaker.amazonaws.com", "ec2:Permission": "INSTANCE-ATTACH"}
LAMBDA = (
    ("DescribeNetworkInterfaces", "DescribeSubnets"),
    ("AssignPrivateIpAddresses", "DeleteNetworkInterface", "UnassignPrivateIpAddresses"),
)


def vpc_of(subnets: Sequence[str], groups: Sequence[str], *, account: str, region: str) -> str:
    """The VPC of some subnets and security groups.

    Raises:
        EC2ClientError: One of them does not exist, or they are in different VPCs. The code is EC2's.
    """
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[account][region]
    vpcs = [backend.get_subnet(subnet).vpc_id for subnet in subnets]
    for name in groups:
        group = backend.get_security_group_from_id(name)
        if group is None:
            raise InvalidSecurityGroupNotFoundError(name)
        vpcs.append(group.vpc_id)
    if len(set(vpcs)) != 1:
        # EC2 refuses a network interface in the same way if its groups are in another VPC than its subnet.
        raise EC2ClientError(
            "InvalidParameterValue",
            f"subnets {', '.join(subnets)} and security groups {', '.join(groups)} are in different VPCs: "
            f"{', '.join(sorted(set(vpcs)))}",
        )
    return vpcs[0]


def join(
    role: Acting, subnets: Sequence[str], groups: Sequence[str], *, needs: tuple[Sequence[str], Sequence[str]]
) -> None:
    """Check that a role may create, use and delete network interfaces in its subnets.

    Args:
        subnets: Their ids.
        groups: The security groups' ids.
        needs: :data:`SAGEMAKER` or :data:`LAMBDA`.

    Raises:
        AccessDenied: The role's policies do not allow one of these actions.
    """
    here = f"arn:aws:ec2:{role.region}:{role.account}"
    interface = f"{here}:network-interface/*"
    for action in needs[0]:
        role.require(f"ec2:{action}")
    for subnet in subnets:
        resources = [interface, f"{here}:subnet/{subnet}", *(f"{here}:security-group/{group}" for group in groups)]
        role.require("ec2:CreateNetworkInterface", resources)
        for action in needs[1]:
            granting = GRANTING if action == "CreateNetworkInterfacePermission" else {}
            role.require(f"ec2:{action}", interface, {"ec2:Subnet": f"{here}:subnet/{subnet}", **granting})
