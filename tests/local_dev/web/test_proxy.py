"""The workers' proxy, used by child processes in the environment that workers have."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from .proxied import proxied
from .wire import HOST

pytestmark = pytest.mark.anyio


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
            with connect(sys.argv[1], open_timeout=60) as socket:
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
            await to.secure()  # an API of ours is no business of that proxy
            assert len(seen) == 1
            assert to.environment["NO_PROXY"] == "127.0.0.1,localhost,::1"
