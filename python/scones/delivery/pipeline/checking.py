"""What is checked of a change before anything is planned; none of it needs an account.

Example::

    for check in checks(settings.load("local")):
        check.run()         # a line of what was found; SconesError where something is wrong
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scones.errors import CheckError
from scones.settings import Environment
from scones.terraform import STACKS
from scones.terraform.binary import locate
from scones.terraform.validation import validate


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        title: What is checked.
        run: Does it; gives what was found, in a line, and raises SconesError where something is wrong.
    """

    title: str
    run: Callable[[], str]


def checks(environment: Environment) -> list[Check]:
    """The checks, quick ones first.

    Args:
        environment: Whose project folder is checked.
    """
    return [
        Check("Terraform's format", lambda: _format(environment)),
        *(Check(f"Validate {name}", partial(_validate, environment, name)) for name in STACKS),
        Check("Workflow files", lambda: _workflows(environment)),
        Check("checkov", lambda: _checkov(environment)),
    ]


def test(environment: Environment) -> None:
    """Run all the tests, which show themselves; they take many minutes.

    Raises:
        CheckError: one fails.
    """
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=environment.root, check=False)
    if done.returncode:
        raise CheckError(f"the tests fail (pytest's exit code {done.returncode})", hint="run them alone: make test")


def _format(environment: Environment) -> str:
    folder = environment.root / "terraform"
    done = subprocess.run(
        [locate(environment.build).path, "fmt", "-check", "-recursive", "-no-color", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = ", ".join(done.stdout.split()) or done.stderr.strip()
        raise CheckError(f"Terraform files are not in its format: {said}", hint="terraform fmt -recursive terraform")
    return "all files are in it"


def _validate(environment: Environment, name: str) -> str:
    validate(environment.root / "terraform" / "stacks" / name, build=environment.build)
    return "valid"


def _workflows(environment: Environment) -> str:
    from scones.delivery.checks import workflows

    return "; ".join(workflows.lint(environment.root, build=environment.build))


def _checkov(environment: Environment) -> str:
    from scones.delivery.checks import checkov

    report = checkov.scan(environment.root / "terraform", build=environment.build)
    if not report.clean:
        found = [f"{one.policy} {one.place} {one.resource}" for one in (*report.findings, *report.unreasoned)]
        raise CheckError(
            f"checkov has {len(found)} findings:\n" + "\n".join([*found, *report.unread]),
            hint="see what each asks for: invoke checks.checkov",
        )
    return f"{report.passed} passed, none failed, {len(report.suppressions)} passed over with a reason"
