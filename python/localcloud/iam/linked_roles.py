"""A service-linked role is for a service's name, as in ``sagemaker.application-autoscaling.amazonaws.com``.

moto fails for a name without three parts (``iam/models.py``, ``IAMBackend.create_service_linked_role``).

AWS: InvalidInput (IAM API Reference, CreateServiceLinkedRole).
"""

from __future__ import annotations

import re

from moto.iam.exceptions import InvalidInput
from moto.iam.models import IAMBackend, Role

SERVICE = re.compile(r"[\w-]+(\.[\w-]+)*\.amazonaws\.com(\.cn)?")


def apply() -> None:
    """Wrap moto's function."""
    create = IAMBackend.create_service_linked_role

    def create_service_linked_role(self: IAMBackend, service_name: str, description: str, suffix: str) -> Role:
        if not SERVICE.fullmatch(service_name):
            raise InvalidInput(f"Service name {service_name} is not valid")
        return create(self, service_name, description, suffix)

    IAMBackend.create_service_linked_role = create_service_linked_role
