"""Which container images the local cloud can run: that of one algorithm, by what it does rather than by its bytes.

Example::

    repository("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1")  # 'image-classification'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.sagemaker.exceptions import ValidationError

if TYPE_CHECKING:
    from localcloud.iam.acting import Acting

ALGORITHM = "image-classification"


def repository(image: str) -> str:
    """The repository's name in an image's address, without registry, tag and digest."""
    path = image.partition("@")[0]
    registry, slash, rest = path.partition("/")
    name = rest if slash and ("." in registry or ":" in registry) else path
    return name.partition(":")[0]


def check(image: str | None, what: str) -> None:
    """Refuse an image that the local cloud cannot stand in for.

    Args:
        image: The image's address.
        what: Who asks for it, to begin the message: ``"training job 'x'"``.

    Raises:
        ValidationError: it is another image than the algorithm's; the message names it.
    """
    if not image:
        raise ValidationError(f"{what} names no image; the local cloud runs images of repository '{ALGORITHM}'")
    if repository(image) != ALGORITHM:
        raise ValidationError(
            f"{what} asks for image '{image}', which the local cloud cannot run: "
            f"it runs images of repository '{ALGORITHM}' only"
        )


def pull(role: Acting, image: str) -> None:
    """Prove that a role may pull an image, as SageMaker does before it runs one.

    AWS: Amazon ECR User Guide, "Private repository policies": what pulling needs.

    Raises:
        AccessDenied: it may not.
    """
    found = re.match(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.", image)
    if not found:  # another registry, which has no roles
        return
    account, region = found.groups()
    role.require("ecr:GetAuthorizationToken")
    for action in ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage"):
        role.require(f"ecr:{action}", f"arn:aws:ecr:{region}:{account}:repository/{repository(image)}")
