"""The package works by itself, and its docstring names its modules."""

import inspect
import re
import subprocess
import sys
from importlib.util import find_spec

import imageclassification


def test_no_module_needs_aws_or_what_is_built_on_the_package():
    code = (
        "import importlib, pkgutil, sys, imageclassification as package\n"
        "found = [name for _, name, _ in pkgutil.walk_packages(package.__path__, 'imageclassification.')]\n"
        "[importlib.import_module(name) for name in found]\n"
        "roots = {name.partition('.')[0] for name in sys.modules}\n"
        "print(len(found), *sorted(roots & {'scones', 'localcloud', 'boto3', 'botocore', 'moto'}))"
    )
    found, *foreign = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert int(found) > 30
    assert foreign == []


def test_every_door_is_a_module():
    doors = re.findall(r"^``(\w+)``  ", inspect.getdoc(imageclassification), re.MULTILINE)
    assert len(doors) > 10
    assert [door for door in doors if find_spec(f"imageclassification.{door}") is None] == []
