#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Nova asks of Neutron and Glance for guests without network: an empty Neutron and a Glance
with one image, on one port. Images that Nova makes (shelving does) are that one under other ids.

    openstack_stubs.py PORT
"""
import http.server
import json
import re
import sys
import uuid

IMAGE_ID = "6d61736b-6172-4963-8069-6d6167650001"


def image(image_id):
    """The one image under the id that was asked for."""
    return {
        "id": image_id, "name": "tiny", "status": "active", "visibility": "public", "tags": [],
        "container_format": "bare", "disk_format": "raw", "size": 1024, "virtual_size": 1024,
        "min_disk": 0, "min_ram": 0, "owner": "kit", "protected": False, "os_hidden": False,
        "checksum": "0" * 32, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "schema": "/v2/schemas/image",
        "file": f"/v2/images/{image_id}/file", "self": f"/v2/images/{image_id}",
    }


def answer(method, path):
    """(status, body) for a request."""
    found = re.fullmatch(r"/v2/images/([0-9a-f-]{36})", path)
    if found:
        return 200, image(found[1])
    if (method, path) == ("POST", "/v2/images"):
        return 201, image(str(uuid.uuid4()))
    if path == "/v2/images":
        return 200, {"images": [image(IMAGE_ID)], "first": path, "schema": "/v2/schemas/images"}
    if path == "/v2/schemas/image":
        return 200, {"name": "image", "properties": {name: {} for name in image(IMAGE_ID)},
                     "additionalProperties": {"type": "string"}}
    if path == "":
        return 200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": []}]}
    found = re.fullmatch(r"/v2\.0/([a-z-]+)", path)
    if found and method == "GET":
        return 200, {found[1].replace("-", "_"): []}
    if method == "DELETE":
        return 204, None
    return 404, {"NeutronError": {"type": "NotFound", "message": path, "detail": ""}}


class Handler(http.server.BaseHTTPRequestHandler):
    """Every method and path by answer()."""
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        """Reads the body away and answers."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = answer(self.command, self.path.partition("?")[0].rstrip("/"))
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, format, *args):
        """One line a request, on stdout."""
        print(format % args, flush=True)


class Server(http.server.ThreadingHTTPServer):
    """Many callers at once."""
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
