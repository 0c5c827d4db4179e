mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }

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

run "is_encrypted_with_the_given_key" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"
  }

  assert {
    condition = one([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : [
        rule.bucket_key_enabled,
        rule.apply_server_side_encryption_by_default[0].sse_algorithm,
        rule.apply_server_side_encryption_by_default[0].kms_master_key_id,
      ]
    ]) == [true, "aws:kms", "arn:aws:kms:us-east-1:123456789012:key/1"]
    error_message = "The key given must encrypt, through a bucket key."
  }
}

run "records_its_requests_in_another_bucket" {
  variables {
    access_log = { bucket = "scones-test-logs" }
  }

  assert {
    condition     = [aws_s3_bucket_logging.this[0].target_bucket, aws_s3_bucket_logging.this[0].target_prefix] == ["scones-test-logs", "access/scones-test-123456789012/"]
    error_message = "Requests must be recorded under the bucket's name."
  }
}

run "accepts_logs_only_from_its_account" {
  variables {
    log_sources = ["flow", "access"]
  }

  assert {
    condition = { for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid => [statement.Principal, statement.Action, statement.Resource] if statement.Effect == "Allow" } == {
      TakeAccessLogs         = [{ Service = "logging.s3.amazonaws.com" }, "s3:PutObject", "arn:aws:s3:::scones-test-123456789012/access/*"]
      AWSLogDeliveryAclCheck = [{ Service = "delivery.logs.amazonaws.com" }, "s3:GetBucketAcl", "arn:aws:s3:::scones-test-123456789012"]
      AWSLogDeliveryWrite    = [{ Service = "delivery.logs.amazonaws.com" }, "s3:PutObject", "arn:aws:s3:::scones-test-123456789012/flow/AWSLogs/123456789012/*"]
    }
    error_message = "Each service must be let to its own folder."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012" if statement.Effect == "Allow"
    ])
    error_message = "Services must be bound to the account."
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

run "deletes_old_objects" {
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

run "deletes_old_versions_sooner_where_asked" {
  variables {
    expirations = { checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 1 } }
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_expiration[0].noncurrent_days == 1
    error_message = "An expiration's own noncurrent_days must count for its prefix."
  }
}

run "moves_objects_to_a_cheaper_storage_class" {
  variables {
    expirations = { captures = { prefix = "captures/", days = 90 } }
    transitions = { datasets = { prefix = "datasets/", days = 60 } }
  }

  assert {
    condition = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [
      for transition in rule.transition : [rule.filter[0].prefix, transition.days, transition.storage_class]
    ]] == [[], [], [["datasets/", 60, "INTELLIGENT_TIERING"]]]
    error_message = "A transition must cover its prefix only, at its age, and move to a class that is read at once."
  }
}

run "is_destroyed_with_its_objects_only_when_asked" {
  variables {
    force_destroy = true
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy
    error_message = "What was asked to go with its objects must not stop a destroy."
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

run "rejects_a_prefix_without_a_slash_at_its_end" {
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

run "rejects_a_transition_of_half_a_day" {
  command = plan

  variables {
    transitions = { datasets = { prefix = "datasets/", days = 0.5 } }
  }

  expect_failures = [var.transitions]
}

run "rejects_a_storage_class_that_needs_a_restore" {
  command = plan

  variables {
    transitions = { datasets = { prefix = "datasets/", days = 90, storage_class = "DEEP_ARCHIVE" } }
  }

  expect_failures = [var.transitions]
}

run "rejects_two_rules_with_the_same_name" {
  command = plan

  variables {
    expirations = { datasets = { prefix = "datasets/", days = 365 } }
    transitions = { datasets = { prefix = "datasets/", days = 90 } }
  }

  expect_failures = [var.transitions]
}

run "rejects_a_key_that_is_an_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/scones"
  }

  expect_failures = [var.kms_key_arn]
}

run "rejects_an_unknown_source_of_logs" {
  command = plan

  variables {
    log_sources = ["cloudtrail"]
  }

  expect_failures = [var.log_sources]
}

run "rejects_logs_in_a_bucket_with_a_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"
    log_sources = ["access"]
  }

  expect_failures = [var.log_sources]
}
