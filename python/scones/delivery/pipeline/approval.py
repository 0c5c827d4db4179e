"""Checks that GitHub lets nobody deploy to an environment before a person has approved.

Example::

    >>> protected = {"protection_rules": [{"type": "required_reviewers", "reviewers": [
    ...     {"type": "User", "reviewer": {"login": "ada"}}, {"type": "Team", "reviewer": {"slug": "owners"}}]}],
    ...     "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}
    >>> judge("dev", protected)
    Approval(reviewers=('ada', 'team owners'), any_branch=False)

The apply role trusts every job of a deployment environment. GitHub creates an environment that a job names and that is
missing, without any protection. Private repositories have required reviewers with GitHub Enterprise only:

    https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments

So the pipeline asks first, in a job that names no environment. The answer of the API, which needs ``actions: read``:

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
    "without them, leave DEPLOYMENTS unset, and apply from your own machine: invoke ci.pr, then invoke ci.merge"
)


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub, and what reads it.

    Attributes:
        name: ``OWNER/NAME``.
        token: A token that may read the repository's Actions.
        api: The address of GitHub's REST API.
    """

    name: str
    token: str = field(repr=False)
    api: str = API

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
        return cls(name, token, variables.get("GITHUB_API_URL") or API)


@dataclass(frozen=True)
class Approval:
    """Who approves a deployment.

    Attributes:
        reviewers: The users and teams. One of them must approve.
        any_branch: Whether jobs of any branch may ask for the approval.
    """

    reviewers: tuple[str, ...]
    any_branch: bool


def required(repository: Repository, environment: str) -> Approval:
    """Ask GitHub who must approve before a job of a deployment environment begins.

    Args:
        environment: The deployment environment's name, which is that of the environment.

    Raises:
        CheckError: nobody must approve, there is no such environment, or GitHub did not answer.
    """
    place = f"{repository.api}/repos/{repository.name}/environments/{quote(environment, safe='')}"
    headers = {"Authorization": f"Bearer {repository.token}", "Accept": "application/vnd.github+json"}
    asked = urllib.request.Request(place, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:
                raise _refused(
                    environment, f"{repository.name} has no deployment environment '{environment}'"
                ) from None
        hint = "give the job the permission actions: read" if error.code in (401, 403) else "run the job again"
        raise CheckError(f"GitHub answered {error.code} to {place}", hint=hint) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CheckError(f"GitHub did not answer at {place}: {error}", hint="run the job again") from None
    return judge(environment, found)


def judge(environment: str, found: Mapping[str, Any]) -> Approval:
    """Who must approve, from GitHub's description of a deployment environment.

    Raises:
        CheckError: nobody must approve.
    """
    rules = [rule for rule in found.get("protection_rules") or [] if rule.get("type") == "required_reviewers"]
    reviewers = tuple(_reviewer(one) for rule in rules for one in rule.get("reviewers") or [])
    if not reviewers:
        raise _refused(environment, f"the deployment environment '{environment}' has no required reviewers")
    return Approval(reviewers, any_branch=not found.get("deployment_branch_policy"))


def _reviewer(one: Mapping[str, Any]) -> str:
    about = one.get("reviewer") or {}
    return f"team {about.get('slug')}" if one.get("type") == "Team" else str(about.get("login"))


def _refused(environment: str, why: str) -> CheckError:
    return CheckError(
        f"{why}, so a merge would be applied to '{environment}' and nobody would have approved; nothing was applied",
        hint=f"on GitHub, in Settings, Environments, {environment}: turn on Required reviewers, and allow only "
        f"the branch main; {PLANS}",
    )
