"""Replaces moto's Invoke: every function runs in the cloud's own worker processes."""

from __future__ import annotations

from moto.awslambda.models import LambdaBackend, LambdaFunction

from localcloud.context import Context
from localcloud.direct import directly
from localcloud.lambda_.service import Service


def install(context: Context) -> Service:
    """Replace moto's Invoke, its internal invocation, and the clean-up of DeleteFunction.

    Services in this process call ``context.actions["lambda:InvokeFunction"]`` (:meth:`Service.call`) in a role's name,
    or ``context.actions["lambda:InvokeAsync"]`` (:meth:`Service.accept`), which runs an event later.

    Returns:
        The service that runs functions.
    """
    service = Service(context)
    context.actions["lambda:InvokeFunction"] = service.call
    context.actions["lambda:InvokeAsync"] = service.accept
    context.starting.append(service.resume)
    delete = LambdaBackend.delete_function

    def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        service.forget(arn)

    LambdaBackend.delete_function = delete_function
    LambdaBackend.invoke = lambda self, function_name, qualifier, body, headers, response_headers: service.invoke_named(
        self, (function_name, qualifier), body, headers, response_headers
    )
    context.applications["lambda:Invoke"] = directly(service.answer)
    LambdaFunction.invoke = lambda self, body, request_headers, response_headers: service.invoke_internally(
        self, body, request_headers, response_headers
    )
    return service
