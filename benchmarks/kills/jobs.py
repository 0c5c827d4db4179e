"""Small training data, and jobs of seconds."""

from __future__ import annotations

import hashlib
import io
import random
from typing import Any

from PIL import Image

from benchmarks.kills.victim import ACCOUNT, REGION, Victim
from scones.model.registry import PinnedModel
from scones.settings import Environment

BUCKET, SIZE, TRIALS = "kills-data", 20, 2
IMAGE = f"811284229777.dkr.ecr.{REGION}.amazonaws.com/image-classification:1"
COUNTS = {"train": 24, "validation": 8}


def picture(label: int, seed: int) -> bytes:
    """A noisy PNG: mostly red for the first class, mostly blue for the second."""
    noise = random.Random(1000 * label + seed)
    strong, weak = (200, 60) if label == 0 else (60, 200)
    pixels = bytes(base + noise.randrange(-40, 40) for _ in range(SIZE * SIZE) for base in (strong, 120, weak))
    buffer = io.BytesIO()
    Image.frombytes("RGB", (SIZE, SIZE), pixels).save(buffer, "PNG")
    return buffer.getvalue()


def fill(victim: Victim) -> None:
    """Make a bucket with pictures of two classes, in the algorithm's layout."""
    victim.ask("s3", "create_bucket", Bucket=BUCKET)
    for split, count in COUNTS.items():
        rows = []
        for index in range(count):
            name, content = f"{index % 2}/{index:03}.png", picture(index % 2, index + 100 * (split != "train"))
            victim.ask("s3", "put_object", Bucket=BUCKET, Key=f"data/{split}/{name}", Body=content)
            rows.append(f"{index}\t{index % 2}\t{name}\n")
        victim.ask("s3", "put_object", Bucket=BUCKET, Key=f"data/lst/{split}.lst", Body="".join(rows))


def _definition(role: str) -> dict[str, Any]:
    def channel(name: str, prefix: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}
        return {"ChannelName": name, "ContentType": "application/x-image", "DataSource": {"S3DataSource": source}}

    lists = [channel(f"{split}_lst", f"data/lst/{split}.lst") for split in COUNTS]
    return {
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [channel(split, f"data/{split}/") for split in COUNTS] + lists,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def _hyperparameters(epochs: int) -> dict[str, str]:
    return {
        "num_classes": "2",
        "num_training_samples": str(COUNTS["train"]),
        "num_layers": "20",
        "image_shape": f"3,{SIZE},{SIZE}",
        "epochs": str(epochs),
        "mini_batch_size": "8",
    }


def training(name: str, role: str) -> dict[str, Any]:
    """CreateTrainingJob's parameters."""
    parameters = {**_hyperparameters(24), "learning_rate": "0.01"}
    environment = {"OMP_NUM_THREADS": "1"}
    return {
        "TrainingJobName": name,
        "HyperParameters": parameters,
        "Environment": environment,
        **_definition(role),
    }


def tuning(name: str, role: str) -> dict[str, Any]:
    """CreateHyperParameterTuningJob's parameters."""
    rates = {"ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "0.001", "MaxValue": "0.1"}]}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": TRIALS, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": rates,
        },
        "TrainingJobDefinition": {"StaticHyperParameters": _hyperparameters(6), **_definition(role)},
    }


def pinned(uri: str, content: bytes, version: int, environment: Environment) -> PinnedModel:
    """The pin of a job's model, without an entry in the registry."""
    return PinnedModel(
        package_arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/kills/{version}",
        version=version,
        image_uri=IMAGE,
        artifact_uri=uri,
        artifact_sha256=hashlib.sha256(content).hexdigest(),
        class_labels=environment.classes,
        metrics={"validation:accuracy": 1.0},
        dataset_fingerprint="",
        git_commit="",
    )
