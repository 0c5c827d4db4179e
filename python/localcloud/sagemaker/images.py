"""Container images: which the local cloud can run, and which permissions pulling one needs.

The local cloud runs no image. It has a program of its own for one algorithm, Image Classification, and accepts the
images of this algorithm's repository.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sagemaker.exceptions import ValidationError

from localcloud.iam.policies import Statement, statements

if TYPE_CHECKING:
    from localcloud.iam.acting import Acting

ALGORITHM = "image-classification"
PULLING = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")


def repository(image: str) -> str:
    """The repository's name in an image's address, without registry, tag and digest.

    Example::

        >>> repository("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1")
        'image-classification'
        >>> repository("team/own:latest")
        'team/own'
    """
    path = image.partition("@")[0]
    registry, slash, rest = path.partition("/")
    name = rest if slash and ("." in registry or ":" in registry) else path
    return name.partition(":")[0]


def check(image: str | None, what: str) -> str:
    """Return an image's address if the local cloud can run the image.

    Args:
        image: The image's address. None if the request has none.
        what: The first words of the message, such as ``"training job 'x'"``.

    Raises:
        ValidationError: There is no image, or it is not the algorithm's. The message names the image.

    Example::

        >>> check("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "model 'm'")
        Traceback (most recent call last):
        ...
        moto.sagemaker.exceptions.ValidationError: ValidationException: model 'm' asks for image
        '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1', which the local cloud cannot run:
        it runs images of repository 'image-classification' only
    """
    if not image:
        raise ValidationError(f"{what} has no image: the local cloud needs an image of repository '{ALGORITHM}'")
    if repository(image) != ALGORITHM:
        raise ValidationError(
            f"{what} asks for image '{image}', which the local cloud cannot run: "
            f"it runs images of repository '{ALGORITHM}' only"
        )
    return image


def pull(role: Acting, image: str) -> None:
    """Check that a role may pull an image, as SageMaker does before it runs a container.

    AWS: Amazon ECR User Guide, "Private repository policies", lists the permissions that pulling needs.

    Raises:
        AccessDenied: The role's policies do not allow it.
    """
    found = re.match(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.", image)
    if not found:  # not a registry of Amazon ECR
        return
    account, region = found.groups()
    role.require("ecr:GetAuthorizationToken")
    for action in PULLING:
        role.require(f"ecr:{action}", f"arn:aws:ecr:{region}:{account}:repository/{repository(image)}")


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """The policy of a repository of AWS's algorithms: every account may pull from it.

    None for a repository of this account. The local cloud has no ECR, so it has no policy.
    """
    if account == DEFAULT_ACCOUNT_ID:
        return None
    every = {"Effect": "Allow", "Principal": "*", "Action": [f"ecr:{action}" for action in PULLING], "Resource": "*"}
    return statements({"Statement": [every]}, source=f"repository/{arn.rpartition('/')[2]}")
