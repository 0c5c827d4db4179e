"""Chooses the source of Terraform's provider: the registry, or a folder on this machine.

Example::

    >>> from scones.terraform.binary import Binary
    >>> has_provider(Path("mirror"), Binary(Path("terraform"), "Terraform", (1, 11, 4), "linux_amd64"))
    False

The first source that has the provider is used: the folder of ``SCONES_TF_PLUGIN_DIR``, a user's own
``provider_installation``, the last choice if it is a folder that still has the provider, an earlier download in
``build/terraform``, the registry if it answers, Terraform's implied mirror folders, and the folders for
add-on software such as ``/opt``.

The versions that ``versions.tf`` allows are more than those that the project has been run with. So from the registry
only one version is taken: that of the team's lock file (:mod:`scones.terraform.lock`), or ``RUN``.

Format: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from imageclassification import files
from scones.errors import SetupError
from scones.terraform import lock
from scones.terraform.binary import Binary

# As in every versions.tf.
OLDEST, TOO_NEW = (5, 100), (7, 0)
# The version that the project's tests run with, the last of 5.x. docs/provider.md says what is known of 6.x.
RUN = "5.100.0"
ADD_ON_FOLDERS = (Path("/opt"), Path("/usr/local"), Path("/usr/share"), Path("/srv"))
DEPTH = 4  # /usr/local/share/terraform/providers/registry.terraform.io
MOST_FOLDERS = 5_000
FROM = "# Providers come from: "


def configure(
    build: Path,
    binary: Binary,
    *,
    variables: Mapping[str, str] = os.environ,
    reachable: Callable[[str], bool] | None = None,
    download: Callable[[Path, Binary, str], None] | None = None,
    add_on_folders: tuple[Path, ...] = ADD_ON_FOLDERS,
) -> Path:
    """Write the CLI configuration file with the source of Terraform's provider.

    Args:
        build: The build folder, in the project's root. The file is ``build/terraform/cli.tfrc``.
        variables: The process's environment variables.
        reachable: Tells whether a registry answers; :func:`answers` by default.
        download: Puts a version of the provider into a folder; :func:`from_registry` by default.
        add_on_folders: More folders to search for a mirror.

    Returns:
        The file for TF_CLI_CONFIG_FILE.

    Raises:
        SetupError: no source has the provider, or it cannot be downloaded.
    """
    path = build / "terraform" / "cli.tfrc"
    if named := variables.get("SCONES_TF_PLUGIN_DIR"):
        folder = Path(named).expanduser().resolve()
        if not has_provider(folder, binary):
            raise SetupError(
                f"SCONES_TF_PLUGIN_DIR is {named}, which has no {_wanted(binary)}",
                hint=f"it is the folder that holds {binary.registry}/hashicorp/aws",
            )
        return _write(path, _mirror(folder))
    if own := _own_configuration(path, variables):
        return own
    version = lock.version(build.parent) or RUN
    # A folder for each version, because Terraform takes the newest version of a folder.
    downloaded = build / "terraform" / ("providers" if version == RUN else f"providers-{version}")
    if (chosen := _chosen(path)) and not chosen.is_relative_to(path.parent) and has_provider(chosen, binary):
        return path
    if _place(downloaded, binary, version).is_dir():
        return _write(path, _mirror(downloaded))
    if (reachable or answers)(binary.registry):
        (download or from_registry)(downloaded, binary, version)
        return _write(path, _mirror(downloaded))
    for folder in [*_implied(binary, variables), *_search(add_on_folders, binary.registry)]:
        if has_provider(folder, binary):
            return _write(path, _mirror(folder))
    raise SetupError(
        f"{binary.registry} does not answer, and no folder on this machine has {_wanted(binary)}",
        hint="connect to the network once, or name a folder that has it: "
        "export SCONES_TF_PLUGIN_DIR=DIR (`terraform providers mirror DIR` on a machine with a network makes one)",
    )


def has_provider(mirror: Path, binary: Binary) -> bool:
    """True if a filesystem mirror has a usable hashicorp/aws, packed or unpacked."""
    folder = mirror / binary.registry / "hashicorp" / "aws"
    try:
        unpacked = [path.parent.name for path in folder.glob(f"*/{binary.platform}") if path.is_dir()]
        packed = [path.name.split("_")[1] for path in folder.glob(f"terraform-provider-aws_*_{binary.platform}.zip")]
    except OSError:
        return False
    return any(_fits(version) for version in unpacked + packed)


def answers(registry: str, *, timeout: float = 3.0) -> bool:
    """True if a registry answers within ``timeout`` seconds."""
    try:
        with urllib.request.urlopen(f"https://{registry}/.well-known/terraform.json", timeout=timeout):
            return True
    except OSError:
        return False


def from_registry(folder: Path, binary: Binary, version: str) -> None:
    """Download a version of the provider into a folder with the layout of a mirror.

    Several processes may do so at once: each downloads into a folder of its own, and moves what it got.

    Raises:
        SetupError: Terraform could not download it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="providers-", dir=folder.parent) as own:
        cache, configuration = Path(own) / "cache", Path(own) / "configuration"
        cache.mkdir()
        configuration.mkdir()
        (configuration / "main.tf").write_text(lock.requirement(version))
        (configuration / "cli.tfrc").write_text(_cache(cache))
        variables = {**os.environ, "TF_CLI_CONFIG_FILE": str(configuration / "cli.tfrc"), "CHECKPOINT_DISABLE": "1"}
        line = [str(binary.path), f"-chdir={configuration}", "init", "-backend=false", "-input=false", "-no-color"]
        done = subprocess.run(line, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(
                f"provider hashicorp/aws {version} cannot be downloaded: {(done.stderr or done.stdout).strip()}",
                hint="try again with a network, or name a folder that has it: export SCONES_TF_PLUGIN_DIR=DIR",
            )
        came, wanted = _place(cache, binary, version), _place(folder, binary, version)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        if not wanted.exists():  # else another process was quicker
            with contextlib.suppress(OSError):
                came.rename(wanted)
        if not wanted.is_dir():
            raise SetupError(f"provider hashicorp/aws {version} cannot be kept in {wanted}")


def _place(mirror: Path, binary: Binary, version: str) -> Path:
    return mirror / binary.registry / "hashicorp" / "aws" / version / binary.platform


def _fits(version: str) -> bool:
    numbers = re.fullmatch(r"(\d+)\.(\d+)\.\d+", version)
    return numbers is not None and OLDEST <= (int(numbers[1]), int(numbers[2])) < TOO_NEW


def _wanted(binary: Binary) -> str:
    low, high = (".".join(map(str, bound)) for bound in (OLDEST, TOO_NEW))
    return f"provider hashicorp/aws of {binary.registry}, >= {low}, < {high}, for {binary.platform}"


def _own_configuration(ours: Path, variables: Mapping[str, str]) -> Path | None:
    home = Path(variables.get("HOME", "/nonexistent"))
    for own in (Path(variables.get("TF_CLI_CONFIG_FILE") or home / ".terraformrc"), home / ".tofurc"):
        try:
            if own != ours and re.search(r"^\s*provider_installation\b", own.read_text(), re.MULTILINE):
                return own
        except (OSError, UnicodeDecodeError):
            continue
    return None


def _implied(binary: Binary, variables: Mapping[str, str]) -> Iterator[Path]:
    """https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories"""
    name = binary.product.lower()
    home = Path(variables.get("HOME", "/nonexistent"))
    yield home / ".terraform.d" / "plugins"
    if sys.platform == "darwin":
        yield home / "Library" / "Application Support" / f"io.{name}" / "plugins"
        yield Path("/Library/Application Support") / f"io.{name}" / "plugins"
        return
    own = variables.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = variables.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in [own, *shared.split(":")]:
        if folder:
            yield Path(folder) / name / "plugins"


def _search(folders: tuple[Path, ...], registry: str) -> Iterator[Path]:
    """The folders with a subfolder named after the registry, nearest first, within DEPTH and MOST_FOLDERS."""
    level, seen = [folder for folder in folders if folder.is_dir()], 0
    for _ in range(DEPTH):
        below = []
        for folder in level:
            if (folder / registry).is_dir():
                yield folder
                continue
            if (seen := seen + 1) > MOST_FOLDERS:
                return
            try:
                with os.scandir(folder) as entries:
                    below += sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
            except OSError:
                continue
        level = below


def _mirror(folder: Path) -> str:
    return f"""{FROM}{folder}
disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path = {json.dumps(str(folder))}
  }}
}}
"""


def _cache(folder: Path) -> str:
    return f"disable_checkpoint = true\nplugin_cache_dir = {json.dumps(str(folder))}\n"


def _chosen(path: Path) -> Path | None:
    try:
        first = path.read_text().partition("\n")[0]
    except OSError:
        return None
    return Path(first.removeprefix(FROM)) if first.startswith(f"{FROM}/") else None


def _write(path: Path, text: str) -> Path:
    return path if path.exists() and path.read_text() == text else files.write(path, text)
