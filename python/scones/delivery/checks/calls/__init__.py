"""Calls of every operation, made from botocore's models, that are sent to a local cloud.

``good.py`` makes a request that keeps every constraint of its model. ``sending.py`` sends it.
"""
