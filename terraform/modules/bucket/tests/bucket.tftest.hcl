mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name = "scones-test-123456789012"
}

run "keeps_versions_and_encrypts" {
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versioning must be on."
  }

  assert {
    condition = one([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm
    ]) == "AES256"
    error_message = "Objects must be encrypted at rest."
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy == false
    error_message = "A bucket with objects must survive destroy unless it is asked otherwise."
  }
}

run "is_closed_to_the_public" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "All four public access blocks must be on."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs must be off."
  }
}

run "refuses_requests_without_tls" {
  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "RefuseWithoutTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::scones-test-123456789012", "arn:aws:s3:::scones-test-123456789012/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "The bucket's policy must deny every request that does not come over TLS."
  }
}

run "deletes_what_is_old" {
  variables {
    noncurrent_version_days = 7
    expirations             = { captures = { prefix = "captures/", days = 90 } }
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id] == ["superseded-versions", "captures"]
    error_message = "There must be a rule for superseded versions and one an expiration."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 7
    error_message = "Superseded versions must go after the days asked for."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[1].filter[0].prefix == "captures/" &&
      aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].days == 90
    )
    error_message = "An expiration must cover its prefix only, at its age."
  }
}

run "deletes_sooner_what_is_replaced_often" {
  variables {
    expirations = { checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 1 } }
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_expiration[0].noncurrent_days == 1
    error_message = "An expiration's own noncurrent_days must count for its prefix."
  }
}

run "rejects_a_name_that_S3_would_refuse" {
  command = plan

  variables {
    name = "Scones_Test"
  }

  expect_failures = [var.name]
}

run "rejects_zero_noncurrent_days" {
  command = plan

  variables {
    noncurrent_version_days = 0
  }

  expect_failures = [var.noncurrent_version_days]
}

run "rejects_an_expiration_of_half_a_day" {
  command = plan

  variables {
    expirations = { captures = { prefix = "captures/", days = 0.5 } }
  }

  expect_failures = [var.expirations]
}

run "rejects_a_prefix_that_could_cover_a_neighbour" {
  command = plan

  variables {
    expirations = { captures = { prefix = "captures", days = 90 } }
  }

  expect_failures = [var.expirations]
}

run "rejects_zero_noncurrent_days_of_an_expiration" {
  command = plan

  variables {
    expirations = { checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 0 } }
  }

  expect_failures = [var.expirations]
}
