"""The threshold in an environment's ``service.tfvars.json``, which Terraform and Python both read.

Example::

    set_threshold(environment.folder / "service.tfvars.json", 0.81)     # 0.8: what was there before
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
    """Write the threshold where it stands; all else in the file stays as it is, its layout too.

    Returns:
        What was there before.

    Raises:
        SettingsError: the file is missing, or does not hold the threshold as a number, once.
    """
    try:
        text = path.read_text(encoding="utf-8")
        before = json.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing", hint="every environment has it; copy it from another one") from None
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from None
    changed, times = _VALUE.subn(lambda match: f"{match[1]}{json.dumps(threshold)}", text)
    # Whatever the pattern met, the file means the same but for this one value.
    if times != 1 or not isinstance(before, dict) or json.loads(changed) != {**before, NAME: threshold}:
        raise SettingsError(
            f"{path} does not hold one '{NAME}' that is a number", hint=f'put "{NAME}": {threshold} there by hand'
        )
    if changed != text:
        files.write(path, changed)
    return before[NAME]
