"""Lambda that runs: invocations go to warm worker processes, and answer as AWS documents.

moto runs functions in Docker (``awslambda/models.py``, ``_invoke_lambda``), one container a call, answers
``FunctionError: Handled``, reads ``qualifier`` where boto3 sends ``Qualifier``, and runs the function synchronously for
an asynchronous invocation and for a dry run (``awslambda/responses.py``, ``invoke``). This replaces the two.

AWS: AWS Lambda API Reference, Invoke; Developer Guide, Understanding Lambda function errors, and Lambda quotas.
"""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.lambda_ import handover, invocation, permissions, policies, secrecy
from localcloud.lambda_.gaps import configuration, vpc


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need, and which policies functions have."""
    registry.permissions(permissions.TABLES)
    registry.policies("lambda", policies.policy_of)


def install(context: Context) -> None:
    """Register, close the gaps, run functions, and look at their roles before anything is made."""
    register(context.registry)
    configuration.apply()
    vpc.apply()
    secrecy.install(context.roles)
    invocation.install(context)
    handover.install(context.roles)
