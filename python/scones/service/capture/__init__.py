"""Downloads, reads and reports an endpoint's captured requests and answers.

Example (not run: it needs an AWS account)::

    from scones.service import capture

    found = capture.download(s3, "s3://BUCKET/captures", "scones-dev", Path("build/captures/dev"))
    models = capture.look_up(sagemaker, found.paths, "scones-dev", Path("build/captures/dev"))
    captured = capture.read(found.paths, models=models)
    page = capture.report.write(captured, Path("build/report"), threshold=0.8)
"""

from scones.service.capture import analysis, period, report
from scones.service.capture.fetch import Downloaded, download
from scones.service.capture.models import Answerer, AnsweringModel, Models
from scones.service.capture.period import Period
from scones.service.capture.records import Broken, Capture, Event, image, read
from scones.service.capture.registered import look_up, recalled

__all__ = [
    "Answerer",
    "AnsweringModel",
    "Broken",
    "Capture",
    "Downloaded",
    "Event",
    "Models",
    "Period",
    "analysis",
    "download",
    "image",
    "look_up",
    "period",
    "read",
    "recalled",
    "report",
]
