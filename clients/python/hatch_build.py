"""Puts the program into the wheel, and tags the wheel with the systems that the program runs on.

DISKDOCK_BIN names the program; otherwise it is the release build of this repository.
"""

import os
import platform
import re
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REPOSITORY = Path(__file__).resolve().parents[2]


def crate_version():
    manifest = (REPOSITORY / "Cargo.toml").read_text()
    return re.search(r'^version = "(.+)"$', manifest, re.MULTILINE).group(1)


def wheel_tag(program):
    """`py3-none-manylinux_2_34_x86_64` for a program that asks for glibc 2.34 at most."""
    versions = re.findall(rb"GLIBC_2\.(\d+)", program.read_bytes())
    return f"py3-none-manylinux_2_{max(map(int, versions))}_{platform.machine()}"


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version, build_data):
        if self.target_name != "wheel" or version == "editable":
            return
        program = Path(os.environ.get("DISKDOCK_BIN", REPOSITORY / "target/release/diskdock"))
        build_data["force_include"][str(program)] = "diskdock/bin/diskdock"
        build_data["pure_python"] = False
        build_data["tag"] = wheel_tag(program)
