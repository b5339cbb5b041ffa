"""The engine that posts fast: libcurl's multi interface under our own signatures.

A post costs boto3 about two milliseconds of CPU, all of it before and after the network; libcurl does the
same in well under a tenth of that, keeps its connections, and waits for all of them in one thread.
"""

import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

import boto3
import botocore
import pycurl

from chat import clock
from chat.posts import CONNECT_SECONDS, OUT_OF_TIME, READ_SECONDS, Post, Result, Verdict, judge
from chat.signing import Signer

# How many posts are on their way at once. More wait less, and cost no more; but 1,024 files are all that a Lambda
# function may have open, and all that select() can tell of.
CONCURRENCY = 256
# So many at first, and one more for each that is delivered: connections that are all opened at once hold each other
# up, over TLS for longer than one may take.
AT_FIRST = 64
# Where all others have been answered, the last ones are not waited for longer than this.
GRACE_SECONDS = 1.5

_TIMED_OUT = Result(Verdict.TIMED_OUT, "timed out")
# What went wrong on the way, and may go right the next time.
_PASSING = {
    pycurl.E_COULDNT_CONNECT: "no connection",
    pycurl.E_SEND_ERROR: "connection lost",
    pycurl.E_RECV_ERROR: "connection lost",
    pycurl.E_GOT_NOTHING: "connection lost",
    pycurl.E_PARTIAL_FILE: "connection lost",
    pycurl.E_COULDNT_RESOLVE_HOST: "no such host",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS connection",
}


class CurlPosts:
    """Posts to the management API at `endpoint`, a URL with the stage as its path. One thread at a time."""

    def __init__(self, endpoint: str, signer: Signer) -> None:
        parts = urlsplit(endpoint)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._start = f"{parts.path.rstrip('/')}/%40connections/"
        self._signer = signer
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, CONCURRENCY)
        self._idle: list[pycurl.Curl] = []

    @classmethod
    def from_environment(cls) -> "CurlPosts":
        """With the endpoint in botocore's standard variable, and the credentials that boto3 finds.

        Raises KeyError where either is missing.
        """
        endpoint = os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"]
        session = boto3.DEFAULT_SESSION or boto3.Session()  # that of the clients, where there are any
        credentials = session.get_credentials()
        if credentials is None:
            raise KeyError("AWS credentials")
        host = urlsplit(endpoint).netloc
        region = session.region_name or "us-east-1"
        return cls(
            endpoint, Signer(credentials, host=host, region=region, service="execute-api", now=clock.now)
        )

    def post(self, posts: Sequence[Post], *, within: float = math.inf) -> list[Result]:
        """Tries each post once, many at the same time; answers in the order asked, within so many seconds."""
        ends = time.monotonic() + within
        signed: dict[bytes, Callable[[str], list[str]]] = {}
        waiting = deque(enumerate(posts))
        results: dict[int, Result] = {}
        turn: dict[pycurl.Curl, int] = {}
        answered_at, window = float("inf"), AT_FIRST
        while waiting or turn:
            while waiting and len(turn) < window:
                index, (connection_id, frame) = waiting.popleft()
                sign = signed.get(frame) or signed.setdefault(frame, self._signer.batch(frame))
                turn[self._begun(connection_id, frame, sign)] = index
            self._multi.perform()
            finished = self._finished()
            now = time.monotonic()
            if finished:
                answered_at = now
            elif not waiting and now - answered_at > GRACE_SECONDS:
                finished = [(handle, _TIMED_OUT) for handle in turn]
            elif now >= ends:
                finished = [(handle, OUT_OF_TIME) for handle in turn]
                results |= {index: OUT_OF_TIME for index, _ in waiting}
                waiting.clear()
            for handle, result in finished:
                self._multi.remove_handle(handle)
                self._idle.append(handle)
                results[turn.pop(handle)] = result
                window = min(CONCURRENCY, window + (result.verdict is Verdict.DELIVERED))
            if turn and not finished:
                self._multi.select(min(0.5, max(0.0, ends - now)))
        return [results[index] for index in range(len(posts))]

    def _begun(self, connection_id: str, frame: bytes, sign: Callable[[str], list[str]]) -> pycurl.Curl:
        """The handle of a post that is on its way."""
        handle = self._idle.pop() if self._idle else self._handle()
        path = self._start + _quoted(connection_id)
        handle.setopt(pycurl.URL, self._origin + path)
        handle.setopt(pycurl.HTTPHEADER, [*sign(path), "Content-Type:", "Expect:"])
        handle.setopt(pycurl.POSTFIELDS, frame)
        self._multi.add_handle(handle)
        return handle

    def _finished(self) -> list[tuple[pycurl.Curl, Result]]:
        answers: list[tuple[pycurl.Curl, Result]] = []
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            answers += [(handle, judge(handle.getinfo(pycurl.RESPONSE_CODE))) for handle in done]
            answers += [(handle, _failed(code, text)) for handle, code, text in failed]
        return answers

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_SECONDS * 1000))
        handle.setopt(pycurl.TIMEOUT_MS, int((CONNECT_SECONDS + READ_SECONDS) * 1000))
        handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        handle.setopt(pycurl.TCP_NODELAY, 1)
        handle.setopt(pycurl.PROXY, "")  # the gateway is never behind one, whatever the environment says
        handle.setopt(pycurl.WRITEFUNCTION, _ignore)
        # The bundle that botocore brings and trusts: a wheel of libcurl cannot know the system's.
        bundled = Path(botocore.__file__).with_name("cacert.pem")
        handle.setopt(pycurl.CAINFO, os.environ.get("AWS_CA_BUNDLE", str(bundled)))
        return handle


@lru_cache(4096)
def _quoted(connection_id: str) -> str:
    return quote(connection_id, safe="")


def _failed(code: int, text: str) -> Result:
    """No answer came: in time, for a passing reason, or for one that will stay."""
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return _TIMED_OUT
    passing = _PASSING.get(code)
    return Result(Verdict.BUSY, passing) if passing else Result(Verdict.REFUSED, text)


def _ignore(_: bytes) -> None:
    """The body of an answer; the status says it all."""
