"""A cloud starts without what it does not need yet."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from botocore.loaders import JSONFileLoader

read = JSONFileLoader.load_file


def load_file(self, path):
    found = read(self, path)
    if found is not None and path.endswith("service-2"):
        print(path)
    return found


JSONFileLoader.load_file = load_file
from localcloud import quick_start

quick_start.prepare()
import localcloud.assembly, localcloud.services
"""


def test_no_model_of_a_service_is_read_before_it_is_needed() -> None:
    """They are megabytes: SageMaker's alone takes a tenth of the start."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, timeout=300)
    assert done.stdout == ""
