"""Readers of hostile files run in processes of their own, with little around them."""

import importlib.util
import os
from pathlib import Path


def child_environment(package: str) -> dict[str, str]:
    """Nothing of ours (secrets, proxies), only where to find our readers and this package.

    For `python -S`, which skips site-packages and its start-up hooks: so the package's folder is
    named.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    here = Path(__file__).resolve().parents[1]
    packages = Path(spec.origin).resolve().parents[1]
    return {
        "PYTHONPATH": os.pathsep.join([str(here), str(packages)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }
