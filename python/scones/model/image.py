"""The algorithm's container image. It trains models and serves them.

Example::

    >>> image_uri("us-east-1")
    '811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1'
"""

from __future__ import annotations

from scones.errors import SettingsError

ALGORITHM = "image-classification"


def image_uri(region: str) -> str:
    """The URI of the algorithm's image in a region. It comes from a table in the SDK, without a request.

    Raises:
        SettingsError: the region does not have the algorithm.
    """
    from sagemaker.core import image_uris

    try:
        return image_uris.retrieve(ALGORITHM, region)
    except ValueError as error:
        raise SettingsError(f"there is no {ALGORITHM} image for region '{region}': {error}") from None
