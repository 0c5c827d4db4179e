"""SageMaker's built-in Image Classification algorithm, run on this machine with PyTorch.

The package has the algorithm's hyperparameters, channels, log lines and HTTP answers. It reads and writes MXNet's model
artifacts and RecordIO files. It needs no AWS account.

Example::

    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from imageclassification import artifact, symbol
    >>> from imageclassification.network import Network
    >>> from imageclassification.predictor import Predictor

    >>> graph = symbol.resnet(num_layers=20, num_classes=2, image_shape=(3, 28, 28))
    >>> weights = Network.fresh(graph, (3, 28, 28), seed=0).parameter_arrays()
    >>> shapes = [{"name": "data", "shape": [32, 3, 28, 28]}]
    >>> artifact.write("model.tar.gz", artifact.Artifact(graph, weights, shapes, epoch=1))
    PosixPath('model.tar.gz')

    >>> Image.new("RGB", (64, 48), "red").save("red.png")
    >>> answers = Predictor.load("model.tar.gz").probabilities([Path("red.png").read_bytes()])
    >>> answers.shape  # one image, two classes; the network is not trained, so its answer means nothing
    (1, 2)

These modules are for use from outside the package:

===================  ===============================================================================================
``hyperparameters``  names, defaults and rules of the hyperparameters, checked before a job is sent
``ranges``           what a tuning job may search, and how far
``train``            the training process: ``python -m imageclassification.train --root DIR``
``serve``            the serving process: ``python -m imageclassification.serve --artifact model.tar.gz``
``artifact``         reads and writes ``model.tar.gz``
``predictor``        the probabilities that an artifact gives, without a serving process
``calibration``      temperature scaling: fits a temperature and folds it into an artifact
``description``      what is inside an artifact
``pretrained``       whether training may start from an artifact
``onnx_export``      writes an artifact as ONNX
``symbol``           the graphs of the networks that the algorithm trains; ``network`` runs them
``recordio``         reads and writes RecordIO, MXNet's file format for many images
``files``            writes files that appear whole or not at all
``errors``           the exceptions that these modules raise
===================  ===============================================================================================
"""
