"""A client of WebSockets that is small enough to be slow, rude or silent on purpose (RFC 6455)."""

import base64
import json
import os
import socket
import struct
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server answered with something else than a WebSocket."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class WebSocket:
    """One connection. `received` is all output so far, `remarks` are the messages of text."""

    def __init__(self, address, path, headers=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(address)
        lines = {"Host": "%s:%d" % address, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self._read_more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        status = int(lines[0].split()[1])
        if status != 101:
            while len(self.buffer) < int(self.headers.get("content-length", 0)):
                self._read_more()
            self.socket.close()
            raise Refused(status, json.loads(self.buffer or b"{}"))
        self.received, self.remarks, self.closed = b"", [], None

    def _read_more(self):
        more = self.socket.recv(65536)
        if not more:
            raise EOFError("the server has closed the connection")
        self.buffer += more

    def _take(self, count):
        while len(self.buffer) < count:
            self._read_more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, data, kind=BINARY):
        """Sends one message; a client has to mask it."""
        mask = os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0x80 | 126, len(data))
        self.socket.sendall(bytes([0x80 | kind]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self):
        """Reads one message and takes note of it."""
        kind, length = self._take(2)
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
        elif length == 127:
            length, = struct.unpack(">Q", self._take(8))
        data = self._take(length)
        match kind & 15:
            case 1:
                self.remarks.append(json.loads(data))
            case 2:
                self.received += data
            case 8:
                self.closed = struct.unpack(">H", data[:2])[0], data[2:].decode()
            case 9:
                self.send(data, PONG)

    def until(self, wanted, within_s=60):
        """Reads until this has come, and gives all that came."""
        deadline = time.monotonic() + within_s
        while wanted not in self.received:
            assert time.monotonic() < deadline and not self.closed, f"no {wanted} in {self.received[-500:]}; {self.closed}"
            self.receive()
        return self.received

    def until_closed(self, within_s=60):
        """Reads until the server closes; gives code and reason."""
        deadline = time.monotonic() + within_s
        while not self.closed:
            assert time.monotonic() < deadline, f"still open: {self.received[-500:]}"
            self.receive()
        return self.closed

    def close(self):
        self.socket.close()
