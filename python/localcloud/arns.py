"""ARNs, read by their fields.

AWS: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)":
``arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE``. The resource may hold colons.
"""

from __future__ import annotations

from dataclasses import dataclass

PARTITION = "aws"  # the partition of every region that the local cloud has


@dataclass(frozen=True)
class Arn:
    """The fields of an ARN."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def kind(self) -> str:
        """The resource's kind, for services that write ``KIND/NAME``.

        Example::

            >>> read("arn:aws:sagemaker:us-east-1:123456789012:model-package/a/1").kind
            'model-package'
        """
        return self.resource.partition("/")[0]

    @property
    def name(self) -> str:
        """What stands after the kind.

        Example::

            >>> read("arn:aws:sagemaker:us-east-1:123456789012:model-package/a/1").name
            'a/1'
        """
        return self.resource.partition("/")[2]

    def is_of(self, service: str, region: str, account: str) -> bool:
        """Whether it is an ARN of a service, in a region and an account of the local cloud.

        Example::

            >>> read("arn:aws-cn:kms:us-east-1:123456789012:key/a").is_of("kms", "us-east-1", "123456789012")
            False
        """
        return (self.partition, self.service, self.region, self.account) == (PARTITION, service, region, account)


def read(text: str) -> Arn | None:
    """The fields of an ARN. None for a text that is no ARN.

    Example::

        >>> read("arn:aws:sqs:us-east-1:123456789012:images")
        Arn(partition='aws', service='sqs', region='us-east-1', account='123456789012', resource='images')
        >>> read("images") is None
        True
    """
    parts = text.split(":", 5)
    return Arn(*parts[1:]) if len(parts) == 6 and parts[0] == "arn" else None
