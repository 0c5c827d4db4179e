# The settings and permissions of the functions, by name. Each function's timeout is below the timeout of the
# state that invokes it (asl/classify_image.asl.json). So a slow invocation ends with the function's own error.

locals {
  # `invoke cost` reads the file too.
  memory_mb = jsondecode(file("${path.module}/memory_mb.json"))

  image_buckets = [for name in concat([local.bucket], var.image_buckets) : "arn:${data.aws_partition.current.partition}:s3:::${name}"]

  # The images of data sets, uploaded and arriving images, and all objects in the buckets of image_buckets.
  image_objects = concat(
    [for folder in jsondecode(file("${path.module}/folders.json")).images : "${local.image_buckets[0]}/${folder}*"],
    [for arrival in var.arrival[*] : "${local.image_buckets[0]}/${arrival.prefix}*"],
    [for arn in slice(local.image_buckets, 1, length(local.image_buckets)) : "${arn}/*"],
  )

  read_images = merge(
    {
      ReadImages = { actions = ["s3:GetObject"], resources = local.image_objects }
    },
    # An arrival names the object's version.
    { for arrival in var.arrival[*] : "ReadVersions" => { actions = ["s3:GetObjectVersion"], resources = ["${local.image_buckets[0]}/${arrival.prefix}*"] } },
    {
      # Without ListBucket, S3 answers 403 for a missing object, and a wrong key looks like a missing permission:
      # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
      TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = local.image_buckets }
    },
    # S3 decrypts an object only for a caller who may use the KMS key:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    { for arn in local.kms_key_arn[*] : "DecryptImages" => { actions = ["kms:Decrypt"], resources = [arn] } },
  )

  functions = {
    serialize-image-data = {
      description     = "Reads an image from S3 and checks that it is a PNG or JPEG."
      memory_mb       = local.memory_mb["serialize-image-data"]
      timeout_seconds = 25
      environment     = {}
      allow           = local.read_images
    }

    classify-image = {
      description     = "Invokes the endpoint and returns the probability of each class."
      memory_mb       = local.memory_mb["classify-image"]
      timeout_seconds = 65
      environment = merge({
        ENDPOINT_NAME = module.endpoint.name
        CLASS_LABELS  = jsonencode(var.model.class_labels)
        MODEL_PACKAGE = var.model.package_arn
      }, { for one in var.candidate[*] : "CANDIDATE_PACKAGE" => one.model.package_arn if !one.shadow })
      allow = merge(local.read_images, {
        InvokeEndpoint = { actions = ["sagemaker:InvokeEndpoint"], resources = [module.endpoint.arn] }
      })
    }

    filter-low-confidence = {
      description     = "Passes an answer that is one of the wanted classes and whose confidence reaches the threshold, and fails otherwise."
      memory_mb       = local.memory_mb["filter-low-confidence"]
      timeout_seconds = 10
      environment = merge(
        { CONFIDENCE_THRESHOLD = tostring(var.confidence_threshold) },
        { for label in var.model.other_class[*] : "OTHER_CLASS" => label },
      )
      allow = {}
    }
  }
}
