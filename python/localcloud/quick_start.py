"""Makes a cloud start in half the time: what moto and botocore read when they are imported is read when it is needed.

Example::

    >>> prepare()
    >>> from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
    >>> offered = INSTANCE_TYPE_OFFERINGS["region"]
    >>> "eu-west-1" in offered, "m5.large" in {one["InstanceType"] for one in offered["eu-west-1"]}
    (True, True)
"""

from __future__ import annotations

import functools
import gzip
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def prepare() -> None:
    """Call this before moto is imported. Later it changes nothing."""
    if "moto.ec2.models.instance_types" in sys.modules:
        return
    _read_endpoints_once()
    _find_regions_without_models()
    _leave_out_the_client_of_xray()
    _read_offerings_later()
    _know_one_partition()


def _read_endpoints_once() -> None:
    """botocore's list of all endpoints has a megabyte. Each of moto's sessions would read it."""
    from botocore.loaders import JSONFileLoader

    read = JSONFileLoader.load_file

    @functools.cache
    def endpoints(path: str) -> Any:
        return read(JSONFileLoader(), path)

    def load_file(self: JSONFileLoader, path: str) -> Any:
        return endpoints(path) if path.endswith("endpoints") else read(self, path)

    JSONFileLoader.load_file = load_file


def _find_regions_without_models() -> None:
    """botocore reads the whole model of a service to find its regions; EC2's has ten megabytes. The begin is enough."""
    from botocore.session import Session

    regions = Session.get_available_regions

    def get_available_regions(
        self: Session, service_name: str, partition_name: str = "aws", allow_non_regional: bool = False
    ) -> Any:
        prefix = _endpoint_prefix(self.get_component("data_loader"), service_name)
        if prefix is None:
            return regions(self, service_name, partition_name, allow_non_regional)
        resolver = self._get_internal_component("endpoint_resolver")
        return resolver.get_available_endpoints(prefix, partition_name, allow_non_regional)

    Session.get_available_regions = get_available_regions


def _endpoint_prefix(loader: Any, service: str) -> str | None:
    """The endpointPrefix in the begin of a service's model; None if it is not found there."""
    from botocore.exceptions import UnknownServiceError

    try:
        version = loader.determine_latest_version(service, "service-2")
    except UnknownServiceError:
        return None
    for folder in loader.search_paths:
        path = Path(folder, service, version, "service-2.json.gz")
        if path.exists():
            with gzip.open(path) as model:
                found = re.search(rb'"endpointPrefix":\s*"([^"]+)"', model.read(4096))
            return found[1].decode() if found else None
    return None


def _know_one_partition() -> None:
    """moto looks for an access key in every partition, and reads AWS's policies for each. This cloud is in ``aws``."""
    from moto.iam import models

    models.PARTITION_NAMES = ["aws"]


def _leave_out_the_client_of_xray() -> None:
    """moto.xray imports X-Ray's SDK for programs that test themselves. A server has no use for it."""
    unused = ModuleType("moto.xray.mock_client")
    unused.MockXrayClient = unused.XRaySegment = lambda: None  # type: ignore[attr-defined]
    sys.modules["moto.xray.mock_client"] = unused


def _read_offerings_later() -> None:
    """Which instance types each region offers: 200 files, of which hardly any cloud needs one."""
    listed = os.listdir

    def without_offerings(path: Any = ".") -> list[str]:
        return [] if Path(path).name == "instance_type_offerings" else listed(path)

    os.listdir = without_offerings  # type: ignore[assignment]
    try:
        from moto.ec2.models import instance_types
    finally:
        os.listdir = listed
    folder = Path(instance_types.__file__).parent.parent / instance_types.offerings_path
    for kind in listed(folder):
        instance_types.INSTANCE_TYPE_OFFERINGS[kind] = RegionalOfferings(kind, listed(folder / kind))


class RegionalOfferings(dict[str, list[dict[str, Any]]]):
    """The offerings of one kind of location, by region. Each region's are read when somebody asks for them."""

    def __init__(self, kind: str, names: list[str]) -> None:
        super().__init__()
        self._kind = kind
        self._files = {name.partition(".")[0]: name for name in names}

    def __contains__(self, region: object) -> bool:
        return region in self._files

    def __missing__(self, region: str) -> list[dict[str, Any]]:
        from moto.ec2.models.instance_types import load_resource, offerings_path

        found = load_resource(f"ec2/{offerings_path}/{self._kind}/{self._files[region]}")
        self[region] = [{**one, "LocationType": self._kind} for one in found]
        return self[region]

    def get(self, region: str, default: Any = None) -> Any:
        """The offerings in a region."""
        return self[region] if region in self else default  # noqa: SIM401 - that would ask this method
