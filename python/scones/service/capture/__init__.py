"""Downloads, reads and reports an endpoint's captured requests and answers.

Example (not run: it needs an AWS account)::

    from scones.service import capture

    found = capture.download(s3, "s3://BUCKET/captures", "scones-dev", Path("build/captures/dev"))
    captured = capture.read(found.paths)
    page = capture.report.write(captured, Path("build/report"), threshold=0.8, classes=("bicycle", "motorcycle"))
"""

from scones.service.capture import analysis, period, report
from scones.service.capture.fetch import Downloaded, download
from scones.service.capture.period import Period
from scones.service.capture.records import Broken, Capture, Event, image, read

__all__ = [
    "Broken",
    "Capture",
    "Downloaded",
    "Event",
    "Period",
    "analysis",
    "download",
    "image",
    "period",
    "read",
    "report",
]
