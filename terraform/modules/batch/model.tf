# A model of its own for Batch Transform, which needs no endpoint. The endpoint's role may not read images, and may write
# only captures.

locals {
  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG
  image = regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/(?P<repository>[^:@]+)", var.model.image_uri)

  # SageMaker cannot change a model in place, and refuses a name that exists. So the name ends in a hash of the content.
  model_hash = substr(sha256(jsonencode([var.model.image_uri, var.model.artifact_uri, var.model.artifact_sha256, aws_iam_role.transform.name, var.vpc])), 0, 12)

  # What SageMaker needs for a transform job:
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createmodel-perms
  statements = [
    {
      Sid      = "ReadTheArtifact"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = [replace(var.model.artifact_uri, "s3://", "arn:${local.partition}:s3:::")]
    },
    {
      Sid      = "ReadImages"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = var.image_arns
    },
    {
      Sid      = "ListImages"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = distinct(concat([local.bucket_arn], local.image_buckets))
    },
    {
      # A job reads its manifest here, too.
      Sid      = "ReadAndWriteBatches"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = [local.files]
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = [format(local.arn_of, "logs", "log-group:/aws/sagemaker/TransformJobs:*")]
    },
    {
      # PutMetricData supports no resource ARN, only a condition on the namespace:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TransformJobs" } }
    },
    {
      # GetAuthorizationToken supports no resource ARN:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
      Sid      = "LogInToTheImageRegistry"
      Effect   = "Allow"
      Action   = ["ecr:GetAuthorizationToken"]
      Resource = ["*"]
    },
    {
      Sid      = "PullTheImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = ["arn:${local.partition}:ecr:${local.image.region}:${local.image.account}:repository/${local.image.repository}"]
    },
  ]

  # The key encrypts the artifact, the images and the answers.
  key_statements = [for arn in var.kms_key_arn[*] : {
    Sid      = "UseTheKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [arn]
  }]

  network_statements = flatten([for network in var.vpc[*] : [
    {
      Sid    = "MakeNetworkInterfaces"
      Effect = "Allow"
      Action = [
        "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission",
      ]
      Resource = concat(
        [format(local.arn_of, "ec2", "network-interface/*")],
        [for id in network.subnet_ids : format(local.arn_of, "ec2", "subnet/${id}")],
        [for id in network.security_group_ids : format(local.arn_of, "ec2", "security-group/${id}")],
      )
    },
    {
      # These Describe actions support no resource ARN:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      Sid    = "DescribeTheNetwork"
      Effect = "Allow"
      Action = [
        "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets", "ec2:DescribeVpcs",
      ]
      Resource = ["*"]
    },
  ]])
}

resource "aws_iam_role" "transform" {
  name                 = "${var.name}-transform"
  description          = "What transform jobs of ${var.name} may do."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SageMakerOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "transform" {
  name   = "transform"
  role   = aws_iam_role.transform.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.statements, local.key_statements, local.network_statements) })
}

resource "aws_sagemaker_model" "this" {
  name               = "${var.name}-batch-${local.model_hash}"
  execution_role_arn = aws_iam_role.transform.arn
  # The container needs only its artifact and the images, which SageMaker brings, and no network.
  enable_network_isolation = true
  tags                     = var.model.tags

  primary_container {
    image          = var.model.image_uri
    model_data_url = var.model.artifact_uri
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnets            = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.transform]
}
