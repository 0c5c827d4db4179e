"""What a service puts into the cloud's folder has a name that reset knows."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

import localcloud
from localcloud.context import Context

#: The modules that make the folder or the context, and name files in it from control's constants.
MAKERS = {"context.py", "control.py", "server.py", "assembly.py", "__init__.py"}


def test_a_place_that_reset_would_not_know_is_refused():
    context = SimpleNamespace(state=Path("build/local"))
    assert Context.place(context, "transform") == Path("build/local/transform")
    with pytest.raises(ValueError, match="does not name 'tranform'"):
        Context.place(context, "tranform")


def test_services_ask_for_their_places():
    root = Path(localcloud.__file__).parent
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in root.rglob("*.py")
        if path.name not in MAKERS or path.parent != root
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "state" and "context" in ast.unparse(node.value)
    ]
    assert found == [], "use context.place(NAME), which knows what reset throws away"
