"""GetFunctionRecursionConfig and PutFunctionRecursionConfig: whether a function may run in a circle.

moto lacks both operations.

AWS: Lambda API Reference, PutFunctionRecursionConfig: "If you set to Terminate, Lambda detects and stops the recursive
loop", which is the default.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from moto.awslambda import urls
from moto.awslambda.exceptions import ValidationException

from localcloud.lambda_ import routing
from localcloud.lambda_.lineage import ALLOW, TERMINATE, recursive_loop

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction
    from moto.awslambda.responses import LambdaResponse


def apply() -> None:
    """Add the operations."""
    from moto.awslambda.responses import LambdaResponse

    def get(self: LambdaResponse) -> str:
        return json.dumps({"RecursiveLoop": recursive_loop(_function(self))})

    def put(self: LambdaResponse) -> str:
        wanted = self.json_body.get("RecursiveLoop")
        if wanted not in (ALLOW, TERMINATE):
            raise ValidationException(
                wanted, "recursiveLoop", f"Member must satisfy enum value set: [{ALLOW}, {TERMINATE}]"
            )
        function = _function(self)
        function.recursive_loop = wanted
        return json.dumps({"RecursiveLoop": recursive_loop(function)})

    LambdaResponse.get_function_recursion_config = get
    LambdaResponse.put_function_recursion_config = put
    path = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/recursion-config/?$"
    urls.url_paths[path] = LambdaResponse.dispatch


def _function(request: LambdaResponse) -> LambdaFunction:
    return routing.latest(request.backend, unquote(request.path.split("/")[3]))
