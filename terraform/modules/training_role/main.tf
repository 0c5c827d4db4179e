data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# Each region keeps the built-in algorithms' images in an account of its own, which the provider knows.
data "aws_sagemaker_prebuilt_ecr_image" "this" {
  repository_name = var.algorithm
}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  ec2       = "arn:${local.partition}:ec2:${local.region}:${data.aws_caller_identity.current.account_id}"

  # What a training job's role needs, of what SageMaker lists for CreateTrainingJob:
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms
  statements = [
    {
      Sid       = "ListWhatIsRead"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = var.bucket_arn
      Condition = { StringLike = { "s3:prefix" = ["datasets/*", "models/*", "checkpoints/*"] } }
    },
    {
      Sid      = "ReadTheDataset"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = "${var.bucket_arn}/datasets/*"
    },
    {
      # A job may start from an earlier one's artifact.
      Sid      = "ReadAndWriteArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${var.bucket_arn}/models/*"
    },
    {
      # SageMaker keeps a job's checkpoints as they are in its container, deletes included:
      # https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
      Sid      = "KeepCheckpoints"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = "${var.bucket_arn}/checkpoints/*"
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "arn:${local.partition}:logs:${local.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/TrainingJobs:*"
    },
    {
      # A metric has no resource to name, only a namespace:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TrainingJobs" } }
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
      Resource = "arn:${local.partition}:ecr:${local.region}:${data.aws_sagemaker_prebuilt_ecr_image.this.registry_id}:repository/${var.algorithm}"
    },
  ]

  # What it needs besides for the key of its data and its model, and for its network:
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms
  key_statements = [for arn in var.kms_key_arn[*] : {
    # No grant for a volume: the algorithm's instances have disks of their own, which their hardware encrypts, and
    # SageMaker refuses a key for them:
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    Sid      = "UseTheKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = arn
  }]

  network_statements = [for vpc in var.vpc[*] : [
    {
      Sid    = "MakeItsNetworkInterfaces"
      Effect = "Allow"
      Action = ["ec2:CreateNetworkInterface"]
      Resource = concat(
        ["${local.ec2}:network-interface/*"],
        [for id in vpc.subnet_ids : "${local.ec2}:subnet/${id}"],
        [for id in vpc.security_group_ids : "${local.ec2}:security-group/${id}"],
      )
    },
    {
      Sid    = "LendAndDeleteItsNetworkInterfaces"
      Effect = "Allow"
      Action = [
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
      ]
      Resource  = "${local.ec2}:network-interface/*"
      Condition = { ArnEquals = { "ec2:Subnet" = [for id in vpc.subnet_ids : "${local.ec2}:subnet/${id}"] } }
    },
    {
      # EC2's lists have no resource to name:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      Sid    = "LookAtTheNetwork"
      Effect = "Allow"
      Action = [
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ]
      Resource = "*"
    },
  ]]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "What a training job may do."
  permissions_boundary = var.permissions_boundary_arn

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
  name = "training"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = flatten([local.statements, local.key_statements, local.network_statements])
  })
}
