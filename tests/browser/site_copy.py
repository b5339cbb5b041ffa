"""The page's files as somebody serves them who may change them, be slow, and go."""

import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import ROOT


class SiteCopy:
    """A copy of site/ at an address of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.slow: set[str] = set()
        """Paths that are answered only once they are taken out of here."""
        self.status = HTTPStatus.OK
        """Of every answer, where it is not this."""
        self.asked: list[str] = []
        self.waiting = threading.Condition()

    def change(self, path: str, old: str | re.Pattern[str], new: str) -> None:
        file = self.folder / path
        changed, times = re.subn(
            re.escape(old) if isinstance(old, str) else old, new, file.read_text("utf-8")
        )
        assert times == 1
        file.write_text(changed, "utf-8")

    def hasten(self) -> None:
        with self.waiting:
            self.slow = set()
            self.waiting.notify_all()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, copy: SiteCopy, **options: Any) -> None:
        self.copy = copy
        super().__init__(*args, directory=str(copy.folder), **options)

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.copy.asked.append(self.path)
        with self.copy.waiting:
            self.copy.waiting.wait_for(lambda: path not in self.copy.slow, 30)
        if self.copy.status is not HTTPStatus.OK:
            self.send_error(self.copy.status)
            return
        # From HTTP/1.0 Chromium takes no ETag. It asks by the date, which has whole seconds: of two changes within
        # one it would not hear.
        del self.headers["if-modified-since"]
        super().do_GET()

    def end_headers(self) -> None:
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if file.is_dir() else file
        if file.exists():
            self.send_header("etag", f'"{hashlib.md5(file.read_bytes()).hexdigest()}"')
        self.send_header("cache-control", "no-cache")
        super().end_headers()


@contextmanager
def served(folder: Path) -> Iterator[SiteCopy]:
    copy = SiteCopy(Path(shutil.copytree(ROOT / "site", folder)))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, copy=copy)) as server:
        copy.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield copy
        finally:
            copy.hasten()
            server.shutdown()
            thread.join()
