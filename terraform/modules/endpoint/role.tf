locals {
  partition = data.aws_partition.current.partition
  arn_of    = "arn:${local.partition}:%s:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:%s"

  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG
  images = [
    for uri in distinct([for name, model in local.served : model.image_uri]) :
    regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/(?P<repository>[^:@]+)", uri)
  ]

  # For s3://BUCKET/FOLDER/…, this is the folder, which also has the earlier artifacts. For an artifact at the bucket's
  # root, this is the artifact alone.
  artifact_arns = distinct([
    for name, model in local.served : replace(
      try("${regex("^s3://[^/]+/[^/]+/", model.artifact_uri)}*", model.artifact_uri), "s3://", "arn:${local.partition}:s3:::"
    )
  ])

  # The permissions that SageMaker needs for an endpoint:
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createmodel-perms
  statements = [
    {
      # This includes the previous artifact. During an update and after a rollback, a replaced instance loads the
      # previous artifact with this role.
      Sid      = "ReadArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = local.artifact_arns
    },
    {
      Sid      = "WriteCaptures"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = "${replace(var.capture_uri, "s3://", "arn:${local.partition}:s3:::")}/${var.name}/*"
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    },
    {
      # PutMetricData supports no resource ARN, only a condition on the namespace:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/Endpoints" } }
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
      Sid    = "PullTheImage"
      Effect = "Allow"
      Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = [
        for image in local.images : "arn:${local.partition}:ecr:${image.region}:${image.account}:repository/${image.repository}"
      ]
    },
    {
      # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
      Sid      = "WatchTheAlarmsThatRollBack"
      Effect   = "Allow"
      Action   = ["cloudwatch:DescribeAlarms"]
      Resource = [for name in local.rollback_names : format(local.arn_of, "cloudwatch", "alarm:${name}")]
    },
  ]

  # The key encrypts the artifacts and the captures.
  key_statements = [for arn in var.kms_key_arn[*] : {
    Sid      = "UseTheKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = arn
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
      Resource = "*"
    },
  ]])
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-hosting"
  description          = "What the endpoint ${var.name} may do."
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

resource "aws_iam_role_policy" "this" {
  name   = "hosting"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.statements, local.key_statements, local.network_statements) })
}
