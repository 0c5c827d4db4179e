"""The endpoint's limit, from imageclassification.imagefile. Written by `invoke docs`."""

MAX_PIXELS = 50_000_000
