"""S3's notifications: to functions, queues, topics and EventBridge, as AWS describes them, and in the background.

``configuration.py`` checks what a bucket is told; ``records.py`` says what happened; ``sending.py`` delivers it.
"""

from __future__ import annotations

from localcloud.s3.notifications.sending import install

__all__ = ["install"]
