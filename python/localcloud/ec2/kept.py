"""What is kept of EC2: all but the images of Amazon and their snapshots, which each start reads from moto's files."""

from __future__ import annotations

from typing import Any

from localcloud.context import Context


def install(context: Context) -> None:
    """Leave out what moto brings along."""
    context.backends.state_of("ec2", _state, _restore)


def _state(backend: Any) -> dict[str, Any]:
    images = {name: image for name, image in list(backend.amis.items()) if image.owner_alias != "amazon"}
    own = {image.ebs_snapshot.id for name, image in list(backend.amis.items()) if name not in images}
    snapshots = {name: one for name, one in list(backend.snapshots.items()) if name not in own}
    return {**vars(backend), "amis": images, "snapshots": snapshots}


def _restore(backend: Any, state: dict[str, Any]) -> None:
    state["amis"] = {**backend.amis, **state["amis"]}
    state["snapshots"] = {**backend.snapshots, **state["snapshots"]}
    backend.__dict__.clear()
    backend.__dict__.update(state)
