"""A second PutFunctionEventInvokeConfig replaces the first.

moto: ``awslambda/models.py``, ``put_function_event_invoke_config`` appends to a list of which the first is read.

AWS: "If a configuration already exists, it's overwritten" (AWS Lambda API Reference).
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaBackend


def apply() -> None:
    append = LambdaBackend.put_function_event_invoke_config

    def put_function_event_invoke_config(
        self: LambdaBackend, function_name: str, config: dict[str, Any]
    ) -> dict[str, Any]:
        self.get_function(function_name).event_invoke_config = []
        return append(self, function_name, config)

    LambdaBackend.put_function_event_invoke_config = put_function_event_invoke_config
