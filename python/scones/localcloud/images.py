"""Which container images the local cloud can run: that of one algorithm, by what it does rather than by its bytes.

Example::

    repository("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1")  # 'image-classification'
"""

from __future__ import annotations

from moto.sagemaker.exceptions import ValidationError

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
