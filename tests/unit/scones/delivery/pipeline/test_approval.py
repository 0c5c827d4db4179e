"""Nothing is applied from GitHub unless a person must approve; GitHub is a server on loopback here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones.delivery.pipeline import approval
from scones.errors import CheckError, InputError
from scones.tasks import ci

#: As GitHub answers: https://docs.github.com/rest/deployments/environments#get-an-environment
PROTECTED: dict[str, Any] = {
    "id": 161088068,
    "name": "dev",
    "protection_rules": [
        {"id": 3736, "type": "wait_timer", "wait_timer": 30},
        {
            "id": 3755,
            "type": "required_reviewers",
            "prevent_self_review": False,
            "reviewers": [
                {"type": "User", "reviewer": {"login": "octocat", "id": 1}},
                {"type": "Team", "reviewer": {"slug": "justice-league", "id": 2}},
            ],
        },
        {"id": 3756, "type": "branch_policy"},
    ],
    "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    "can_admins_bypass": False,
}
#: https://docs.github.com/rest/repos/repos#get-a-repository
PUBLIC: dict[str, Any] = {"full_name": "owner/scones", "private": False, "visibility": "public"}
PRIVATE: dict[str, Any] = {"full_name": "owner/scones", "private": True, "visibility": "private"}
INTERNAL: dict[str, Any] = {"full_name": "owner/scones", "private": True, "visibility": "internal"}
#: As GitHub creates it for a job that names it, and as it is left where the plan has no required reviewers.
UNPROTECTED: dict[str, Any] = {"id": 1, "name": "dev", "protection_rules": [], "deployment_branch_policy": None}

Serve = Callable[..., approval.Repository]


@pytest.fixture
def github() -> Iterator[Serve]:
    """A GitHub that knows ``owner/scones``: ``github(body, status)`` is its answer about the environment ``dev``, and
    ``about`` what it tells of the repository."""
    ends: list[Callable[[], None]] = []

    def serve(body: Any, status: int = 200, about: Any = PUBLIC, enterprise: bool = False) -> approval.Repository:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers = {"/repos/owner/scones": (200, about), "/repos/owner/scones/environments/dev": (status, body)}
                code, answer = answers.get(self.path, (500, {}))
                content = json.dumps(answer).encode()
                self.send_response(code if self.headers["Authorization"] == "Bearer secret" else 500)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        ends.extend((server.shutdown, thread.join, server.server_close))
        return approval.Repository("owner/scones", "secret", f"http://127.0.0.1:{server.server_port}", enterprise)

    yield serve
    for end in ends:
        end()


def test_who_must_approve_is_asked_of_github(github: Serve) -> None:
    found = approval.required(github(PROTECTED), "dev")
    assert found == approval.Approval(("octocat", "team justice-league"), admins_bypass=False)


def test_a_private_repository_whose_rules_github_ignores_is_refused_though_it_has_reviewers(github: Serve) -> None:
    """A repository that became private keeps its rules. The API does not tell a workflow which plan it has."""
    with pytest.raises(
        CheckError, match="owner/scones is private, and GitHub ignores the required reviewers"
    ) as refusal:
        approval.required(github(PROTECTED, about=PRIVATE), "dev")
    hint = refusal.value.hint or ""
    assert "set the repository's variable ENTERPRISE to true" in hint
    assert "leave DEPLOYMENTS unset and github_repository out of bootstrap.tfvars.json" in hint


@pytest.mark.parametrize(("about", "enterprise"), [(PRIVATE, True), (INTERNAL, False)])
def test_a_repository_with_github_enterprise_may_be_private(github: Serve, about: Any, enterprise: bool) -> None:
    found = approval.required(github(PROTECTED, about=about, enterprise=enterprise), "dev")
    assert found.reviewers == ("octocat", "team justice-league")


def test_a_reviewer_who_was_deleted_approves_nothing(github: Serve) -> None:
    gone = [{"type": "User", "reviewer": None}, {"type": "Team", "reviewer": {}}]
    rule = {"type": "required_reviewers", "reviewers": [*gone, {"type": "User", "reviewer": {"login": "ada"}}]}
    assert approval.required(github({"protection_rules": [rule]}), "dev").reviewers == ("ada",)
    with pytest.raises(CheckError, match="has no required reviewers"):
        approval.required(github({"protection_rules": [{**rule, "reviewers": gone}]}), "dev")


def test_an_answer_of_another_form_is_no_approval(github: Serve) -> None:
    with pytest.raises(CheckError, match=r"answered http://\S+/environments/dev with a list, not an object"):
        approval.required(github([PROTECTED]), "dev")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (UNPROTECTED, 200, "the deployment environment 'dev' has no required reviewers"),
        (
            {**PROTECTED, "protection_rules": [{"type": "required_reviewers", "reviewers": []}]},
            200,
            "the deployment environment 'dev' has no required reviewers",
        ),
        ({"message": "Not Found"}, 404, "owner/scones has no deployment environment 'dev'"),
    ],
)
def test_an_environment_that_nobody_approves_is_refused_with_what_to_do(
    github: Serve, body: Any, status: int, said: str
) -> None:
    with pytest.raises(CheckError) as refusal:
        approval.required(github(body, status), "dev")
    assert refusal.value.message.startswith(said)
    assert "nothing was applied" in refusal.value.message
    hint = refusal.value.hint or ""
    assert "Settings, Environments, dev: turn on Required reviewers" in hint
    assert "private and internal ones only with GitHub Enterprise" in hint


@pytest.mark.parametrize(
    ("status", "hint"), [(403, "give the job the permission actions: read"), (502, "run the job again")]
)
def test_a_github_that_does_not_say_who_approves_is_no_approval(github: Serve, status: int, hint: str) -> None:
    with pytest.raises(CheckError, match=f"GitHub answered {status}") as refusal:
        approval.required(github({}, status), "dev")
    assert refusal.value.hint == hint


def test_a_github_that_is_not_there_is_no_approval(github: Serve) -> None:
    gone = approval.Repository("owner/scones", "secret", "http://127.0.0.1:9")
    with pytest.raises(CheckError, match=r"GitHub did not answer at http://127.0.0.1:9/repos/owner/scones"):
        approval.required(gone, "dev")


def test_a_run_outside_of_github_is_told_what_is_missing() -> None:
    with pytest.raises(InputError, match="GITHUB_REPOSITORY is not set"):
        approval.Repository.of({"GH_TOKEN": "secret"})
    with pytest.raises(InputError, match="GH_TOKEN is not set"):
        approval.Repository.of({"GITHUB_REPOSITORY": "owner/scones"})
    found = approval.Repository.of({"GITHUB_REPOSITORY": "owner/scones", "GITHUB_TOKEN": "secret"})
    assert (found.api, found.enterprise) == ("https://api.github.com", False)
    variables = {"GITHUB_REPOSITORY": "owner/scones", "GITHUB_TOKEN": "secret", "SCONES_GITHUB_ENTERPRISE": "true"}
    assert approval.Repository.of(variables).enterprise
    assert "secret" not in repr(found)


def test_the_task_names_the_reviewers_or_fails(
    github: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/scones")
    monkeypatch.setenv("GH_TOKEN", "secret")
    given: dict[str, Any] = {"env": "dev"}
    monkeypatch.setenv("GITHUB_API_URL", github({**PROTECTED, "can_admins_bypass": True}).api)
    ci.approval(Context(), **given)
    said = capsys.readouterr().out
    assert "one of these must approve: octocat, team justice-league" in said
    assert "administrators may go on without them" in said
    monkeypatch.setenv("GITHUB_API_URL", github(UNPROTECTED).api)
    with pytest.raises(Exit, match="no required reviewers") as ended:
        ci.approval(Context(), **given)
    assert ended.value.code == 1
