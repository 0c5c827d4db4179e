"""Finds the terraform command on PATH, or downloads a pinned release and checks its SHA-256.

Example::

    >>> binary = Binary(Path("/usr/local/bin/terraform"), "Terraform", (1, 11, 4), "linux_amd64")
    >>> str(binary), binary.is_new_enough
    ('Terraform 1.11.4 (/usr/local/bin/terraform)', True)

``python -m scones.terraform`` prints the path of :func:`locate`. This module uses only the standard library, because
the project's set-up calls it first.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scones.errors import SetupError

# The oldest versions that lock the state in S3 (use_lockfile) and support the mocks of tests/*.tftest.hcl.
FLOORS = {"Terraform": (1, 11, 0), "OpenTofu": (1, 10, 0)}
REGISTRIES = {"Terraform": "registry.terraform.io", "OpenTofu": "registry.opentofu.org"}

RELEASE = "1.11.4"
# The checksums of HashiCorp's release archives, compared with independent public packages of them.
SHA256 = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
INSTALL = (
    "install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu 1.10 or newer "
    "(https://opentofu.org/docs/intro/install), and put it on PATH"
)

Open = Callable[[str], BinaryIO]


@dataclass(frozen=True)
class Binary:
    """A terraform or tofu command.

    Attributes:
        product: ``Terraform`` or ``OpenTofu``.
        version: Major, minor and patch, such as ``(1, 11, 4)``.
        platform: The platform of its providers, such as ``linux_amd64``.
    """

    path: Path
    product: str
    version: tuple[int, int, int]
    platform: str

    @property
    def registry(self) -> str:
        """The default registry of providers, such as ``registry.terraform.io``."""
        return REGISTRIES[self.product]

    @property
    def is_new_enough(self) -> bool:
        """True if it supports the project's configuration."""
        return self.version >= FLOORS[self.product]

    @property
    def title(self) -> str:
        """Its product and version. Only the same product and version can apply a saved plan."""
        return f"{self.product} {'.'.join(map(str, self.version))}"

    def __str__(self) -> str:
        return f"{self.title} ({self.path})"


def locate(build: Path, *, variables: Mapping[str, str] = os.environ) -> Binary:
    """Return a command that is new enough: one on PATH, an earlier download, or a new download.

    Args:
        build: The project's build folder. A download is kept in ``build/terraform/bin``.
        variables: The process's environment variables.

    Raises:
        SetupError: there is none, and none can be downloaded.
    """
    too_old = []
    for path in _candidates(build, variables):
        binary = _ask(path)
        if binary and binary.is_new_enough:
            return binary
        if binary:
            too_old.append(str(binary))
    try:
        downloaded = _ask(download(build))
    except SetupError as error:
        found = f"too old: {', '.join(too_old)}" if too_old else "there is no terraform and no tofu on PATH"
        raise SetupError(f"{found}; and {error.message}", hint=INSTALL) from None
    if downloaded is None:
        raise SetupError(f"Terraform {RELEASE} was downloaded, but does not run on this machine", hint=INSTALL)
    return downloaded


def download(build: Path, *, target: str | None = None, opener: Open | None = None) -> Path:
    """Download Terraform's pinned release, check its SHA-256, and put the executable into ``build/terraform/bin``.

    Args:
        target: The platform, such as ``linux_amd64``; this machine's by default.
        opener: Opens a URL; ``urllib`` with a timeout of 30 s by default.

    Raises:
        SetupError: no release is pinned for the platform, it cannot be downloaded, or its SHA-256 differs.
    """
    target = target or _platform()
    if target not in SHA256:
        raise SetupError(f"no release of Terraform {RELEASE} is pinned for this platform, {target}", hint=INSTALL)
    url = f"https://releases.hashicorp.com/terraform/{RELEASE}/terraform_{RELEASE}_{target}.zip"
    folder = build / "terraform" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"terraform.{os.getpid()}.zip"
    try:
        try:
            digest = _fetch(url, archive, opener or _open)
        except OSError as error:
            raise SetupError(f"{url} cannot be downloaded: {getattr(error, 'reason', error)}", hint=INSTALL) from None
        if digest != SHA256[target]:
            raise SetupError(
                f"{url} is not the published release: its SHA-256 is {digest}, not {SHA256[target]}",
                hint="a proxy may have changed it; try again, or " + INSTALL,
            )
        with zipfile.ZipFile(archive) as zipped, zipped.open("terraform") as source:
            whole = folder / f"terraform.{os.getpid()}"
            with whole.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        whole.chmod(0o755)
        return whole.replace(folder / "terraform")
    finally:
        archive.unlink(missing_ok=True)


def _candidates(build: Path, variables: Mapping[str, str]) -> list[Path]:
    search = variables.get("PATH", os.defpath)
    found = [shutil.which("terraform", path=search), shutil.which("tofu", path=search)]
    own = build / "terraform" / "bin" / "terraform"
    return [Path(path) for path in found if path] + ([own] if own.exists() else [])


@functools.cache
def _ask(path: Path) -> Binary | None:
    # Without the user's configuration, and without the check for newer versions, which needs the network.
    variables = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_CLI_ARGS": ""}
    try:
        answer = subprocess.run(
            [path, "version"], env=variables, cwd=path.parent, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _parse(path, answer.stdout)


def _parse(path: Path, answer: str) -> Binary | None:
    version = re.search(r"^(Terraform|OpenTofu) v(\d+)\.(\d+)\.(\d+)", answer, re.MULTILINE)
    target = re.search(r"^on (\w+)$", answer, re.MULTILINE)
    if not version or not target:
        return None
    major, minor, patch = (int(number) for number in version.groups()[1:])
    return Binary(path, version[1], (major, minor, patch), target[1])


def _platform() -> str:
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    found = platform.machine().lower()
    return f"{platform.system().lower()}_{machine.get(found, found)}"


def _open(url: str) -> BinaryIO:
    return urllib.request.urlopen(url, timeout=30)


def _fetch(url: str, path: Path, opener: Open) -> str:
    """Download ``url`` to ``path`` and return its SHA-256. On a terminal, show the progress."""
    digest, done = hashlib.sha256(), 0
    with opener(url) as source, path.open("wb") as sink:
        total = int(getattr(source, "headers", {}).get("Content-Length") or 0)
        while block := source.read(1 << 20):
            sink.write(block)
            digest.update(block)
            done += len(block)
            if sys.stderr.isatty():
                share = f" of {total / 1e6:.0f}" if total else ""
                print(f"\rTerraform {RELEASE}: {done / 1e6:.0f}{share} MB", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return digest.hexdigest()
