"""The container image that trains the algorithm, and that serves its models.

Example::

    image_uri("us-east-1")      # '811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1'
"""

from __future__ import annotations

from scones.errors import SettingsError

ALGORITHM = "image-classification"


def image_uri(region: str) -> str:
    """The algorithm's image in a region's ECR registry, from a table in the SDK: no call is made.

    Raises:
        SettingsError: the algorithm is not offered in that region.
    """
    from sagemaker.core import image_uris

    try:
        return image_uris.retrieve(ALGORITHM, region)
    except ValueError as error:
        raise SettingsError(f"there is no {ALGORITHM} image for region '{region}': {error}") from None
