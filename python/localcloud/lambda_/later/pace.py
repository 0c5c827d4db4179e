"""How long asynchronous invocations wait between their runs, which a file in the cloud's folder may set.

AWS waits for one minute and then for two. Here it is one second and two, unless the file ``lambda-retries`` says
otherwise: two numbers of seconds, ``60 120`` as on AWS.

Example::

    >>> path = Path("lambda-retries")
    >>> pace_of(path)
    Pace(retries=(1.0, 2.0), longest=5.0)
    >>> _ = path.write_text("60 120")
    >>> pace_of(path)
    Pace(retries=(60.0, 120.0), longest=300.0)
"""

from __future__ import annotations

from pathlib import Path

from localcloud.lambda_.later.rules import AWS_LONGEST_WAIT, AWS_WAITS, HERE, Pace

FILE = "lambda-retries"


def pace_of(path: Path) -> Pace:
    """The pace that a file asks for. A missing file, and one of another form, asks for nothing.

    The longest wait of a throttled event is AWS's if the waits are.
    """
    try:
        first, second = (float(word) for word in path.read_text().split())
    except (OSError, ValueError):
        return HERE
    if not (0 <= first <= AWS_WAITS[0] and 0 <= second <= AWS_WAITS[1]):
        return HERE
    return Pace((first, second), AWS_LONGEST_WAIT if (first, second) == AWS_WAITS else HERE.longest)
