"""The workers' proxy, used by child processes in the environment that workers have."""

import asyncio
import contextlib
import functools
import os
import ssl
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from local_dev.web import caller, proxy
from local_dev.web.proxy import EndpointProxy

from .serving import PATIENCE
from .wire import HOST, RawClient, Served, make_api, served, until

pytestmark = pytest.mark.anyio


@dataclass
class Proxied:
    """A served API behind its proxy."""

    served: Served
    proxy: EndpointProxy
    environment: dict[str, str]

    @functools.cached_property
    def trust(self) -> ssl.SSLContext:
        """What a worker trusts."""
        return ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])

    async def run(self, script: str, *arguments: str, **environment: str) -> str:
        """What a child prints."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            textwrap.dedent(script),
            *arguments,
            env={
                "PATH": os.environ["PATH"],
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
                **self.environment,
                **environment,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(3 * PATIENCE):
            out, _ = await child.communicate()
        assert child.returncode == 0, out.decode()
        return out.decode().strip()

    async def client(self) -> RawClient:
        """A connection to the proxy."""
        port = int(self.environment["HTTPS_PROXY"].rpartition(":")[2])
        return RawClient(*await asyncio.open_connection("127.0.0.1", port))

    async def member(self) -> tuple[RawClient, str]:
        """A WebSocket client of the API, and its connection id."""
        client = await self.served.socket()
        event = await self.served.lambdas.next("connect")
        return client, event["requestContext"]["connectionId"]


@contextlib.asynccontextmanager
async def proxied(**environ: str) -> AsyncIterator[Proxied]:
    """An API with a proxy in front."""
    async with (
        served({"prod": make_api()}) as running,
        EndpointProxy(target=("127.0.0.1", running.port), environ=environ) as in_front,
    ):
        in_front.answer_for([HOST])
        yield Proxied(running, in_front, in_front.environment())


@contextlib.asynccontextmanager
async def elsewhere(folder: Path) -> AsyncIterator[tuple[int, Path]]:
    """A TLS server that is none of ours: its port and its authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "theirs.pem"))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nelsewhere")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], folder / "theirs.pem"


BOTO3 = """
    import sys, boto3
    url, connection = sys.argv[1:]
    api = boto3.client("apigatewaymanagementapi", endpoint_url=url)
    api.post_to_connection(ConnectionId=connection, Data=b"from boto3")
    print(api.get_connection(ConnectionId=connection)["Identity"]["SourceIp"])
    api.delete_connection(ConnectionId=connection)
    try:
        api.post_to_connection(ConnectionId=connection, Data=b"late")
    except api.exceptions.GoneException:
        print("gone")
"""


async def test_boto3_reaches_the_api_by_its_own_name() -> None:
    """Contract M01, M14."""
    async with proxied() as to:
        client, connection_id = await to.member()
        assert await to.run(BOTO3, f"https://{HOST}/prod", connection_id) == "127.0.0.1\ngone"
        assert (await client.frame()).payload == b"from boto3"


CLIENTS = {
    "requests": """
        import sys, requests
        url = sys.argv[1]
        with requests.Session() as session:
            print([session.post(url).status_code for _ in range(3)])
    """,
    "urllib": """
        import sys, urllib.request, urllib.error
        print([urllib.request.urlopen(sys.argv[1], b"x").status for _ in range(3)])
    """,
    "pycurl": """
        import os, sys, io, pycurl
        handle = pycurl.Curl()
        statuses = []
        for _ in range(3):
            handle.setopt(pycurl.URL, sys.argv[1])
            handle.setopt(pycurl.POSTFIELDS, "x")
            handle.setopt(pycurl.CAINFO, os.environ["CURL_CA_BUNDLE"])
            handle.setopt(pycurl.WRITEFUNCTION, io.BytesIO().write)
            handle.perform()
            statuses.append(handle.getinfo(pycurl.RESPONSE_CODE))
        print(statuses, handle.getinfo(pycurl.NUM_CONNECTS))
    """,
}


@pytest.mark.parametrize("library", CLIENTS)
async def test_other_clients_do_as_well(library: str) -> None:
    async with proxied() as to:
        client, connection_id = await to.member()
        url = f"https://{HOST}/prod/@connections/{connection_id.replace('=', '%3D')}"
        said = await to.run(CLIENTS[library], url)
        assert said.startswith("[200, 200, 200]")
        assert len([await client.frame() for _ in range(3)]) == 3
        if library == "pycurl":
            assert said.endswith(" 0")  # the third went over the connection of the first


async def test_a_websocket_client_reaches_it_too() -> None:
    async with proxied() as to:
        script = """
            import sys
            from websockets.sync.client import connect
            with connect(sys.argv[1]) as socket:
                text = "x" * 100_000
                for start in range(2):
                    socket.send([text[:30_000], text[30_000:60_000], text[60_000:90_000], text[90_000:]])
                    print(socket.recv() == text)
        """
        assert await to.run(script, f"wss://{HOST}/prod") == "True\nTrue"
        context = (await to.served.lambdas.next("connect"))["requestContext"]
        assert context["domainName"] == HOST


async def test_another_host_is_a_tunnel_to_it_with_its_own_certificate(tmp_path: Path) -> None:
    async with elsewhere(tmp_path) as (port, theirs):
        script = """
            import sys, ssl, urllib.request, urllib.error
            trust = ssl.create_default_context(cafile=sys.argv[2])
            print(urllib.request.urlopen(sys.argv[1], context=trust).read().decode())
            try:
                urllib.request.urlopen(sys.argv[1])
            except urllib.error.URLError as error:
                print("CERTIFICATE_VERIFY_FAILED" in str(error))
        """
        url = f"https://localhost:{port}/"
        async with proxied() as to:
            through = {"NO_PROXY": "", "no_proxy": ""}
            assert await to.run(script, url, str(theirs), **through) == "elsewhere\nTrue"
            connects = await to.client()
            connects.send(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
            assert (await connects.response())[0] == 200
            connects.leave()


async def test_what_a_person_trusts_workers_trust_too(tmp_path: Path) -> None:
    async with elsewhere(tmp_path) as (port, theirs), proxied(SSL_CERT_FILE=str(theirs)) as to:
        script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"
        through = {"NO_PROXY": "", "no_proxy": ""}
        assert await to.run(script, f"https://localhost:{port}/", **through) == "elsewhere"


async def test_plain_http_to_this_machine_never_meets_the_proxy() -> None:
    """moto, the Runtime API and the gateway itself: AWS_ENDPOINT_URL works as without."""
    script = """
        import sys, boto3, urllib.request
        boto3.client("dynamodb")  # resolves AWS_ENDPOINT_URL
        print(boto3.client("dynamodb").list_tables()["TableNames"])
        print(boto3.client("apigatewaymanagementapi").meta.endpoint_url)
    """

    async def dynamodb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{"TableNames":[1]}')
        writer.close()

    server = await asyncio.start_server(dynamodb, "127.0.0.1", 0)
    async with server, proxied() as to:
        endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        management = f"{to.served.url}/prod"
        nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
        said = await to.run(
            script,
            AWS_ENDPOINT_URL=endpoint,
            AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=management,
            **nowhere,
        )
        assert said == f"[1]\n{management}"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", 501),
        (b"CONNECT nowhere HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a:0 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a:99999 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a b:1 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT \xff:1 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", 502),
        (b"CONNECT [::1]:1 HTTP/1.1\r\n\r\n", 502),
        (b"CONNECT a..b:1 HTTP/1.1\r\n\r\n", 502),
        (b"CONNECT nowhere.invalid:443 HTTP/1.1\r\n\r\n", 502),
        (f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\nhello".encode(), 400),
        (b"CONNECT a:1 HTTP/1.1\r\nA: " + b"x" * 17_000, 431),
    ],
)
async def test_what_cannot_be_is_told_in_one_line(request_bytes: bytes, status: int) -> None:
    async with proxied() as to:
        client = await to.client()
        client.send(request_bytes)
        got, _, body = await client.response()
        assert got == status
        assert body.count(b"\n") == 1
        assert await client.rest() == b""


async def test_a_caller_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "HEAD_TIMEOUT", 0.1)
    async with proxied() as to:
        silent = await to.client()
        assert (await silent.response())[0] == 408
        assert await silent.rest() == b""


async def test_a_caller_that_never_begins_tls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "HEAD_TIMEOUT", 0.1)
    async with proxied() as to:
        mute = await to.client()
        mute.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert (await mute.response())[0] == 200
        assert await mute.rest() == b""


async def test_a_host_that_never_answers_is_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "CONNECT_TIMEOUT", 0.1)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async with proxied() as to:
        client = await to.client()
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        client.send(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        status, _, body = await client.response()
        assert (status, body) == (504, b"example.com:443 did not answer within 0.1 s\n")


async def test_a_client_that_trusts_nobody_harms_nobody() -> None:
    async with proxied() as to:
        script = """
            import sys, ssl, urllib.request
            try:
                urllib.request.urlopen(sys.argv[1], context=ssl.create_default_context(cadata=sys.argv[2]))
            except OSError as error:
                print("CERTIFICATE_VERIFY_FAILED" in str(error))
        """
        other = trustme.CA().cert_pem.bytes().decode()
        assert await to.run(script, f"https://{HOST}/prod", other) == "True"
        _, connection_id = await to.member()
        url = f"https://{HOST}/prod/@connections/{connection_id}"
        assert await to.run(CLIENTS["requests"], url) == "[200, 200, 200]"


async def secure(to: Proxied) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A TLS connection through the proxy to the API."""
    client = await to.client()
    client.send(f"CONNECT {HOST.upper()}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (await client.response())[0] == 200
    await client.writer.start_tls(to.trust, server_hostname=HOST)
    return client.reader, client.writer


async def test_hundreds_at_once() -> None:
    async with proxied() as to:
        member, connection_id = await to.member()
        path = f"/prod/@connections/{connection_id}"
        request = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\nhello".encode()
        together = asyncio.Semaphore(100)  # TLS handshakes at a time

        async def post() -> int:
            async with together:
                reader, writer = await secure(to)
            for _ in range(2):
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                assert b" 200 " in head
            await asyncio.sleep(0)
            return id(writer)

        async with asyncio.timeout(3 * PATIENCE):
            assert len(set(await asyncio.gather(*(post() for _ in range(300))))) == 300
        assert len([await member.frame() for _ in range(600)]) == 600


async def test_back_pressure_holds() -> None:
    """What one side does not take, the other cannot go on sending."""
    gate, sent = asyncio.Event(), 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 200_000_000 and not gate.is_set():
            writer.write(b"x" * 100_000)
            sent += 100_000
            try:
                await writer.drain()
            except ConnectionError:
                return
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server, proxied() as to:
        client = await to.client()
        client.send(f"CONNECT 127.0.0.1:{server.sockets[0].getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
        assert (await client.response())[0] == 200
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: any(end.full for end in to.proxy._ends))
        for _ in range(1000):
            await asyncio.sleep(0)
        waiting = [end.transport.get_write_buffer_size() for end in to.proxy._ends if end.transport]
        assert max(waiting) < 1_000_000
        gate.set()
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await client.rest()) >= sent - 100_000


async def test_a_half_closed_tunnel_goes_on_the_other_way() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read()
        writer.write(asked[::-1])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, proxied() as to:
        client = await to.client()
        port = server.sockets[0].getsockname()[1]
        client.send(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nearly ".encode())
        assert (await client.response())[0] == 200
        client.send(b"data" * 100_000)
        client.writer.write_eof()
        assert await client.rest() == (b"early " + b"data" * 100_000)[::-1]


async def test_whoever_leaves_in_the_middle_takes_the_other_along() -> None:
    async with proxied() as to:
        for _ in range(3):
            _, writer = await secure(to)
            writer.write(f"GET /prod HTTP/1.1\r\nHost: {HOST}\r\nA: ".encode())
            await writer.drain()
            writer.transport.abort()
        client = await to.client()
        client.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert (await client.response())[0] == 200
        client.send(b"\x16\x03\x01")
        client.leave()
        half = await to.client()
        half.send(b"CONNECT ")
        half.writer.write_eof()
        assert await half.rest() == b""
        await until(lambda: not to.proxy._ends)


async def test_the_end_leaves_nothing_behind() -> None:
    async with served({"prod": make_api()}) as running:
        in_front = EndpointProxy(hosts=[HOST], target=("127.0.0.1", running.port), environ={})
        async with in_front:
            to = Proxied(running, in_front, in_front.environment())
            bundle = Path(to.environment["SSL_CERT_FILE"])
            assert bundle.stat().st_size > 100_000
            assert bundle.parent.stat().st_mode & 0o077 == 0
            open_socket, _ = await secure(to), await secure(to)
            starting = await to.client()
            starting.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
            assert (await starting.response())[0] == 200
        assert not bundle.parent.exists()
        assert not in_front._ends
        assert not in_front._tasks
        assert await RawClient(*open_socket).rest() == b""
        assert await starting.rest() == b""


async def test_a_persons_own_proxy_stays_in_force_for_the_rest() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        theirs = f"http://me:pass%20word@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(https_proxy=theirs, NO_PROXY=".amazonaws.com,direct.invalid") as to:
            client = await to.client()
            client.send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
            assert (await client.response())[0] == 407
            assert b"Proxy-Authorization: Basic bWU6cGFzcyB3b3Jk\r\n" in seen[0]
            assert seen[0].startswith(b"CONNECT example.com:443 HTTP/1.1\r\n")
            direct = await to.client()
            direct.send(b"CONNECT direct.invalid:443 HTTP/1.1\r\n\r\n")
            assert (await direct.response())[0] == 502
            await secure(to)  # an API of ours is no business of that proxy
            assert len(seen) == 1
            assert to.environment["NO_PROXY"] == "127.0.0.1,localhost,::1"
