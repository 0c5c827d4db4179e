"""Step Functions: state machines that run as on AWS, each in its role.

``language/`` checks a definition and compiles it. ``engine/`` drives an execution; it is pure. ``runner.py`` carries out
what the engine asks for, through ``integrations/``. ``api/`` answers the operations from ``store.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.stepfunctions import cloudformation, handover, permissions
from localcloud.stepfunctions.api.configurations import log_group_exists
from localcloud.stepfunctions.api.wire import Application
from localcloud.stepfunctions.integrations import Integrations, Support
from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.logging import ExecutionLog
from localcloud.stepfunctions.metrics import ExecutionMetrics
from localcloud.stepfunctions.runner import Runner
from localcloud.stepfunctions.service import StepFunctions, operations, starter
from localcloud.stepfunctions.store import Stores
from localcloud.stepfunctions.tracing import ExecutionTraces


def register(registry: Registry) -> None:
    """Register the permissions that Step Functions' operations need."""
    registry.permissions(permissions.TABLES)
