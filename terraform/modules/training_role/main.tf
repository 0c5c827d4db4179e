data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# AWS stores the images of the built-in algorithms in a different account in each region. The provider knows the
# accounts.
data "aws_sagemaker_prebuilt_ecr_image" "this" {
  repository_name = var.algorithm
}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  ec2       = "arn:${local.partition}:ec2:${local.region}:${data.aws_caller_identity.current.account_id}"

  # The permissions that a training job needs, from SageMaker's list for CreateTrainingJob:
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
      # A job may start from the artifact of an earlier job.
      Sid      = "ReadAndWriteArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${var.bucket_arn}/models/*"
    },
    {
      # SageMaker copies the container's checkpoint folder to S3, and also deletes the files that the container deletes:
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
      # PutMetricData supports no resource ARN, only a condition on the namespace:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TrainingJobs" } }
    },
    {
      # GetAuthorizationToken supports no resource ARN:
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

  # Further permissions, for the key of the data and the model, and for the network:
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms
  key_statements = [for arn in var.kms_key_arn[*] : {
    # A grant for a volume is not needed. The algorithm's instance types have local disks, which their hardware
    # encrypts, and SageMaker refuses a KMS key for them:
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    Sid      = "UseTheKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
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
      # These Describe actions support no resource ARN:
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
