"""The server's controls: JSON in, JSON out."""

import json
from typing import Any

from ._http import send


class ControlError(Exception):
    """A control that was refused."""

    def __init__(self, status: int, message: str, hint: str):
        super().__init__(f"{message}. {hint}" if hint else message)
        self.status, self.message, self.hint = status, message, hint


class Controls:
    """The controls below one address."""

    def __init__(self, base: str, admin_token: str | None):
        self.base = base
        self._headers = {"content-type": "application/json"}
        if admin_token:
            self._headers["x-diskdock-token"] = admin_token

    def below(self, path: str) -> "Controls":
        return Controls(self.base + path, self._headers.get("x-diskdock-token"))

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self._ask("POST", path, {} if body is None else body)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        status, reply = send(method, self.base + path, data, self._headers)
        content = json.loads(reply)
        if status >= 400:
            raise ControlError(status, content.get("error", ""), content.get("hint", ""))
        return content


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
