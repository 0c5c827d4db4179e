"""ReceiveMessage's AttributeNames are a message's attributes, although AWS's model lists those of a queue.

moto: ``sqs/responses.py``, ``receive_message`` answers any name with nothing.

AWS: Amazon SQS API Reference, ReceiveMessage, AttributeNames: "This parameter has been discontinued … use the
MessageSystemAttributeName", with the same names, such as SentTimestamp. An unknown one is an InvalidAttributeName.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model
from moto.sqs.exceptions import InvalidAttributeName

if TYPE_CHECKING:
    from moto.sqs.responses import SQSResponse


def apply_to_answers() -> None:
    """Wrap moto's answer. Its module is imported with the first request."""
    from moto.sqs.responses import SQSResponse

    receive = SQSResponse.receive_message

    def receive_message(self: SQSResponse) -> Any:
        for name in self._get_param("AttributeNames", []):
            if not known(name):
                raise InvalidAttributeName(name)
        return receive(self)

    SQSResponse.receive_message = receive_message


def known(name: str) -> bool:
    """Whether ReceiveMessage takes the name of an attribute.

    Example::

        >>> known("SentTimestamp"), known("All"), known("VisibilityTimeout"), known("Sender")
        (True, True, True, False)
    """
    model = get_service_model("sqs")
    return any(name in model.shape_for(one).enum for one in ("MessageSystemAttributeName", "QueueAttributeName"))
