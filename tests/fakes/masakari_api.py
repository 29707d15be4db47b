# SPDX-License-Identifier: Apache-2.0
"""A stand-in for masakari-api that takes notifications and misbehaves when told to.

    masakari_api.py PORT DIRECTORY [CERTIFICATE KEY [CLIENT_CA]]

With a certificate it speaks TLS; with a CA for clients it wants a certificate from them.

Each POST is one line of DIRECTORY/posts.jsonl: {"t", "status", "path", "token", "agent", "body"}.
What it answers is in DIRECTORY/mode, read at each request: a list of words, one for each POST that
comes, of which the last one stays. A word is a status such as 202 or 409, "hang" (no answer), "die"
(breaks off within the answer), "garbage" (no HTTP) or "huge" (an answer without an end).
"""
import http.server
import json
import pathlib
import ssl
import sys
import threading
import time
import uuid

LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""
    protocol_version = "HTTP/1.1"
    directory = None

    def log_message(self, *args):
        """Quiet: posts.jsonl is the log."""

    def next_word(self):
        """What this POST is to be answered with."""
        mode = self.directory / "mode"
        with LOCK:
            words = mode.read_text(encoding="ascii").split() if mode.exists() else ["202"]
            if len(words) > 1:
                mode.write_text(" ".join(words[1:]), encoding="ascii")
        return words[0]

    def answer(self, status, body):
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def do_GET(self):
        """The greeting."""
        self.answer(200, b"{}")

    def do_POST(self):
        """A notification."""
        now = time.time()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        word = self.next_word()
        with LOCK, open(self.directory / "posts.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps({"t": now, "status": word, "path": self.path,
                                  "token": self.headers.get("X-Auth-Token"),
                                  "type": self.headers.get("Content-Type"),
                                  "agent": self.headers.get("User-Agent"),
                                  "body": json.loads(body)}) + "\n")
        if word.isdigit():
            reply = {"badRequest": {"code": int(word), "message": "as told"}}
            if word == "202":
                reply = json.loads(body)
                reply["notification"]["notification_uuid"] = str(uuid.uuid4())
            self.answer(int(word), json.dumps(reply).encode())
            return
        self.close_connection = True
        if word == "hang":
            time.sleep(3600)
        elif word == "die":
            self.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")
        elif word == "garbage":
            self.wfile.write(b"220 mail.example.org ESMTP\r\n")
        elif word == "huge":
            self.wfile.write(b"HTTP/1.1 202 Accepted\r\n\r\n")
            for _ in range(4096):
                self.wfile.write(b" " * 65536)


class Server(http.server.ThreadingHTTPServer):
    """Quiet about peers that go away."""
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A monitor that was killed is no news."""


if __name__ == "__main__":
    Handler.directory = pathlib.Path(sys.argv[2])
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        if len(sys.argv) > 5:
            context.load_verify_locations(sys.argv[5])
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    server.serve_forever()
