"""Runs the program that the wheel carries."""

import os
import sys
from typing import NoReturn

from ._program import program


def main() -> NoReturn:
    path = program()
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()
