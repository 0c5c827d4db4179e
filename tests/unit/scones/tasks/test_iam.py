"""invoke iam.prove shows the statements that each step needs, and fails if a statement is not needed."""

from __future__ import annotations

import io
import json

import pytest
from invoke import Context, Exit
from rich.console import Console

from localcloud.iam.policies import statements
from scones.proof import MatrixRow, ProofOutcome, Removal
from scones.tasks import iam

GRANTED = statements(
    {"Statement": [{"Sid": sid, "Effect": "Allow", "Action": f"s3:{sid}"} for sid in ("GetObject", "PutObject")]},
    source="role/reader/own",
)


@pytest.fixture
def outcome() -> ProofOutcome:
    needed = MatrixRow(GRANTED[0], ("train", "execute"), "s3:GetObject arn:aws:s3:::images/a.png", ())
    removals = [Removal(GRANTED[0].source, "s3:GetObject arn:aws:s3:::images/a.png")]
    return ProofOutcome([], rows=[needed], removals=removals, requests=7, order=("train", "execute"))


@pytest.fixture
def superfluous(outcome: ProofOutcome) -> ProofOutcome:
    outcome.rows.append(MatrixRow(GRANTED[1], (), "", ("s3:PutObject",)))
    return outcome


def said(outcome: ProofOutcome) -> str:
    console = Console(width=160, file=io.StringIO())
    iam.show(console, outcome)
    return console.file.getvalue()


def test_the_matrix_names_step_request_and_role(outcome):
    words = said(outcome)
    for expected in ("reader", "own/GetObject", "train", "execute", "●", "s3:GetObject arn:aws:s3:::images/a.png (and"):
        assert expected in words
    assert "1 statements of 1 roles and 0 resources, 0 of them shown by what they refuse; 7 judged requests: 0" in words


def test_a_superfluous_statement_is_said_to_be_one(superfluous):
    assert "nothing: superfluous" in said(superfluous)
    assert not superfluous.held


def test_a_statement_that_was_taken_away_and_not_missed_is_no_proof(outcome):
    outcome.removals.append(Removal("role/reader/own/Other", ""))
    assert not outcome.held
    assert "taken away and not missed: role/reader/own/Other" in said(outcome)


def test_what_a_resources_policy_refuses_and_what_is_not_shown_have_words_of_their_own(outcome):
    publish, refuse = statements(
        {
            "Statement": [
                {"Sid": "Publish", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish"},
                {"Sid": "RefuseWithoutTLS", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish"},
            ]
        },
        source="topic/alarms",
    )
    outcome.rows += [
        MatrixRow(publish, (), "", ("sns:Publish",), not_shown=("budgets.amazonaws.com: no costs",)),
        MatrixRow(refuse, (), "sns:Publish arn:aws:sns:us-east-1:123456789012:alarms", (), refuses=("train",)),
    ]
    words = said(outcome)
    for expected in (
        "topic alarms",
        "refuses by HTTP",
        "allowed by HTTP: sns:Publish",
        "topic/alarms/Publish for budgets.amazonaws.com is not shown here: no costs",
        "of 1 roles and 1 resources, 1 of them shown by what they refuse",
    ):
        assert expected in words
    assert outcome.held
    assert iam.result_of(outcome).not_shown == ("topic/alarms/Publish for budgets.amazonaws.com: no costs",)


def test_the_exit_code_is_1_where_something_is_superfluous_and_the_file_says_what(
    superfluous, monkeypatch, tmp_path, printed_json
):
    class Proof:
        def __init__(self, root, console, values):
            assert values["foundation"]["customer_managed_key"]

        def run(self):
            return superfluous

    monkeypatch.setattr("scones.proof.Proof", Proof)
    with pytest.raises(Exit) as ended:
        iam.prove(Context(), out=str(tmp_path / "proof.json"), json=True)
    assert ended.value.code == 1
    assert printed_json("iam.prove") == json.loads((tmp_path / "proof.json").read_text())
    assert json.loads((tmp_path / "proof.json").read_text())["superfluous"] == ["role/reader/own/PutObject"]
