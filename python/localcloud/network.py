"""What a service does in a role's name to reach a network: it looks at it, and makes interfaces in the role's subnets.

AWS: SageMaker Developer Guide, "SageMaker AI roles", CreateTrainingJob API and CreateModel API; AWS Lambda Developer
Guide, "Giving Lambda functions access to resources in an Amazon VPC", required IAM permissions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.access import Acting

#: What each service asks of EC2: (listed without a resource, done to an interface in one of the subnets).
SAGEMAKER = (
    ("DescribeVpcs", "DescribeDhcpOptions", "DescribeSubnets", "DescribeSecurityGroups", "DescribeNetworkInterfaces"),
    ("CreateNetworkInterfacePermission", "DeleteNetworkInterfacePermission", "DeleteNetworkInterface"),
)
LAMBDA = (("DescribeNetworkInterfaces", "DescribeSubnets"), ("DeleteNetworkInterface",))


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
