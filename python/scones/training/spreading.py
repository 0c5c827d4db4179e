"""Waits until SageMaker knows a new role.

Example::

    >>> once_known(lambda: print("created"))
    created

A job is often the first that uses the role which an apply has made a moment ago. SageMaker then refuses the job,
because a change of IAM takes seconds to spread: IAM User Guide, "Changes that I make are not always immediately
visible".
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: The pauses before each further try, in seconds. Most changes are there after some seconds.
PAUSES = (2.0, 4.0, 8.0, 16.0)
#: What SageMaker says of a role that it does not know, and of one that does not trust it.
UNKNOWN = "Could not assume role"


def once_known(create: Callable[[], object], *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Create something that needs a role, and try again for half a minute while SageMaker does not know the role.

    Raises:
        ClientError: botocore's; the last one if SageMaker does not know the role in the end.
    """
    from botocore.exceptions import ClientError

    for pause in PAUSES:
        try:
            create()
            return
        except ClientError as error:
            if UNKNOWN not in error.response["Error"]["Message"]:
                raise
        sleep(pause)
    create()
