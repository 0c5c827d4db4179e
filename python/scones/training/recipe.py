"""The project's default hyperparameters for about a thousand small images."""

SMALL_IMAGES: dict[str, str] = {
    "image_shape": "3,28,28",
    "num_layers": "20",
    "epochs": "50",
    "mini_batch_size": "32",
    "optimizer": "sgd",
    "learning_rate": "0.1",
    "momentum": "0.9",
    "weight_decay": "0.0005",
    "lr_scheduler_factor": "0.1",
    "lr_scheduler_step": "30,42",
    "augmentation_type": "crop",
}
