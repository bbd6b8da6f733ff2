"""The least that tests need of QEMU's monitor."""

import json
import os
import socket


class Qmp:
    """A connection to a monitor; `qmp("stop")` gives what the command returns."""

    def __init__(self, path, timeout_s=30):
        directory = os.open(path.parent, os.O_RDONLY)
        self.events = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout_s)
        # The path of a socket may not be long.
        self.socket.connect(f"/proc/self/fd/{directory}/{path.name}")
        os.close(directory)
        self.lines = self.socket.makefile("rw")
        assert "QMP" in json.loads(self.lines.readline())
        self("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def __call__(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']}")
            else:
                return answer["return"]

    def wait_event(self, name, **data):
        """The next event of this name with this data."""
        while True:
            for event in self.events:
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    return event
            answer = json.loads(self.lines.readline())
            if "event" in answer:
                self.events.append(answer)
