"""Terraform files in the layout of `terraform fmt` are read, and others are refused."""

import pytest

from scones.errors import InputError
from scones.settings import ROOT
from scones.terraform.configuration import one_line, parse, read, text_of

TEXT = """\
# A comment with { and }.
data "aws_region" "current" {}

resource "aws_s3_bucket" "this" {
  count  = var.name == null ? 0 : 1
  bucket = var.name

  policy = jsonencode({
    Version = "2012-10-17"

    Statement = [{
      Sid = "Refuse"
    }]
  })

  dynamic "rule" {
    for_each = var.rules

    content {
      id = rule.key
    }
  }

  lifecycle {
    precondition {
      condition     = true
      error_message = "…"
    }
  }
}

locals {
  words = <<-EOT
}
  bucket = "not an argument"
  EOT
  after = 1
}

resource "aws_s3_bucket" "other" { bucket = "b" }
"""


def test_blocks_are_told_by_kind_and_labels():
    assert [(block.kind, block.labels) for block in parse(TEXT)] == [
        ("data", ("aws_region", "current")),
        ("resource", ("aws_s3_bucket", "this")),
        ("locals", ()),
        ("resource", ("aws_s3_bucket", "other")),
    ]


def test_arguments_are_whole_over_many_lines():
    bucket = parse(TEXT)[1]
    assert list(bucket.arguments) == ["count", "bucket", "policy"]
    assert bucket.argument("count") == "var.name == null ? 0 : 1"
    assert one_line(bucket.argument("policy")) == (
        'jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Refuse" }] })'
    )


def test_blocks_inside_are_found_at_any_depth():
    bucket = parse(TEXT)[1]
    assert [block.kind for block in bucket.blocks] == ["dynamic", "lifecycle"]
    assert [block.name for block in bucket.within("dynamic")] == ["rule"]
    assert bucket.within("precondition") == []
    assert [block.argument("condition") for block in bucket.deep("precondition")] == ["true"]


def test_a_heredoc_is_text():
    assert list(parse(TEXT)[2].arguments) == ["words", "after"]


def test_a_block_says_where_it_stands():
    bucket = parse(TEXT, "main.tf")[1]
    assert (bucket.where, bucket.blocks[1].blocks[0].where) == ("main.tf:4", "main.tf:25")


def test_a_block_on_one_line_has_its_argument():
    assert parse(TEXT)[3].arguments == {"bucket": '"b"'}


@pytest.mark.parametrize("text", ['resource "a" "b" {\n  c = 1\n', "c\n", 'resource "a" "b"\n{\n}\n'])
def test_what_is_not_laid_out_is_refused_with_its_place(text):
    with pytest.raises(InputError, match=r"main\.tf:1"):
        parse(text, "main.tf")


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no"):
        read(tmp_path)


def test_every_file_of_the_project_can_be_read_to_its_innermost_block():
    def walk(blocks):
        return sum(1 + len(block.arguments) + walk(block.blocks) for block in blocks)

    for path in (ROOT / "terraform").glob("*/*/**/*.*"):
        if path.name.endswith((".tf", ".tftest.hcl")) and ".terraform" not in str(path):
            assert walk(parse(path.read_text(), str(path))) > 0


def test_a_plain_string_is_read_with_its_escapes():
    assert text_of('"say \\"$${x}\\""') == 'say "${x}"'
    with pytest.raises(InputError, match="not a plain quoted string"):
        text_of("var.description")
