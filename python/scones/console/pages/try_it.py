"""Try it: a picture is dropped, pasted, chosen or named, and the workflow runs before one's eyes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from scones import dataset
from scones.console.page import Page, asked, body, data, whole
from scones.drawing import pages as drawn
from scones.errors import InputError, SconesError
from scones.s3 import is_uri, split
from scones.service import workflow

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST = 20 << 20  # bytes of a picture
SHOWN = 320  # pixels of a picture's longer side
CHOICE = 12  # pictures of the data set
SPLIT = "test"


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk = page.desk

    def show(request: Request) -> Response:
        desk.service()
        threshold = float(desk.environment.service["confidence_threshold"])
        return page.show(
            request, "try_it.html.j2", title="Try it", threshold=threshold, samples=range(len(samples(page)))
        )

    def sample(request: Request) -> Response:
        """A picture of the data set, as it is."""
        found = samples(page)
        index = request.path_params["index"]
        if index >= len(found):
            raise InputError("the data set has no such picture", hint="load the page again")
        return Response(found[index].read_bytes(), media_type="image/png")

    def picture(request: Request) -> Response:
        """A small picture of an object in the environment's bucket, drawn anew from its pixels."""
        bucket, key = split(asked(request, "url"))
        own = desk.outputs("foundation")["bucket"]
        if bucket != own:
            raise InputError(f"the console shows pictures of {own} only, not of {bucket}")
        content = desk.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        small = drawn.thumbnail(content, SHOWN)
        if small is None:
            raise InputError(f"s3://{bucket}/{key} is no PNG or JPEG that can be drawn")
        return Response(small, media_type="image/png")

    async def upload(request: Request) -> Response:
        """Take a picture's bytes, and put it into the bucket. The header X-Name has the file's name."""
        page.check_write()
        content = await whole(request, LARGEST)
        name = Path(unquote(request.headers.get("x-name", ""))).name or "picture"
        return data({"url": await run_in_threadpool(_uploaded, page, name, content)})

    async def start(request: Request) -> Response:
        page.check_write()
        given = await body(request)
        url, threshold = str(given.get("url", "")), given.get("threshold")
        if not is_uri(url):
            raise InputError(f"{url[:80]!r} is no address of an object", hint="s3://BUCKET/KEY")

        def begin() -> Any:
            sfn = desk.client("stepfunctions")
            return workflow.start(sfn, desk.service()["state_machine_arn"], url, threshold)

        found = await run_in_threadpool(begin)
        return data({"arn": found.arn, "name": found.name, "url": found.image_url})

    return [
        Route("/try", show),
        Route("/try/sample/{index:int}.png", sample),
        Route("/try/upload", upload, methods=["POST"]),
        Route("/try/start", start, methods=["POST"]),
        Route("/picture", picture),
    ]


def samples(page: Page) -> list[Path]:
    """Some pictures of the data set that the model has not learnt from: as many of each class, in turns."""
    folder = page.desk.environment.build / "dataset"
    try:
        found = dataset.load(folder)
    except SconesError:
        return []
    by_class: dict[int, list[Path]] = {}
    for image in found.images(SPLIT):
        by_class.setdefault(image.label, []).append(image.path)
    turns = zip(*(paths[: CHOICE // max(1, len(by_class))] for paths in by_class.values()), strict=False)
    return [path for turn in turns for path in turn]


def _uploaded(page: Page, name: str, content: bytes) -> str:
    """The URL of a picture in the bucket. Its name is its file's."""
    bucket = str(page.desk.outputs("foundation")["bucket"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name[-120:]
        path.write_bytes(content)
        try:
            return workflow.upload(page.desk.client("s3"), bucket, path)
        except InputError as error:  # it names the folder, which nobody knows
            raise InputError(str(error).replace(str(path), name), hint=error.hint) from None
