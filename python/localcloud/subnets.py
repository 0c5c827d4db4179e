"""Whether the subnets and security groups that something is to run in are there, and belong together.

Example::

    vpc_of(["subnet-1"], ["sg-1"], account="123456789012", region="us-east-1")    # 'vpc-1'
"""

from __future__ import annotations

from collections.abc import Sequence

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError


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
