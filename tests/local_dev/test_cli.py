"""The command line: what it says, how it ends, and that nothing is left behind."""

import os
import pty
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_dev.command import ending_signals
from local_dev.command_line import read_options
from local_dev.console import Console
from local_dev.errors import ListenError, TemplateError
from tests.conftest import ROOT, ServedGateway, serve, stop
from tests.ports import free_port

ECHO = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev}}
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: !Ref Stage
      RouteSelectionExpression: $request.body.action
      Routes: {$connect: {FunctionArn: !GetAtt Echo.Arn}, $default: {FunctionArn: !GetAtt Echo.Arn}}
  Echo:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: .}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with one function."""
    (tmp_path / "app.py").write_text(
        "def handler(event, context): return {'statusCode': 200}", encoding="utf-8"
    )
    path = tmp_path / "template.yaml"
    path.write_text(ECHO, encoding="utf-8")
    return path


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command line that is expected to fail at once."""
    return subprocess.run(
        [sys.executable, "-m", "local_dev", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def group_of(served: ServedGateway) -> set[int]:
    """The processes that the gateway started."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children")
    if not children.exists():
        pytest.skip("the system has no /proc to look children up in")
    return {int(pid) for pid in children.read_text().split()}


def running(pids: set[int]) -> set[int]:
    """Those of the processes that are still there, zombies aside."""
    alive = set()
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                alive.add(pid)
        except OSError:
            continue
    return alive


def wait_for_workers(served: ServedGateway) -> set[int]:
    """The gateway's processes once moto and the function's worker are there."""
    deadline = time.monotonic() + 60
    while len(group_of(served)) < 2:
        assert time.monotonic() < deadline, "no worker was started"
        time.sleep(0.02)
    return group_of(served)


def assert_all_end(pids: set[int]) -> None:
    deadline = time.monotonic() + 60
    while running(pids):
        assert time.monotonic() < deadline, f"left behind: {running(pids)}"
        time.sleep(0.02)


@contextmanager
def disposition(hang_up: signal.Handlers) -> Iterator[None]:
    """What is started meanwhile inherits whether it is to ignore the end of its terminal."""
    before = signal.signal(signal.SIGHUP, hang_up)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the gateway puts what is for this run only."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_it_with_0_and_leaves_no_process_and_no_file(
    template: Path, tmp_path: Path, scratch: Path, number: signal.Signals
) -> None:
    with disposition(signal.SIG_DFL):
        served = serve(tmp_path / "log", "--template", str(template))
    children = wait_for_workers(served)
    assert list(scratch.iterdir())
    served.process.send_signal(number)
    assert served.process.wait(60) == 0
    assert_all_end(children)
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert list(scratch.iterdir()) == []


def test_where_its_terminal_is_closed_it_ends_in_order(template: Path, scratch: Path) -> None:
    terminal, end = pty.openpty()
    with disposition(signal.SIG_DFL):
        process = subprocess.Popen(
            [sys.executable, "-m", "local_dev", "--port", "0", "--template", str(template)],
            cwd=ROOT,
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
        )
    os.close(end)
    said = b""
    while b"Ctrl-C ends it." not in said:
        said += os.read(terminal, 65536)  # which fails where the gateway has ended
    assert list(scratch.iterdir())
    os.close(terminal)
    for _ in range(2):  # the shell says so, and the system
        process.send_signal(signal.SIGHUP)
    assert process.wait(60) >= 0, "a signal has ended it"
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(("inherited", "ends"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)])
def test_under_nohup_it_outlives_its_terminal(inherited: signal.Handlers, ends: bool) -> None:
    with disposition(inherited):
        assert (signal.SIGHUP in ending_signals()) is ends


def test_a_killed_gateway_leaves_no_process_either(template: Path, tmp_path: Path) -> None:
    served = serve(tmp_path / "log", "--template", str(template))
    children = wait_for_workers(served)
    served.process.kill()
    served.process.wait(60)
    assert_all_end(children)


def test_a_taken_port_is_one_line(template: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--template", str(template), "--port", str(port))
    assert ended.returncode == 1
    remedy = "give another --port, or 0 for a free one"
    assert ended.stderr == f"error: cannot listen on 127.0.0.1:{port}: Address already in use; {remedy}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Resources: [", "not YAML"),
        ("Resources: {Q: {Type: AWS::SQS::Queue}}", "no WebSocket API"),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::Serverless::WebSocketApi}}",
            "not a valid SAM",
        ),
        ("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Gone}}}", "cannot be deployed"),
    ],
)
def test_a_broken_template_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    ended = run("--template", str(path), "--port", "0")
    assert ended.returncode == 1
    assert says in ended.stderr
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1


def test_tls_is_said_with_what_to_trust_and_ends_with_the_rest(template: Path, tmp_path: Path) -> None:
    served = serve(tmp_path / "log", "--template", str(template), "--https")
    assert re.fullmatch(r"https://localhost:\d+", served.secure)
    context = ssl.create_default_context(cafile=served.authority)
    with urllib.request.urlopen(f"{served.secure}/_local/state", context=context) as answer:
        assert answer.status == 200
    began = time.monotonic()
    assert stop(served) == 0
    assert time.monotonic() - began < 30
    assert "hypercorn" not in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_port_for_tls_is_443_above_the_other_unless_it_is_given(template: Path) -> None:
    def port(*arguments: str) -> int | None:
        return read_options(["--template", str(template), *arguments], Console()).https_port

    assert port() is None
    assert port("--https") == 8443
    assert port("--https", "--port", "8123") == 8566
    assert port("--https", "--port", "0") == 0
    assert port("--https-port", "9000") == port("--https", "--https-port", "9000") == 9000
    with pytest.raises(ListenError, match="give --https-port"):
        port("--https", "--port", "65093")


def test_a_port_for_tls_that_is_taken_is_one_line(template: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ended = run("--template", str(template), "--port", "0", "--https-port", str(port))
    assert ended.returncode == 1
    # For datagrams, as a rule: another program may just have the port's number for a connection.
    assert re.fullmatch(
        rf"error: cannot listen (for datagrams )?on 127.0.0.1:{port}: Address already in use; "
        r"give another --https-port, or 0 for a free one\n",
        ended.stderr,
    )


def test_a_certificate_that_cannot_be_kept_is_one_line(template: Path, tmp_path: Path) -> None:
    (tmp_path / "parley").write_text("no folder")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    ended = run("--template", str(template), "--port", "0", "--https", environment=environment)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("error: the certificate for TLS cannot be kept: ")
    assert "Traceback" not in ended.stderr


def test_without_tls_nothing_of_it_is_loaded() -> None:
    script = (
        "import sys, local_dev.command, local_dev.local, local_dev.web.server;"
        "print([name for name in ('hypercorn', 'aioquic', 'h2', 'local_dev.tls_front') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


def test_faults_that_cannot_be_read_are_one_line(template: Path, tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("faults: [{at: post, do: lose, often: 1}]", encoding="utf-8")
    ended = run("--template", str(template), "--port", "0", "--faults", str(file))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: --faults {file}: faults[0].often: ")
    assert ended.stderr.count("\n") == 1


def test_a_template_that_is_not_there(tmp_path: Path) -> None:
    ended = run("--template", str(tmp_path / "gone.yaml"))
    assert (ended.returncode, ended.stderr) == (1, f"error: {tmp_path}/gone.yaml: no such file\n")


def test_a_folder_without_a_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TemplateError, match=r"no template\.yaml, template\.yml or template\.json in"):
        read_options([], Console())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--param", "novalue"],
        ["--port", "x"],
        ["--port", "70000"],
        ["--ttl-sweep", "x"],
        ["--ttl-sweep", "-1"],
        ["--nothing"],
    ],
)
def test_a_bad_command_line_is_2(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


def test_a_parameter_that_the_template_lacks(template: Path) -> None:
    ended = run("--template", str(template), "--param", "Colour=red")
    assert ended.returncode == 1
    assert "parameter Colour: the template has no such parameter (it has: Stage)" in ended.stderr


def test_roles_are_checked_everywhere_or_nowhere(template: Path) -> None:
    ended = run("--template", str(template), "--check-roles", "--no-iam")
    assert ended.returncode == 1
    assert ended.stderr == "error: --check-roles: roles are not checked with --no-iam\n"


def test_parameters_reach_the_template(template: Path, tmp_path: Path) -> None:
    served = serve(tmp_path / "log", "--template", str(template), "--param", "Stage=other")
    try:
        with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=10) as raw:
            raw.sendall(b"GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert raw.recv(64).startswith(b"HTTP/1.1 426")
    finally:
        assert stop(served) == 0


def test_a_handler_that_cannot_be_imported_is_said_at_start_and_the_gateway_goes_on(
    template: Path, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text("import nothing_of_that_name", encoding="utf-8")
    served = serve(tmp_path / "log", "--template", str(template))
    deadline = time.monotonic() + 60
    while "Unable to import module 'app'" not in (tmp_path / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert served.process.poll() is None
    assert stop(served) == 0


def test_a_taken_port_is_free_again_right_after(template: Path, tmp_path: Path) -> None:
    port = str(free_port())
    first = serve(tmp_path / "log", "--template", str(template), "--port", port)
    assert stop(first) == 0
    second = serve(tmp_path / "log", "--template", str(template), "--port", port)
    assert second.url == first.url
    os.kill(second.process.pid, signal.SIGINT)
    assert second.process.wait(60) == 0
