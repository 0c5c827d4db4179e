"""The pictures show the modules, the optional resources, and which module gets which output."""

import pytest

from scones.docs.picture import service_of, stacks, state_machine
from scones.errors import InputError


@pytest.fixture
def terraform(tmp_path):
    """Three small stacks: one with a bucket and a key, and three modules that use them."""
    modules = {
        "bucket": ["aws_s3_bucket", "aws_s3_bucket_policy", "aws_iam_role"],
        "worker": ["aws_lambda_function", "terraform_data"],
    }
    for name, kinds in modules.items():
        folder = tmp_path / "modules" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text("".join(f'resource "{kind}" "this" {{}}\n' for kind in kinds))
    for name, text in STACKS.items():
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(text)
    return tmp_path


STACKS = {
    "bootstrap": 'resource "aws_s3_bucket" "state" {}\n\nresource "aws_s3_bucket_versioning" "state" {}\n',
    "foundation": """\
module "bucket" {
  source = "../../modules/bucket"
}

module "spare" {
  source = "../../modules/bucket"
  count  = var.spare ? 1 : 0

  name = module.bucket.name
}

resource "aws_sns_topic" "this" {}

output "bucket" {
  value = module.bucket.name
}

output "topic" {
  value = aws_sns_topic.this.arn
}
""",
    "service": """\
locals {
  foundation = data.terraform_remote_state.foundation.outputs
  bucket     = local.foundation.bucket
  topic      = try(local.foundation.topic, null)
}

module "first" {
  source = "../../modules/worker"

  bucket = local.bucket
  topic  = local.topic
}

module "second" {
  source   = "../../modules/worker"
  for_each = var.workers

  # Nothing of module.third.
  bucket = "s3://${local.bucket}/second"
  after  = module.first.arn
}

module "third" {
  source   = "../../modules/worker"
  for_each = { for name in var.third[*] : "only" => name }

  bucket = local.bucket
}
""",
}


def test_shows_every_part_in_its_stack_with_what_it_makes(terraform):
    lines = [line.strip() for line in stacks(terraform).splitlines()]
    assert lines[:2] == ["```mermaid", "flowchart LR"]
    for expected in (
        'subgraph foundation["stack foundation"]',
        'foundation_bucket["bucket<br>S3, IAM"]',
        'foundation_spare["spare<br>S3, IAM"]:::optional',
        'foundation_sns["SNS<br>topic"]',
        'bootstrap_s3["S3<br>bucket"]',
        'service_second["second, one each<br>Lambda"]',
        'service_third["third<br>Lambda"]:::optional',
    ):
        assert expected in lines


def test_an_arrow_leads_to_what_is_given_by_name_through_locals_and_outputs(terraform):
    arrows = [line.strip() for line in stacks(terraform).splitlines() if "-->" in line]
    assert arrows == [
        "foundation_spare --> foundation_bucket",
        "service --> foundation_bucket",
        "service_first --> foundation_sns",
        "service_second --> service_first",
    ]


def test_refuses_a_resource_whose_service_nobody_named():
    assert service_of("aws_cloudwatch_event_rule") == "EventBridge"
    with pytest.raises(InputError, match="the service of aws_quantum_computer is not known"):
        service_of("aws_quantum_computer")


def test_a_state_machine_shows_what_follows_on_what():
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Parameters": {"FunctionName": "${classify_image_arn}"},
                "Catch": [
                    {"ErrorEquals": ["States.Timeout", "Lambda.Unknown"], "Next": "Give up"},
                    {"ErrorEquals": ["States.ALL"], "Next": "Look"},
                ],
                "End": True,
            },
            "Look": {"Type": "Choice", "Choices": [{"Next": "Ask"}], "Default": "Give up"},
            "Give up": {"Type": "Fail"},
        },
    }
    assert state_machine(definition).splitlines() == [
        "```mermaid",
        "flowchart TD",
        "  start((start)) --> s0",
        '  s0["Ask<br>classify_image"]',
        '  s1{"Look"}',
        '  s2(["Give up"])',
        "  s0 --> done((done))",
        '  s0 -. "States.Timeout and 1 more" .-> s2',
        '  s0 -. "any other error" .-> s1',
        "  s1 -- if so --> s0",
        "  s1 -- else --> s2",
        "```",
    ]
