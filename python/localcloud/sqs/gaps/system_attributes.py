"""ReceiveMessage's AttributeNames are a message's attributes, although AWS's model lists those of a queue.

moto: ``sqs/responses.py``, ``receive_message`` answers any name with nothing. ``get_queue_attributes`` looks at the
names only when it has found the queue.

AWS: Amazon SQS API Reference, ReceiveMessage, AttributeNames: "This parameter has been discontinued … use the
MessageSystemAttributeName", with the same names, such as SentTimestamp. An unknown one is an InvalidAttributeName.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model
from moto.sqs.exceptions import InvalidAttributeName

if TYPE_CHECKING:
    from moto.sqs.responses import SQSResponse


def apply_to_answers() -> None:
    """Wrap moto's answer. Its module is imported with the first request."""
    from moto.sqs.responses import SQSResponse

    SQSResponse.receive_message = _checked(
        SQSResponse.receive_message, "MessageSystemAttributeName", "QueueAttributeName"
    )
    SQSResponse.get_queue_attributes = _checked(SQSResponse.get_queue_attributes, "QueueAttributeName")


def known(name: str, *shapes: str) -> bool:
    """Whether one of the model's enums has the name of an attribute.

    Example::

        >>> known("SentTimestamp", "QueueAttributeName"), known("SentTimestamp", "MessageSystemAttributeName")
        (False, True)
    """
    return any(name in get_service_model("sqs").shape_for(shape).enum for shape in shapes)


def _checked(answer: Callable[[SQSResponse], Any], *shapes: str) -> Callable[[SQSResponse], Any]:
    def checked(self: SQSResponse) -> Any:
        for name in self._get_param("AttributeNames", []):
            if not known(name, *shapes):
                raise InvalidAttributeName(name)
        return answer(self)

    return checked
