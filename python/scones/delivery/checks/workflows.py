"""What GitHub and GitLab would refuse of the workflow files, and what would make them unsafe; without a network.

Example::

    lint(Path("."), build=Path("build"))       # ["4 GitHub workflows and …", …]; CheckError where not

check-jsonschema holds them against the schemas that it carries; zizmor looks for what attackers use: permissions too
wide, text of strangers in scripts, actions not pinned by commit (https://docs.zizmor.sh/audits/).
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
        build: Its build folder, which the tools' environment goes to.

    Returns:
        What was found to be in order, a line each.

    Raises:
        SetupError: the tools' environment cannot be built.
        CheckError: a file is refused; the message is the tool's own words.
    """
    workflows = sorted((root / GITHUB).glob("*.yml"))
    commands = environment.ensure(build / "checks", "workflows", PINS, works="import check_jsonschema").parent
    schema: list[str | Path] = [commands / "check-jsonschema", "--builtin-schema"]
    _run("GitHub's schema", [*schema, "vendor.github-workflows", *workflows], root)
    _run("GitLab's schema", [*schema, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", root / GITLAB], root)
    # The strictest persona is for research; this one also speaks of what is merely untidy.
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
