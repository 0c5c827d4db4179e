"""The subnets and security groups that something is to run in: whether they are there, and what reaching them takes.

Example::

    vpc_of(["subnet-1"], ["sg-1"], account="123456789012", region="us-east-1")    # 'vpc-1'
    join(role, ["subnet-1"], ["sg-1"], needs=SAGEMAKER)                           # AccessDenied: the role may not

AWS, of what a service does in a role's name to reach a network: SageMaker Developer Guide, "SageMaker AI roles",
CreateTrainingJob API and CreateModel API; AWS Lambda Developer Guide, "Giving Lambda functions access to resources in
an Amazon VPC", required IAM permissions.
"""

from __future__ import annotations

from collections.abc import Sequence

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError

from localcloud.iam.acting import Acting

#: What each service asks of EC2: (listed without a resource, done to an interface in one of the subnets).
SAGEMAKER = (
    ("DescribeVpcs", "DescribeDhcpOptions", "DescribeSubnets", "DescribeSecurityGroups", "DescribeNetworkInterfaces"),
    ("CreateNetworkInterfacePermission", "DeleteNetworkInterfacePermission", "DeleteNetworkInterface"),
)
LAMBDA = (("DescribeNetworkInterfaces", "DescribeSubnets"), ("DeleteNetworkInterface",))


def vpc_of(subnets: Sequence[str], groups: Sequence[str], *, account: str, region: str) -> str:
    """The VPC of some subnets and security groups.

    Raises:
        EC2ClientError: one does not exist, or they are not all in one VPC; with EC2's own code and message.
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
        # As EC2 refuses a network interface whose groups are of another network than its subnet.
        raise EC2ClientError(
            "InvalidParameterValue",
            f"subnets {', '.join(subnets)} and security groups {', '.join(groups)} are of different VPCs: "
            f"{', '.join(sorted(set(vpcs)))}",
        )
    return vpcs[0]


def join(
    role: Acting, subnets: Sequence[str], groups: Sequence[str], *, needs: tuple[Sequence[str], Sequence[str]]
) -> None:
    """Prove that a role may make, use and remove network interfaces in its subnets.

    Args:
        subnets: Their ids.
        groups: The security groups' ids.
        needs: :data:`SAGEMAKER` or :data:`LAMBDA`.

    Raises:
        AccessDenied: it may not.
    """
    here = f"arn:aws:ec2:{role.region}:{role.account}"
    interface = f"{here}:network-interface/*"
    for action in needs[0]:
        role.require(f"ec2:{action}")
    for subnet in subnets:
        resources = [interface, f"{here}:subnet/{subnet}", *(f"{here}:security-group/{group}" for group in groups)]
        role.require("ec2:CreateNetworkInterface", resources)
        for action in needs[1]:
            role.require(f"ec2:{action}", interface, {"ec2:Subnet": f"{here}:subnet/{subnet}"})
