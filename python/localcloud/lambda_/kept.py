"""What is kept of functions and layers. Their packages are kept apart, because they are large and do not change."""

from __future__ import annotations

import base64
from collections import defaultdict
from typing import Any

from moto.awslambda.models import LambdaFunction, LambdaStorage, LayerVersion

from localcloud.context import Context
from localcloud.durability.blobs import Held


def install(context: Context) -> None:
    """Say how functions and layers are kept."""
    blobs = context.blobs

    def reduce(packaged: Any) -> Any:
        state = dict(packaged.__dict__)
        if content := state.get("code_bytes"):
            blobs.put(packaged.code_sha_256, content)
            state["code_bytes"] = Held(blobs, packaged.code_sha_256)
        for name in ("code", "content"):
            if "ZipFile" in state.get(name, ()):
                state[name] = {**state[name], "ZipFile": None}
        return _made, (type(packaged),), state, None, None, _filled

    for kind in (LambdaFunction, LayerVersion):
        context.pickling.write_as(kind, reduce)
    context.pickling.write_as(LambdaStorage, _reduced)


def _made(kind: type) -> Any:
    return object.__new__(kind)


def _filled(packaged: Any, state: dict[str, Any]) -> None:
    for name in ("code", "content"):
        if "ZipFile" in state.get(name, ()):
            state[name]["ZipFile"] = base64.b64encode(state["code_bytes"]).decode()
    packaged.__dict__.update(state)


def _reduced(storage: LambdaStorage) -> Any:
    aliases = {arn: dict(found) for arn, found in storage._aliases.items()}
    return _made, (LambdaStorage,), {**storage.__dict__, "_aliases": aliases}, None, None, _stored


def _stored(storage: LambdaStorage, state: dict[str, Any]) -> None:
    storage.__dict__.update({**state, "_aliases": defaultdict(dict, state["_aliases"])})
