"""A module's table has every input and output. Multi-line types and defaults are on one line."""

from scones.docs.modules import tables

VARIABLES = """\
variable "name" {
  description = "The name, \\"a|b\\" or $${this}."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{3}$", var.name))
    error_message = "It has 3 letters."
  }
}

variable "rules" {
  description = "What is deleted."
  type = map(object({
    prefix = string # of the key
    days   = optional(number, 30)
    tags   = optional(map(string), {})
  }))
  default = {
    captures = { prefix = "captures/#1", days = 90 }
    images = {
      prefix = "images/"
    }
  }
  nullable = false
}

variable "zones" {
  description = "Where."
  type = list(
    string
  )
  default = [
    "a",
    "b",
  ]
}
"""

OUTPUTS = """\
output "arn" {
  description = "The ARN."
  value       = aws_s3_bucket.this.arn
}
"""


def test_says_what_a_module_takes_and_gives(tmp_path):
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "outputs.tf").write_text(OUTPUTS)
    rules = "map(object({ prefix = string, days = optional(number, 30), tags = optional(map(string), {}) }))"
    defaults = '{ captures = { prefix = "captures/#1", days = 90 }, images = { prefix = "images/" } }'
    assert tables(tmp_path).splitlines() == [
        "## Inputs",
        "",
        "| name | what it is | type | default |",
        "|---|---|---|---|",
        '| `name` | The name, "a\\|b" or ${this}. | `string` | **required** |',
        f"| `rules` | What is deleted. | `{rules}` | `{defaults}` |",
        '| `zones` | Where. | `list(string)` | `["a", "b"]` |',
        "",
        "## Outputs",
        "",
        "| name | what it is |",
        "|---|---|",
        "| `arn` | The ARN. |",
    ]
