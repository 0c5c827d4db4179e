"""Checks the GitHub and GitLab workflow files against their schemas and for security problems, without a network.

Example (not run: it installs check-jsonschema and zizmor)::

    lint(Path("."), build=Path("build"))       # ['4 GitHub workflows and .gitlab-ci.yml keep to their schemas', …]

check-jsonschema checks the files against the schemas that it contains. zizmor finds security problems such as too many
permissions, untrusted text in scripts, and actions that are not pinned by commit (https://docs.zizmor.sh/audits/).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scones.delivery.checks import environment
from scones.errors import CheckError

PINS = Path(__file__).with_name("workflows.txt")
SECONDS = 120
GITHUB = Path(".github/workflows")
GITLAB = Path(".gitlab-ci.yml")


def lint(root: Path, *, build: Path) -> list[str]:
    """Check the workflow files of a project.

    Args:
        root: The project's folder.
        build: The project's build folder, where the tools' environment is built.

    Returns:
        A line for each passed check.

    Raises:
        SetupError: the tools' environment cannot be built.
        CheckError: a tool refuses a file. The message is the tool's output.
    """
    workflows = sorted((root / GITHUB).glob("*.yml"))
    commands = environment.ensure(build / "checks", "workflows", PINS, works="import check_jsonschema").parent
    schema: list[str | Path] = [commands / "check-jsonschema", "--builtin-schema"]
    _run("GitHub's schema", [*schema, "vendor.github-workflows", *workflows], root)
    _run("GitLab's schema", [*schema, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", root / GITLAB], root)
    # "pedantic" also reports style. The stricter "auditor" is made for research and reports false positives.
    _run("zizmor", [commands / "zizmor", "--offline", "--no-progress", "--persona=pedantic", *workflows], root)
    return [
        f"{len(workflows)} GitHub workflows and {GITLAB} keep to their schemas",
        f"zizmor finds nothing in {len(workflows)} workflows",
    ]


def _run(title: str, command: Sequence[str | Path], root: Path) -> None:
    done = environment.run(title, command, SECONDS, folder=root)
    if done.returncode:
        said = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
        raise CheckError(f"{title} refuses a workflow file:\n{said}")
