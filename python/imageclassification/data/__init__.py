"""Reads a training job's channels, in every form that the algorithm documents, and cuts them into batches.

Example::

    >>> import json
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from imageclassification.hyperparameters import parse

    >>> root = Path("ml")  # laid out as /opt/ml in a container
    >>> settings = {name: {"ContentType": "application/x-image"}
    ...             for name in ("train", "train_lst", "validation", "validation_lst")}
    >>> for name in ("config", *(f"data/{channel}" for channel in settings)):
    ...     (root / "input" / name).mkdir(parents=True)
    >>> _ = (root / "input/config/inputdataconfig.json").write_text(json.dumps(settings))
    >>> for name in ("red", "blue"):
    ...     Image.new("RGB", (40, 32), name).save(root / f"input/data/train/{name}.png")
    >>> _ = (root / "input/data/train_lst/train.lst").write_text("0\\t0\\tred.png\\n1\\t1\\tblue.png\\n")

    >>> check_channels(root)
    >>> values = {"num_classes": 2, "num_training_samples": 2, "image_shape": (3, 28, 28), "num_layers": 20}
    >>> chosen = parse({**values, "mini_batch_size": 2})
    >>> train = Channel.read(root, "train", chosen)
    >>> [(images.shape, labels.tolist()) for images, labels in batches(train, chosen, np.random.default_rng(0))]
    [((2, 3, 28, 28), [0, 1])]

===================  =========================================  ==============================================
form                 content type                               where an image's labels are
===================  =========================================  ==============================================
images               ``application/x-image``, ``image/png`` …   a ``.lst`` file in the channel ``train_lst``
RecordIO             ``application/x-recordio``                 the image's own record
augmented manifest   either; Pipe mode, records wrapped         the record after the image's
===================  =========================================  ==============================================

With ``multi_label`` an image has a 0 or 1 for each class: in the columns of the ``.lst`` file, in the record's labels,
or in the manifest's list. An InputDataError reports data that cannot be used and says how to correct it. It becomes the
job's FailureReason.

Source: SageMaker's developer guide, "Input/Output Interface for the Image Classification Algorithm".
"""

from imageclassification.data.channel import Channel, ahead, batches
from imageclassification.data.forms import check_channels

__all__ = ["Channel", "ahead", "batches", "check_channels"]
