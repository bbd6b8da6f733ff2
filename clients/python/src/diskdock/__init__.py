"""A local stand-in for the disks of Alibaba Cloud ECS."""

from ._api import ApiError
from ._controls import ControlError
from ._program import program
from ._server import Server
from ._world import World

__all__ = ["ApiError", "ControlError", "Server", "World", "program"]
