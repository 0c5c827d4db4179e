data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG
  image = regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/(?P<repository>[^:@]+)", var.image_uri)

  # s3://BUCKET/FOLDER/…: the folder that holds this artifact and those before it; one at the bucket's root stands alone.
  artifacts_uri = try(regex("^s3://[^/]+/[^/]+/", var.artifact_uri), null)
  artifacts_arn = replace(local.artifacts_uri == null ? var.artifact_uri : "${local.artifacts_uri}*", "s3://", "arn:${data.aws_partition.current.partition}:s3:::")

  capture_arn = replace(var.capture_uri, "s3://", "arn:${data.aws_partition.current.partition}:s3:::")

  # SageMaker changes neither a model nor a configuration in place, and refuses a name that is taken. So each name ends
  # in a hash of its content: new content makes a new one beside the old one, which goes when the endpoint has moved on.
  model_hash = substr(sha256(jsonencode([var.image_uri, var.artifact_uri, var.artifact_sha256, aws_iam_role.this.name])), 0, 12)
  configuration_hash = substr(sha256(jsonencode([
    local.model_hash, var.instance_type, var.instance_count, var.capture_uri, var.capture_percentage,
  ])), 0, 12)

  # What an endpoint's role needs:
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createmodel-perms
  statements = [
    {
      # The artifact before this one too: while an endpoint is updated, and after an update was rolled back, an instance
      # that is replaced loads it with this very role.
      Sid      = "ReadArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = local.artifacts_arn
    },
    {
      Sid      = "WriteCaptures"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = "${local.capture_arn}/${var.name}/*"
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    },
    {
      # A metric has no resource to name, only a namespace:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/Endpoints" } }
    },
    {
      # A registry's token has no resource to name:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
      Sid      = "LogInToTheImageRegistry"
      Effect   = "Allow"
      Action   = ["ecr:GetAuthorizationToken"]
      Resource = "*"
    },
    {
      Sid      = "PullTheImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = "arn:${data.aws_partition.current.partition}:ecr:${local.image.region}:${local.image.account}:repository/${local.image.repository}"
    },
  ]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "this" {
  name        = "${var.name}-hosting"
  description = "What the endpoint ${var.name} may do."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "hosting"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_sagemaker_model" "this" {
  name               = "${var.name}-${local.model_hash}"
  execution_role_arn = aws_iam_role.this.arn
  # The container answers from its artifact alone, and has no reason to reach a network.
  enable_network_isolation = true
  tags                     = var.model_tags

  primary_container {
    image          = var.image_uri
    model_data_url = var.artifact_uri
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name = "${var.name}-${local.configuration_hash}"

  production_variants {
    # A constant name: weights and scaling targets refer to it across updates.
    variant_name           = "AllTraffic"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = var.instance_type
    initial_instance_count = var.instance_count
    initial_variant_weight = 1
  }

  data_capture_config {
    enable_capture              = var.capture_percentage > 0
    initial_sampling_percentage = var.capture_percentage
    destination_s3_uri          = var.capture_uri

    capture_options {
      capture_mode = "Input"
    }

    capture_options {
      capture_mode = "Output"
    }

    # Answers are captured as JSON; without this they come in base64.
    capture_content_type_header {
      json_content_types = ["application/json"]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name

  depends_on = [aws_cloudwatch_log_group.this]
}
