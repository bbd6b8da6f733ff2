"""Finds the program."""

import os
import shutil
from pathlib import Path


def program() -> str:
    """The path of the program: that of DISKDOCK_BIN, of the wheel, or on the PATH."""
    if named := os.environ.get("DISKDOCK_BIN"):
        return named
    carried = Path(__file__).parent / "bin" / "diskdock"
    if carried.exists():
        return str(carried)
    if found := shutil.which("diskdock"):
        return found
    raise FileNotFoundError("there is no diskdock program: install the wheel, or set DISKDOCK_BIN")
