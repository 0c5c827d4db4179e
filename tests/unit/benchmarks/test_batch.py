"""bench.batch: a batch on a real local cloud has an answer or a refusal for each image."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from benchmarks import batch, cloud
from benchmarks.batch import MAP, TRANSFORM, BatchFigures
from imageclassification.errors import ImageError
from imageclassification.images import decode
from localcloud import control
from scones.errors import SconesError
from scones.tasks import bench
from tests.local.conftest import eventually

IMAGES, HOSTILE = 106, 14


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("batch")
    with cloud.ours(folder / "cloud") as server:
        contents = batch.pictures(None, IMAGES)
        batch.prepare(server, folder, contents, hostile=HOSTILE, layers=20, shape=(3, 28, 28))
        yield server


@pytest.mark.slow
def test_a_transform_names_each_image_that_is_none_and_answers_the_others(server: Any) -> None:
    found = batch.transform(server, IMAGES)
    assert (found.status, found.answered, found.refused) == ("Failed", IMAGES - HOSTILE, HOSTILE)
    assert found.seconds > 0


@pytest.mark.slow
def test_a_map_has_a_row_for_each_image(server: Any) -> None:
    batch.deploy_map(server)
    found = batch.by_map(server, IMAGES)
    assert (found.status, found.answered, found.refused) == ("SUCCEEDED", IMAGES - HOSTILE, HOSTILE)
    keys = [row["s3_key"] for row in batch.rows(server, "bench")]
    assert len(keys) == len(set(keys)) == IMAGES


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("how", [TRANSFORM, MAP])
def test_a_batch_whose_cloud_is_killed_halfway_has_each_image_once(tmp_path: Path, how: str) -> None:
    images, hostile = 606, 12
    with cloud.ours(tmp_path / "cloud") as server:
        contents = batch.pictures(None, images)
        batch.prepare(server, tmp_path, contents, hostile=hostile, layers=20, shape=(3, 28, 28))
        if how == MAP:
            batch.deploy_map(server)
        status = batch.begin_map(server) if how == MAP else batch.begin_transform(server)
        half = (lambda: succeeded(server)) if how == MAP else (lambda: len(batch.outputs(server, "bench")))
        eventually(lambda: half() >= 80, seconds=120)  # at least two children of the map
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not control.is_alive(tmp_path / "cloud"))
        control.up(tmp_path / "cloud", tethered=True)  # the port and the key are those of before
        assert half() < images - hostile
        ended = batch.wait(status)
        if how == MAP:
            keys = [row["s3_key"] for row in batch.rows(server, "bench")]
            assert ended == "SUCCEEDED"
            assert sorted(keys) == [f"images/{number:06}.png" for number in range(images)]
        else:
            named = batch.refused(server, "bench")
            keys = [key.removeprefix("out/bench/").removesuffix(".out") for key in batch.outputs(server, "bench")]
            keys += [name.rpartition("/")[2] for name in named]
            assert (ended, len(named)) == ("Failed", hostile)
            assert sorted(keys) == [f"{number:06}.png" for number in range(images)]


def succeeded(server: Any) -> int:
    """The number of images whose child of the map run has succeeded."""
    stepfunctions = server.client("stepfunctions")
    machine = f"arn:aws:states:us-east-1:123456789012:execution:{batch.MACHINE}:bench"
    runs = stepfunctions.list_map_runs(executionArn=machine)["mapRuns"]
    counts = [stepfunctions.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"] for run in runs]
    return sum(count["succeeded"] for count in counts)


@pytest.mark.parametrize("number", range(7))
def test_what_is_no_picture_is_none(number: int) -> None:
    with pytest.raises(ImageError):
        decode(batch.broken(number, batch.pictures(None, 1)[0]))


def test_pictures_are_those_of_a_folder_again_and_again(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.png").write_text(name)
    assert batch.pictures(tmp_path, 3) == [b"a", b"b", b"a"]
    with pytest.raises(SconesError, match="no PNG file below"):
        batch.pictures(tmp_path / "absent", 3)


def run(**changes: Any) -> BatchFigures:
    given = {"answered": 99, "refused": 1, "status": "Failed", "seconds": 4.0, "processor": 1.0, "children": 2.0}
    return BatchFigures(how=TRANSFORM, images=100, memory=(100.0, 150.0, 160.0), **{**given, **changes})


def test_the_table_and_the_file_have_every_figure(tmp_path: Path) -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=io.StringIO())
    console.print(batch.table([run()]))
    text = console.export_text()
    for shown in ("transform", "99", "25.0", "4.0", "150 160", "Failed"):
        assert shown in text
    saved = json.loads(batch.save(tmp_path / "batch.json", [run()]).read_text())
    assert saved["runs"][0]["per_second"] == 25.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": "0"}, "--images must be a whole number"),
        ({"images": "5", "hostile": "6"}, "--hostile must be a whole number"),
        ({"how": ["train"]}, "--how must be transform or map, not 'train'"),
    ],
)
def test_refuses_what_it_cannot_use(options: dict[str, Any], message: str) -> None:
    with pytest.raises(Exit) as refused:
        bench.batch(Context(), **options)
    assert message in str(refused.value.message)
