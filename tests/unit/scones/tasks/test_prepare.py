"""A job starts while the foundation's slow rules are still being applied."""

from __future__ import annotations

import io

import pytest
from moto import mock_aws
from rich.console import Console

from scones import settings
from scones.errors import TerraformError
from scones.tasks import prepare


@pytest.mark.parametrize("fails", [False, True])
def test_the_rest_of_the_foundation_is_waited_for_after_the_job_has_started(monkeypatch, fails):
    """Its failure does not hide the job, which runs and costs money, and says how to apply it."""
    happened = []

    def rest():
        happened.append("rules")
        if fails:
            raise TerraformError("terraform apply of stack 'foundation' failed: SlowDown")

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr("scones.terraform.apply_ahead", lambda stack: rest)
    monkeypatch.setattr("scones.terraform.Stack.outputs", lambda stack: {"bucket": "scones-dev"})
    console = Console(file=io.StringIO(), width=200)
    with mock_aws(), prepare.foundation(settings.load("dev", variables={}), console) as outputs:
        happened.append(f"job in {outputs['bucket']}")
    assert happened == ["job in scones-dev", "rules"]
    said = console.file.getvalue()
    assert ("SlowDown" in said) is fails
    assert ("invoke tf.apply --env dev --stack foundation" in said) is fails
