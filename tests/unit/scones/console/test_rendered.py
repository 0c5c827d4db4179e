"""The pages Models, Training, Endpoint and Health as a browser gets them: whatever a name holds, it is text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from botocore.exceptions import ClientError

from scones import settings
from scones.console import server
from scones.console.desk import Desk
from scones.model.registry.metadata import to_metadata

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
OUTPUTS = {"endpoint_name": "scones-dev", "model_package_group_name": "scones-dev", "arrival": {"queues": {}}}
PAGES = ("/models", "/training", "/training?job=one", "/endpoint", "/health")
# What the Content-Security-Policy forbids, and what would load anything from elsewhere.
FORBIDDEN = re.compile(r"""\sstyle=|<style|<script(?! (type="module" )?src="/static/)|\son\w+=|(?:src|href)="https?:""")


class SageMaker:
    """A registry with one version, one job, and an endpoint that is gone. Names hold markup."""

    class exceptions:
        ClientError = ClientError

    def get_paginator(self, name: str) -> Any:
        self._name = name
        return self

    def paginate(self, Resource: str = "", **asked: Any) -> list[dict[str, Any]]:
        if self._name == "list_model_packages":
            return [{"ModelPackageSummaryList": [{"ModelPackageArn": "arn/1"}]}]
        jobs = [{"TrainingJobName": name, **self._job} for name in ("one", HOSTILE)]
        return [{"Results": [{"TrainingJob": one} for one in jobs] if Resource == "TrainingJob" else []}]

    _job: Mapping[str, Any] = {"TrainingJobStatus": "Completed", "CreationTime": NOW, "TrainingEndTime": NOW}

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        facts = to_metadata(
            job=HOSTILE,
            artifact_sha256="5f",
            class_labels=(HOSTILE, "b"),
            metrics={"validation:accuracy": 0.9, HOSTILE: 1.0},
            dataset_fingerprint=HOSTILE,
            git_commit="",
        )
        return {
            "ModelPackageVersion": 1,
            "ModelApprovalStatus": "Approved",
            "CreationTime": NOW,
            "CustomerMetadataProperties": facts,
            "InferenceSpecification": {"Containers": [{"Image": HOSTILE, "ModelDataUrl": "s3://b/m"}]},
        }

    def describe_endpoint(self, EndpointName: str) -> None:
        message = "Could not find endpoint."
        raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint")

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        return {**self._job, "HyperParameters": {HOSTILE: HOSTILE}}


def got(path: str, folder: Path) -> tuple[int, str]:
    """The status and the text of a page."""
    environment = replace(settings.load("dev", variables={}), pin_path=folder / "model.tfvars.json")
    sagemaker = SageMaker()
    desk = Desk(environment, lambda name: sagemaker, lambda stack: OUTPUTS, may_write=False)
    application = server.application(desk, "token")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    where, _, query = path.partition("?")
    headers = {"host": "127.0.0.1:8765", "cookie": "scones_console_8765=token", "accept": "text/html"}
    scope = {
        "type": "http",
        "method": "GET",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
        "server": ("127.0.0.1", 8765),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "http_version": "1.1",
    }
    anyio.run(application, scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:]).decode()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_there_and_has_no_script_or_style_of_its_own(path: str, tmp_path: Path) -> None:
    status, text = got(path, tmp_path)
    assert status == 200, text
    assert FORBIDDEN.findall(text) == []


@pytest.mark.parametrize("path", ["/models", "/training", "/training?job=one"])
def test_markup_in_a_name_a_class_or_a_value_is_text(path: str, tmp_path: Path) -> None:
    _, text = got(path, tmp_path)
    assert HOSTILE not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_version_and_a_number_that_are_none_are_refused_with_a_next_step(tmp_path: Path) -> None:
    status, text = got("/models?version=7", tmp_path)
    assert (status, "there is no version 7; there are: 1" in text) == (400, True)
    status, text = got("/models?version=one", tmp_path)
    assert (status, "it must be a whole number" in text) == (400, True)


def test_each_page_is_in_the_menu_and_marked_as_the_one_that_is_open(tmp_path: Path) -> None:
    _, text = got("/health", tmp_path)
    assert re.findall(r'<a href="(/\w+)" aria-current="page">', text) == ["/health"]
    for path in ("/models", "/training", "/endpoint"):
        assert f'<a href="{path}">' in text
