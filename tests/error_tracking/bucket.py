"""A server on loopback that speaks as much of S3 as the store of symbol sets asks for."""

import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

KEY_ID, SECRET, REGION, NAME = "key-id", "the secret", "eu-test-1", "maps"
NO_KEY = "<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>"
DENIED = "<Error><Code>SignatureDoesNotMatch</Code><Message>Wrong.</Message></Error>"
DOWN = "<Error><Code>InternalError</Code><Message>We are down.</Message></Error>"


class Bucket:
    """Objects by their key. Requests must be signed, in the fourth version."""

    def __init__(self):
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.down = False
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # boto3 waits for "100 Continue"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                bucket.requests.append(f"{self.command} {self.path}")
                status, payload = bucket.answer(self, body)
                payload = payload if isinstance(payload, bytes) else payload.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.send_header("ETag", f'"{hashlib.md5(payload).hexdigest()}"')
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(payload)

            do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = handle_one

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes | str]:
        if self.down:
            return 500, DOWN
        parts = urlsplit(request.path)
        if parts.query or not parts.path.startswith(f"/{NAME}/"):
            return 501, "<Error><Code>NotImplemented</Code></Error>"
        if not is_signed(request, body):
            return 403, DENIED
        key = unquote(parts.path).removeprefix(f"/{NAME}/")
        if request.command == "PUT":
            self.objects[key] = body
            return 200, ""
        if request.command == "DELETE":
            self.objects.pop(key, None)
            return 204, ""
        return (200, self.objects[key]) if key in self.objects else (404, NO_KEY)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def is_signed(request: BaseHTTPRequestHandler, body: bytes) -> bool:
    given = request.headers["Authorization"].removeprefix("AWS4-HMAC-SHA256 ")
    fields = dict(part.split("=", 1) for part in given.split(", "))
    day = request.headers["X-Amz-Date"][:8]
    scope = f"{day}/{REGION}/s3/aws4_request"
    digest = request.headers["X-Amz-Content-SHA256"]
    if fields["Credential"] != f"{KEY_ID}/{scope}" or digest != hashlib.sha256(body).hexdigest():
        return False
    names = fields["SignedHeaders"]
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    canonical = "\n".join([request.command, request.path, "", headers, names, digest])
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in [*scope.split("/"), f"AWS4-HMAC-SHA256\n{request.headers['X-Amz-Date']}\n{scope}"]:
        text = part if "\n" not in part else f"{part}\n{hashed}"
        key = hmac.digest(key, text.encode(), "sha256")
    return hmac.compare_digest(key.hex(), fields["Signature"])
