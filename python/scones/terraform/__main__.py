"""``python -m scones.terraform`` finds Terraform, or downloads it, and prints its path."""

from scones.errors import SetupError
from scones.settings import ROOT
from scones.terraform.binary import locate

try:
    print(locate(ROOT / "build").path)
except SetupError as error:
    raise SystemExit(f"error: {error}") from None
