"""classifyImage: sends the image to the endpoint, and replaces the image's bytes by the probability of every class.

The input is the output of serializeImageData. The state machine sends {"execution": {…}, "input": …} (event.json).
"""

import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from inference import custom_attributes, image_data, inference_id, is_final, opened, package_of, probabilities, version

# Two attempts at each call fit into the function's 60 seconds.
config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
runtime, s3 = boto3.client("sagemaker-runtime", config=config), boto3.client("s3", config=config)


class ImageNotFoundError(Exception):
    """The object was deleted after it was first read."""


class ImageRefusedError(Exception):
    """This function may not read the object."""


class InvalidImageError(Exception):
    """The model could not read the image."""


class EndpointUnavailableError(Exception):
    """The endpoint or S3 did not answer. A later retry may succeed."""


class EndpointRefusedError(Exception):
    """The endpoint does not exist, or this function may not invoke it."""


def handler(event, context):
    log = {"function": "classifyImage", "execution": None}
    try:
        name, request = opened(event)
        log["execution"] = name
        image = image_data(request)
        body, variant = invoke(image if image is not None else read(request), request, name)
        labels = json.loads(os.environ["CLASS_LABELS"])
        inferences = probabilities(body, labels)
    except Exception as error:
        print(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "message": str(error)}))
        raise
    print(json.dumps({"level": "INFO", **log, "image_url": request["image_url"], "inferences": inferences}))
    found = {name: value for name, value in request.items() if name != "image_data"}
    found |= {"inferences": inferences, "class_probabilities": dict(zip(labels, inferences, strict=True))}
    package = package_of(variant, os.environ)
    model = {"endpoint": os.environ["ENDPOINT_NAME"], "variant": variant, **version(package)}
    return found | {"model": model}


def read(request):
    """Reads an image from S3 whose bytes are too large for a state's output."""
    chosen = {"VersionId": request["s3_version"]} if "s3_version" in request else {}
    try:
        return s3.get_object(Bucket=request["s3_bucket"], Key=request["s3_key"], **chosen)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        refused = ImageNotFoundError if is_final(error) else EndpointUnavailableError
        if "(AccessDenied)" in str(error):
            refused = ImageRefusedError
        raise refused(f"{request['image_url']} cannot be read again: {error}") from None


def invoke(image, request, name):
    """Returns the endpoint's answer and its variant. The inference ID and the key relate the capture to the image."""
    about = {"InferenceId": inference_id(name)} if name else {}
    about |= {"CustomAttributes": custom_attributes(request["s3_key"]), "ContentType": request["content_type"]}
    where = {"EndpointName": os.environ["ENDPOINT_NAME"], "Accept": "application/json"}
    try:
        answer = runtime.invoke_endpoint(**where, **about, Body=image)
        return answer["Body"].read(), answer.get("InvokedProductionVariant")
    except (ClientError, BotoCoreError) as error:
        response = getattr(error, "response", None) or {}
        if response.get("OriginalStatusCode") in (400, 413, 415, 422):  # the model itself refused the image
            raise InvalidImageError(f"the model cannot read the image: {response.get('OriginalMessage')}") from None
        refused = EndpointRefusedError if is_final(error) else EndpointUnavailableError
        raise refused(f"endpoint {where['EndpointName']}: {error}") from None
