"""How a gap replaces a function of moto that other modules of moto have imported by name.

Example::

    replace("moto.stepfunctions.parser", "is_within_size_quota", is_within_limit)
"""

from __future__ import annotations

import sys
from typing import Any


def replace(package: str, name: str, new: Any) -> int:
    """Set ``name`` to ``new`` in every loaded module of ``package`` that has it; says in how many.

    Raises:
        LookupError: no module has it: moto has changed, and the gap must be looked at again.
    """
    holders = [
        module
        for path, module in list(sys.modules.items())
        if (path == package or path.startswith(f"{package}.")) and name in vars(module)
    ]
    if not holders:
        raise LookupError(f"no module of {package} has {name}")
    for module in holders:
        setattr(module, name, new)
    return len(holders)
