import datetime as dt
import ipaddress
import socket
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from notifications import outgoing
from notifications.outgoing import Refused, Unreachable, request
from tests.notifications.standin import RawServer, Reply, StandIn


@pytest.fixture
def raw(settings):
    """Starts a server that misbehaves."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    servers = []

    def start(talk) -> RawServer:
        servers.append(RawServer(talk))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def resolving(monkeypatch, **names):
    """Makes names resolve to these addresses, in turn."""
    real = socket.getaddrinfo
    asked = []

    def fake(host, port, *args, **options):
        if host not in names:
            return real(host, port, *args, **options)
        asked.append(host)
        found = names[host]
        addresses = found[min(len(asked), len(found)) - 1]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked


def test_a_request_arrives_as_it_was_meant(outside):
    outside.always(201, {"ok": True}, **{"X-Seen": "yes"})

    answer = request(
        "PATCH",
        outside.url("/a b/ü?q=1&x=y z"),
        headers={"Content-Type": "application/json", "X-Own": "1"},
        body=b"{}",
    )

    assert (answer.status, answer.json(), answer.headers["x-seen"]) == (201, {"ok": True}, "yes")
    assert answer.is_success
    (received,) = outside.received
    assert (received.method, received.path, received.body) == ("PATCH", "/a%20b/%C3%BC", b"{}")
    assert received.query == {"q": ["1"], "x": ["y z"]}
    assert received.headers["x-own"] == "1"
    assert received.headers["host"] == outside.url().removeprefix("http://")
    assert received.headers["user-agent"] == "posthog-clone"


def test_errors_of_the_other_side_are_answers(outside):
    outside.always(503, b"busy")

    answer = request("GET", outside.url())

    assert (answer.status, answer.text, answer.json(), answer.is_success) == (
        503,
        "busy",
        None,
        False,
    )


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0"]
)
def test_nothing_inside_is_called_however_it_is_spelled(host, settings):
    settings.OUTBOUND_ALLOW = []
    server = StandIn()

    with pytest.raises(Refused, match="OUTBOUND_ALLOW"):
        request("GET", server.url(host=host))

    assert server.received == []
    server.stop()


@pytest.mark.parametrize("host", ["[::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "[fe80::1]"])
def test_nothing_inside_is_called_by_its_version_six_address(host, settings):
    settings.OUTBOUND_ALLOW = []

    with pytest.raises(Refused):
        request("GET", f"http://{host}/")


def test_a_listed_host_is_called_by_its_name(settings):
    settings.OUTBOUND_ALLOW = ["localhost"]
    server = StandIn()

    assert request("GET", server.url(host="localhost")).status == 200
    with pytest.raises(Refused):
        request("GET", server.url())
    server.stop()


def test_names_that_lead_inside_are_refused(monkeypatch, settings):
    settings.OUTBOUND_ALLOW = []
    resolving(monkeypatch, **{"inside.example": [["10.1.2.3"]], "meta.example": [["169.254.1.1"]]})

    with pytest.raises(Refused, match="inside.example leads to 10.1.2.3") as refused:
        request("GET", "http://inside.example/")
    assert "OUTBOUND_ALLOW" in str(refused.value)
    settings.OUTBOUND_ALLOW = ["meta.example", "169.254.0.0/16"]
    with pytest.raises(Refused, match="never"):
        request("GET", "http://meta.example/")


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch, settings):
    """A name that answers something else the second time gains nothing."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    good, bad = StandIn(), StandIn("127.0.0.2")
    asked = resolving(monkeypatch, **{"rebinding.example": [["127.0.0.1"], ["127.0.0.2"]]})

    request("GET", good.url(host="rebinding.example"))

    assert asked == ["rebinding.example"]
    assert (len(good.received), len(bad.received)) == (1, 0)
    assert good.received[0].headers["host"].startswith("rebinding.example:")
    good.stop()
    bad.stop()


def test_of_several_addresses_only_allowed_ones_are_tried(monkeypatch, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    server, forbidden = StandIn(), StandIn("127.0.0.2")
    resolving(monkeypatch, **{"mixed.example": [["127.0.0.2", "::1", "127.0.0.1"]]})

    assert request("GET", server.url(host="mixed.example")).status == 200
    assert forbidden.received == []
    server.stop()
    forbidden.stop()


def test_the_next_address_is_tried_when_one_takes_no_connection(monkeypatch, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    server = StandIn("127.0.0.3")
    resolving(monkeypatch, **{"several.example": [["127.0.0.4", "127.0.0.3"]]})

    assert request("GET", server.url(host="several.example")).status == 200
    server.stop()


def test_redirects_are_answers(outside):
    outside.always(302, Location="http://127.0.0.2/")

    assert request("GET", outside.url()).status == 302
    assert request("POST", outside.url(), max_redirects=3).status == 302


def test_redirects_are_followed_when_wanted_and_each_is_checked(outside):
    inside = StandIn("127.0.0.2")
    outside.by_path(
        {
            "/start": Reply(302, headers={"Location": "/next"}),
            "/next": Reply(307, headers={"Location": outside.url("/end")}),
            "/end": Reply(200, {"here": True}),
            "/inside": Reply(302, headers={"Location": inside.url("/secret")}),
            "/file": Reply(302, headers={"Location": "file:///etc/passwd"}),
            "/loop": Reply(302, headers={"Location": "/loop"}),
        }
    )

    answer = request("GET", outside.url("/start"), headers={"X-Token": "t"}, max_redirects=2)
    assert (answer.json(), answer.url) == ({"here": True}, outside.url("/end"))
    assert [received.headers["x-token"] for received in outside.received] == ["t"] * 3
    with pytest.raises(Refused, match="OUTBOUND_ALLOW"):
        request("GET", outside.url("/inside"), max_redirects=2)
    assert inside.received == []
    with pytest.raises(Refused, match="http://"):
        request("GET", outside.url("/file"), max_redirects=2)
    with pytest.raises(Refused, match="more than 2 times"):
        request("GET", outside.url("/loop"), max_redirects=2)
    inside.stop()


def test_headers_stay_behind_when_a_redirect_changes_the_host(outside, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    other = StandIn("127.0.0.2")
    outside.always(302, Location=other.url("/"))

    request("GET", outside.url(), headers={"Authorization": "Bearer t"}, max_redirects=1)

    assert "authorization" not in other.received[0].headers
    other.stop()


def drip(connection):
    connection.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def silence(connection):
    connection.recv(65536)
    time.sleep(60)


def drip_body(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(5000):
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("talk", [drip, drip_body, silence])
def test_the_time_is_bounded_in_all(raw, talk):
    server = raw(talk)
    started = time.monotonic()

    with pytest.raises(Unreachable, match=r"did not answer within 0\.4 seconds"):
        request("GET", server.url(), timeout=0.4)

    assert time.monotonic() - started < 30


def test_a_side_that_reads_nothing_is_left(raw):
    server = raw(lambda connection: time.sleep(60))
    started = time.monotonic()

    with pytest.raises(Unreachable, match="did not answer"):
        request("POST", server.url(), body=b"x" * 50_000_000, timeout=0.4)

    assert time.monotonic() - started < 30


def test_a_resolver_that_hangs_is_left(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: time.sleep(60))
    started = time.monotonic()

    with pytest.raises(Unreachable, match="did not answer"):
        request("GET", "http://slow.example/", timeout=0.2)

    assert time.monotonic() - started < 30


def test_answers_are_bounded(outside):
    outside.always(200, b"x" * 3_000_000)

    with pytest.raises(Refused, match="larger than 1048576 bytes"):
        request("GET", outside.url())
    assert len(request("GET", outside.url(), max_bytes=3_000_000).body) == 3_000_000
    assert request("GET", outside.url(), max_bytes=1000, cut=True).body == b"x" * 1000


def test_an_endless_answer_is_left(raw):
    def pour(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with pytest.raises(Refused, match="larger"):
        request("GET", raw(pour).url())


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    ],
)
def test_what_is_no_http_is_an_error_of_ours(raw, words):
    def talk(connection):
        connection.recv(65536)
        connection.sendall(words)

    with pytest.raises(Unreachable):
        request("GET", raw(talk).url())


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "http://:80/"),
        *(
            "http://user:pass@example.com/",
            "http://user@example.com/",
            "http://[::1/",
            "http://a:x/",
        ),
        *("http://a..b/", "http://" + "a" * 70 + ".com/", "gopher://example.com/"),
        *("http://exa mple.com/", "http://example.com\0/"),
    ],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(Refused) as refused:
        request("GET", url)
    assert "pass" not in str(refused.value).replace("password", "")


def test_headers_can_t_smuggle(outside):
    for headers in ({"X-A": "1\r\nX-B: 2"}, {"X A": "1"}, {"X-A": "\u2603"}, {"": ""}):
        with pytest.raises(Refused, match="header"):
            request("GET", outside.url(), headers=headers)
    assert outside.received == []


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding"])
def test_what_frames_a_request_is_not_for_callers(outside, name):
    with pytest.raises(Refused, match="header"):
        request("POST", outside.url(), headers={name: "5"}, body=b"body")


def test_unknown_hosts_and_closed_ports_are_named(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(Unreachable, match="does-not-exist.invalid can't be resolved"):
        request("GET", "http://does-not-exist.invalid/")
    with pytest.raises(Unreachable, match="The connection to 127.0.0.1 failed: Connection refused"):
        request("GET", f"http://127.0.0.1:{port}/")


def certificate(folder, **names):
    """A certificate of its own authority, for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    alternatives = [x509.DNSName(name) for name in names.get("hosts", [])]
    alternatives += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in names.get("ips", [])]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(tmp_path, settings):
    """A server whose certificate is for good.example."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = certificate(tmp_path, hosts=["good.example"])
    context.load_cert_chain(path)
    server = StandIn(tls=context)
    server.certificate = path
    yield server
    server.stop()


def test_certificates_are_verified_against_the_host_name(secure, monkeypatch):
    resolving(monkeypatch, **{"good.example": [["127.0.0.1"]], "bad.example": [["127.0.0.1"]]})
    with pytest.raises(Unreachable, match="certificate of good.example is not valid"):
        request("GET", secure.url(host="good.example"))

    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    outgoing.tls_context.cache_clear()
    try:
        assert request("GET", secure.url(host="good.example")).status == 200
        with pytest.raises(Unreachable, match="certificate of bad.example is not valid"):
            request("GET", secure.url(host="bad.example"))
    finally:
        monkeypatch.undo()
        outgoing.tls_context.cache_clear()


def test_a_handshake_has_the_same_deadline(raw):
    server = raw(silence)
    started = time.monotonic()

    with pytest.raises(Unreachable, match="did not answer"):
        request("GET", server.url().replace("http:", "https:"), timeout=0.3)

    assert time.monotonic() - started < 30
