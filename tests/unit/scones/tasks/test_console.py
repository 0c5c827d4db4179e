"""The address that the demo prints is the one that the console will have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scones import settings
from scones.console import server
from scones.console.desk import Desk
from scones.tasks.console import usual_address


def test_the_address_is_known_before_the_console_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server.PageServer, "run", lambda self, sockets: None)
    environment = replace(settings.load("local", variables={}), root=tmp_path)
    before, said = usual_address(environment), []
    server.serve(Desk.of(environment), port=0, say=said.append)
    (address,) = said
    assert before.startswith("http://127.0.0.1:8765/?token=")
    assert address.rpartition("=")[2] == before.rpartition("=")[2]
