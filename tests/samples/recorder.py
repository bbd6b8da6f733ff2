"""Stands before the server and remembers exactly what was sent: every parameter of query and body, decoded."""

import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPSTREAM_WITHIN_S = 60
# Parameters that belong to the protocol and not to the form.
PROTOCOL = {"Action", "Format", "Version", "Timestamp", "AccessKeyId"}
# What a recorder without a server answers: an error, so that the sample is through.
RECORDED = {"Code": "Recorded", "Message": "It was only recorded.", "RequestId": "R-1", "HostId": "h"}


class Recorder:
    """One address for one sample, so that its calls cannot be taken for another's."""

    def __init__(self, upstream_port=None):
        self.upstream_port = upstream_port
        self.calls = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                recorder.handle(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def handle(self, request):
        body = read_body(request)
        self.calls.append(decoded(request, body))
        if self.upstream_port is None:
            status, headers, answer = 400, [("Content-Type", "application/json")], json.dumps(RECORDED).encode()
        else:
            status, headers, answer = self.forward(request, body)
        request.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def forward(self, request, body):
        """The same request, Host included, which is signed."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=UPSTREAM_WITHIN_S)
        try:
            upstream.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in ("connection", "accept-encoding", "transfer-encoding", "content-length"):
                    upstream.putheader(name, value)
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()


def read_body(request):
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass
    return body


def decoded(request, body):
    """The action and the parameters of the form."""
    query = urllib.parse.urlsplit(request.path).query
    pairs = [pair for text in (query, body.decode()) for pair in pairs_of(text)]
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise AssertionError(f"a parameter was sent twice: {pairs}")
    action = request.headers.get("x-acs-action") or parameters.get("Action")
    form = {name: value for name, value in parameters.items() if not is_protocol(name)}
    return action, form


def pairs_of(text):
    return urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict") if text else []


def is_protocol(name):
    return name in PROTOCOL or name.startswith("Signature")
