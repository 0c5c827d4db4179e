"""What CreateFunction and UpdateFunctionConfiguration check of a function's settings, before moto keeps them.

moto: ``awslambda/models.py``, ``LambdaBackend.create_function`` and ``update_function_configuration``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda.models import LambdaBackend


def check_first(check: Callable[[Mapping[str, Any]], None]) -> None:
    """Check the settings of both operations before all that was applied until now.

    Args:
        check: Takes the request, and raises one of moto's exceptions if Lambda refuses it.
    """
    create, update = LambdaBackend.create_function, LambdaBackend.update_function_configuration

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        check(spec)
        return create(self, spec)

    def update_function_configuration(
        self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        check(body)
        return update(self, function_name, qualifier, body)

    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_configuration = update_function_configuration
