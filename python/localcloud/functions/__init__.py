"""Lambda that runs: invocations go to warm worker processes, and answer as AWS documents.

moto runs functions in Docker (``awslambda/models.py``, ``_invoke_lambda``), one container a call, answers
``FunctionError: Handled``, reads ``qualifier`` where boto3 sends ``Qualifier``, and runs the function synchronously for
an asynchronous invocation and for a dry run (``awslambda/responses.py``, ``invoke``). This replaces the two.

AWS: AWS Lambda API Reference, Invoke; Developer Guide, Understanding Lambda function errors, and Lambda quotas.
"""

from __future__ import annotations

from localcloud.context import Context
from localcloud.functions import secrecy
from localcloud.functions.service import Service


def install(context: Context) -> None:
    """Let every function of this cloud run in its workers."""
    from moto.awslambda.models import LambdaBackend, LambdaFunction
    from moto.awslambda.responses import LambdaResponse

    secrecy.install(context.roles)
    service = Service(context)
    delete = LambdaBackend.delete_function

    def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        service.forget(arn)

    LambdaBackend.delete_function = delete_function
    LambdaResponse.invoke = lambda self: service.answer(self)
    LambdaFunction.invoke = lambda self, body, request_headers, response_headers: service.invoke_internally(
        self, body, request_headers, response_headers
    )
