"""CreateModel, CreateTrainingJob and CreateHyperParameterTuningJob check that SageMaker can assume the role.

moto checks at most that the role exists. AWS refuses the call: "Could not assume role …" (SageMaker API Reference,
CreateModel, CreateTrainingJob and CreateHyperParameterTuningJob).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from localcloud.iam.roles import CannotAssume, Roles


def install(roles: Roles) -> None:
    """Make the three actions refuse a role that SageMaker cannot assume."""

    role_of: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
        "create_model": lambda given: given.get("ExecutionRoleArn"),
        "create_training_job": lambda given: given.get("RoleArn"),
        "create_hyper_parameter_tuning_job": lambda given: (given.get("TrainingJobDefinition") or {}).get("RoleArn"),
    }

    def checked(name: str, action: Callable[[SageMakerResponse], Any]) -> Callable[[SageMakerResponse], Any]:
        def check(self: SageMakerResponse) -> Any:
            role = role_of[name](self.params)
            try:
                # The action itself refuses a value that is not an ARN.
                if role and role.startswith("arn:"):
                    roles.assume(role, "sagemaker.amazonaws.com")
            except CannotAssume as error:
                raise ValidationError(str(error)) from None
            return action(self)

        return check

    for name in role_of:
        setattr(SageMakerResponse, name, checked(name, getattr(SageMakerResponse, name)))
