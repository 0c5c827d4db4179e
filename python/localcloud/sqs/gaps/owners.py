"""A queue's URL means the queue of its account and region.

moto: ``sqs/responses.py``, ``_get_queue_name`` takes the last part of a URL, and ``get_queue_url`` ignores
QueueOwnerAWSAccountId. So another account's queue, or another region's, would be the one of that name here.

AWS: Amazon SQS API Reference: QueueDoesNotExist, "because of a typo in the queue's name, or another account"; its code
is AWS.SimpleQueueService.NonExistentQueue. Another region's host is an InvalidAddress (aws-sdk-net, issue 437;
python-sqs-listener, issue 30).
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sqs.exceptions import QueueDoesNotExist, SQSException
from moto.sqs.responses import SQSResponse

from localcloud.sqs import addresses


class InvalidAddress(SQSException):
    """The URL of a queue in another region."""

    def __init__(self, origin: str) -> None:
        super().__init__("InvalidAddress", f"The address {origin}/ is not valid for this endpoint.")


def apply() -> None:
    """Wrap moto's functions."""
    url, resource = SQSResponse.get_queue_url, SQSResponse._determine_resource

    def _get_queue_name(self: SQSResponse) -> str:
        found = addresses.read(self._get_param("QueueUrl") or self.path)
        if found.region not in (None, self.region):
            raise InvalidAddress(found.origin)
        if found.account not in (None, self.current_account):
            raise QueueDoesNotExist
        return found.name

    def _determine_resource(self: SQSResponse) -> str:
        try:
            return str(resource(self))
        except SQSException:  # the operation itself says so
            return "*"

    def get_queue_url(self: SQSResponse) -> ActionResult:
        if self._get_param("QueueOwnerAWSAccountId") not in (None, self.current_account):
            raise QueueDoesNotExist
        return url(self)

    SQSResponse._get_queue_name, SQSResponse.get_queue_url = _get_queue_name, get_queue_url
    SQSResponse._determine_resource = _determine_resource
