"""The training job's channels, in every form the algorithm documents, checked and made into batches.

::

    check_channels(root)                                       # root as /opt/ml in a container
    train = Channel.read(root, "train", hyperparameters)
    for images, labels in batches(train, hyperparameters, np.random.default_rng(0)):
        ...                                                    # uint8 (32, 3, 28, 28), int64 (32,)

===================  =========================================  ==============================================
form                 content type                               what tells an image's labels
===================  =========================================  ==============================================
images               ``application/x-image``, ``image/png`` …   a ``.lst`` file in the channel ``train_lst``
RecordIO             ``application/x-recordio``                 the record itself
augmented manifest   either; Pipe mode, records wrapped         the record behind the image's
===================  =========================================  ==============================================

With ``multi_label`` an image has a 0 or 1 for each class: as many columns of the ``.lst`` file, labels of the record,
or numbers in the manifest's list. Whatever does not fit is an InputDataError that says how to mend it: the job's
FailureReason. Source: SageMaker's developer guide, "Input/Output Interface for the Image Classification Algorithm".
"""

from imageclassification.data.channel import Channel, batches
from imageclassification.data.forms import check_channels

__all__ = ["Channel", "batches", "check_channels"]
