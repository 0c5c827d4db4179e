"""Chooses the source of Terraform's provider: the registry, or a folder on this machine.

Example::

    >>> from scones.terraform.binary import Binary
    >>> has_provider(Path("mirror"), Binary(Path("terraform"), "Terraform", (1, 11, 4), "linux_amd64"))
    False

The first source that has the provider is used: the folder of ``SCONES_TF_PLUGIN_DIR``, a user's own
``provider_installation``, the last choice if it is a folder that still has the provider, an earlier download in
``build/terraform/providers``, the registry if it answers, Terraform's implied mirror folders, and the folders for
add-on software such as ``/opt``.

Format: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from imageclassification import files
from scones.errors import SetupError
from scones.terraform.binary import Binary

# As in every versions.tf. 6.x is excluded, because the project has not been run with it, and it is reported to handle
# the roll-back of an endpoint's update in another way.
OLDEST, TOO_NEW = (5, 100), (6, 0)
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
    add_on_folders: tuple[Path, ...] = ADD_ON_FOLDERS,
) -> Path:
    """Write the CLI configuration file with the source of Terraform's provider.

    Args:
        build: The project's build folder. The file is ``build/terraform/cli.tfrc``.
        variables: The process's environment variables.
        reachable: Tells whether a registry answers; :func:`answers` by default.
        add_on_folders: More folders to search for a mirror.

    Returns:
        The file for TF_CLI_CONFIG_FILE.

    Raises:
        SetupError: no source has the provider.
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
    if (chosen := _chosen(path)) and has_provider(chosen, binary):
        return path
    downloaded = build / "terraform" / "providers"
    if has_provider(downloaded, binary):
        return _write(path, _mirror(downloaded))
    if (reachable or answers)(binary.registry):
        downloaded.mkdir(parents=True, exist_ok=True)
        return _write(path, _registry(downloaded, binary))
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


def _registry(cache: Path, binary: Binary) -> str:
    # The lock file is not committed (.gitignore says why), so a cached provider cannot contradict it.
    return f"""{FROM}{binary.registry}
disable_checkpoint = true

plugin_cache_dir                              = {json.dumps(str(cache))}
plugin_cache_may_break_dependency_lock_file = true
"""


def _chosen(path: Path) -> Path | None:
    try:
        first = path.read_text().partition("\n")[0]
    except OSError:
        return None
    return Path(first.removeprefix(FROM)) if first.startswith(f"{FROM}/") else None


def _write(path: Path, text: str) -> Path:
    return path if path.exists() and path.read_text() == text else files.write(path, text)
