"""SageMaker's built-in Image Classification algorithm, as this machine runs it, with PyTorch.

It trains and serves networks by the algorithm's own contract: its hyperparameters, its channels, its log lines, its
HTTP answers. It reads and writes what MXNet does: model artifacts and RecordIO. It needs no AWS.

Example::

    from pathlib import Path

    from PIL import Image

    from imageclassification import artifact, symbol
    from imageclassification.network import Network
    from imageclassification.predictor import Predictor

    graph = symbol.resnet(num_layers=20, num_classes=2, image_shape=(3, 28, 28))
    weights = Network.fresh(graph, (3, 28, 28), seed=0).parameter_arrays()
    shapes = [{"name": "data", "shape": [32, 3, 28, 28]}]
    artifact.write("model.tar.gz", artifact.Artifact(graph, weights, shapes, epoch=1))

    Image.new("RGB", (64, 48), "red").save("red.png")
    answers = Predictor.load("model.tar.gz").probabilities([Path("red.png").read_bytes()])
    answers.shape                                  # (1, 2): an image, two classes; what it says is as yet untrained

The doors, beside which the other modules are the algorithm's own matter:

===================  ===============================================================================================
``hyperparameters``  names, defaults and rules of the hyperparameters, checked before a job is sent
``ranges``           what a tuning job may search, and how far
``train``            the training process: ``python -m imageclassification.train --root DIR``
``serve``            the serving process: ``python -m imageclassification.serve --artifact model.tar.gz``
``artifact``         ``model.tar.gz``, read and written
``predictor``        an artifact that answers, without a process of its own
``calibration``      confidence that means something: a temperature, fitted and folded into an artifact
``description``      what is inside an artifact
``pretrained``       whether training may start from an artifact
``onnx_export``      an artifact as ONNX
``symbol``           the networks that the algorithm trains, and ``network``, which runs them
``recordio``         MXNet's file format of many images
``files``            files that appear whole or not at all
``errors``           what all of these raise
===================  ===============================================================================================
"""
