"""Writes the confidence threshold to an environment's ``service.tfvars.json``. Terraform and Python read it.

Example::

    >>> path = Path("service.tfvars.json")
    >>> _ = path.write_text('{"confidence_threshold": 0.8, "instance_count": 1}')
    >>> set_threshold(path, 0.81)
    0.8
    >>> path.read_text()
    '{"confidence_threshold": 0.81, "instance_count": 1}'
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from imageclassification import files
from scones.errors import SettingsError

NAME = "confidence_threshold"
_VALUE = re.compile(rf'("{NAME}"\s*:\s*)(-?[0-9][0-9.eE+-]*)')


def set_threshold(path: Path, threshold: float) -> float:
    """Replace the threshold. The rest of the file, including its layout, does not change.

    Returns:
        The previous threshold.

    Raises:
        SettingsError: the file is missing, or does not have exactly one threshold, a number.
    """
    try:
        text = path.read_text(encoding="utf-8")
        before = json.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing", hint="every environment has it; copy it from another one") from None
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from None
    changed, times = _VALUE.subn(lambda match: f"{match[1]}{json.dumps(threshold)}", text)
    # Check that the replacement changes this value and nothing else.
    if times != 1 or not isinstance(before, dict) or json.loads(changed) != {**before, NAME: threshold}:
        raise SettingsError(
            f"{path} does not hold one '{NAME}' that is a number", hint=f'put "{NAME}": {threshold} there by hand'
        )
    if changed != text:
        files.write(path, changed)
    return before[NAME]
