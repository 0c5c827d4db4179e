"""Checks that GitHub lets nobody deploy to an environment before a person has approved.

Example::

    >>> protected = {"protection_rules": [{"type": "required_reviewers", "reviewers": [
    ...     {"type": "User", "reviewer": {"login": "ada"}}, {"type": "Team", "reviewer": {"slug": "owners"}}]}],
    ...     "can_admins_bypass": False}
    >>> judge("dev", protected)
    Approval(reviewers=('ada', 'team owners'), admins_bypass=False)

The apply role trusts every job of a deployment environment on the main branch. GitHub creates an environment that a job
names and that is missing, without any protection. Private repositories have required reviewers with GitHub Enterprise
only. A repository that becomes private on another plan keeps its rules, and GitHub ignores them:

    https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
    https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments

So the pipeline asks first, in a job that names no environment. The API does not tell a workflow the plan. For a private
repository, somebody must say that it has GitHub Enterprise. The answers of the API, which need ``actions: read``:

    https://docs.github.com/rest/repos/repos#get-a-repository
    https://docs.github.com/rest/deployments/environments#get-an-environment
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from scones.errors import CheckError, InputError

API = "https://api.github.com"
PATIENCE = 30.0  # seconds
PLANS = (
    "public repositories have required reviewers on every plan, private and internal ones only with GitHub Enterprise; "
    "without them, leave DEPLOYMENTS unset and github_repository out of bootstrap.tfvars.json, and apply from your own "
    "machine: invoke ci.pr, then invoke ci.merge"
)
ENTERPRISE = "SCONES_GITHUB_ENTERPRISE"


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub, and what reads it.

    Attributes:
        name: ``OWNER/NAME``.
        token: A token that may read the repository's Actions.
        api: The address of GitHub's REST API.
        enterprise: Whether somebody has said that the repository has GitHub Enterprise.
    """

    name: str
    token: str = field(repr=False)
    api: str = API
    enterprise: bool = False

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Repository:
        """The repository of a GitHub workflow, from its environment variables.

        Raises:
            InputError: a variable is missing.
        """
        token = variables.get("GH_TOKEN") or variables.get("GITHUB_TOKEN")
        name = variables.get("GITHUB_REPOSITORY")
        if not name or not token:
            missing = "GITHUB_REPOSITORY" if not name else "GH_TOKEN"
            raise InputError(
                f"{missing} is not set, so GitHub cannot be asked who approves",
                hint="set GITHUB_REPOSITORY to OWNER/NAME, and GH_TOKEN to a token with actions: read",
            )
        enterprise = variables.get(ENTERPRISE, "").lower() == "true"
        return cls(name, token, variables.get("GITHUB_API_URL") or API, enterprise)


@dataclass(frozen=True)
class Approval:
    """Who approves a deployment.

    Attributes:
        reviewers: The users and teams. One of them must approve.
        admins_bypass: Whether the repository's administrators may go on without them.
    """

    reviewers: tuple[str, ...]
    admins_bypass: bool


def required(repository: Repository, environment: str) -> Approval:
    """Ask GitHub who must approve before a job of a deployment environment begins.

    Args:
        environment: The deployment environment's name, which is that of the environment.

    Raises:
        CheckError: nobody must approve, there is no such environment, GitHub ignores the rules of this repository, or
            GitHub did not answer.
    """
    about = _ask(repository, "")
    if about is None:
        raise CheckError(
            f"GitHub has no repository {repository.name}, or does not show it to this token",
            hint="give the job the permission actions: read",
        )
    if about.get("private") is not False and about.get("visibility") != "internal" and not repository.enterprise:
        raise CheckError(
            f"{repository.name} is private, and GitHub ignores the required reviewers of a private repository below "
            f"GitHub Enterprise, so a merge could be applied to '{environment}' and nobody would have approved; "
            "nothing was applied",
            hint=f"with GitHub Enterprise, set the repository's variable ENTERPRISE to true; {PLANS}",
        )
    found = _ask(repository, f"/environments/{quote(environment, safe='')}")
    if found is None:
        raise _refused(environment, f"{repository.name} has no deployment environment '{environment}'")
    return judge(environment, found)


def _ask(repository: Repository, path: str) -> Mapping[str, Any] | None:
    """GitHub's description of a part of a repository. None if there is none.

    Raises:
        CheckError: GitHub did not answer with a description.
    """
    place = f"{repository.api}/repos/{repository.name}{path}"
    headers = {"Authorization": f"Bearer {repository.token}", "Accept": "application/vnd.github+json"}
    asked = urllib.request.Request(place, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:
                return None
        hint = "give the job the permission actions: read" if error.code in (401, 403) else "run the job again"
        raise CheckError(f"GitHub answered {error.code} to {place}", hint=hint) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CheckError(f"GitHub did not answer at {place}: {error}", hint="run the job again") from None
    if not isinstance(found, dict):
        raise CheckError(
            f"GitHub answered {place} with a {type(found).__name__}, not an object",
            hint="look at GITHUB_API_URL; it is GitHub's REST API",
        )
    return found


def judge(environment: str, found: Mapping[str, Any]) -> Approval:
    """Who must approve, from GitHub's description of a deployment environment.

    Raises:
        CheckError: nobody must approve.
    """
    rules = [rule for rule in found.get("protection_rules") or [] if rule.get("type") == "required_reviewers"]
    # A user or a team that was deleted stays as a reviewer without a name, and can approve nothing.
    reviewers = tuple(filter(None, (_reviewer(one) for rule in rules for one in rule.get("reviewers") or [])))
    if not reviewers:
        raise _refused(environment, f"the deployment environment '{environment}' has no required reviewers")
    return Approval(reviewers, admins_bypass=bool(found.get("can_admins_bypass", True)))


def _reviewer(one: Mapping[str, Any]) -> str | None:
    about = one.get("reviewer") or {}
    if one.get("type") == "Team":
        return f"team {about['slug']}" if about.get("slug") else None
    return about.get("login")


def _refused(environment: str, why: str) -> CheckError:
    return CheckError(
        f"{why}, so a merge would be applied to '{environment}' and nobody would have approved; nothing was applied",
        hint=f"on GitHub, in Settings, Environments, {environment}: turn on Required reviewers, and allow only "
        f"the branch main; {PLANS}",
    )
