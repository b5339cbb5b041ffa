"""Who gets an answer: the page itself and programs on this machine, no other site."""

import pytest

from local_dev.inspector.guard import ACTION_HEADER, PAGE_HEADERS, Guard

GUARD = Guard("192.168.1.20")
ACTION = {ACTION_HEADER: "inspector", "content-type": "text/plain;charset=utf-8"}


def status(method: str = "GET", page: bool = False, **headers: str) -> int | None:
    sent = {"host": "127.0.0.1:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
    refusal = GUARD.refusal(method, sent, page=page)
    return refusal.status if refusal else None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "localhost:1",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::1]:8000",
        "192.168.1.20:80",
    ],
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    assert status(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "rebound.example",
        "rebound.example:8000",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example",
        "rebound.example:80@127.0.0.1",
        "localhost@rebound.example",
        "127.0.0.1/x",
        "127.0.0.1#x",
        "127.0.0.1:port",
        "[::1",
        "192.168.1.21",
        "0.0.0.0",
        "2130706433",
    ],
)
def test_a_foreign_name_is_refused_for_it_may_have_been_rebound(host: str) -> None:
    assert status(host=host) == 403
    assert status(host=host, page=True) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_gets_the_page_but_nothing_that_it_shows(site: str) -> None:
    assert status(sec_fetch_site=site) == 403
    assert status(sec_fetch_site=site, page=True) is None


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_and_a_person_get_data(site: str) -> None:
    assert status(sec_fetch_site=site) is None


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:8000", "https://127.0.0.1:8000"])
def test_the_page_and_a_program_may_act(origin: str | None) -> None:
    sent = {"host": "127.0.0.1:8000", **ACTION, **({"origin": origin} if origin else {})}
    assert GUARD.refusal("POST", sent) is None
    assert GUARD.refusal("DELETE", sent) is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://127.0.0.1:3000",
        "http://localhost:8000",
        "http://evil.example",
        "file://127.0.0.1:8000",
    ],
)
def test_another_origin_may_not_act(origin: str) -> None:
    refusal = GUARD.refusal("POST", {"host": "127.0.0.1:8000", **ACTION, "origin": origin})
    assert refusal
    assert refusal.status == 403


def test_a_form_cannot_act() -> None:
    form = {"host": "127.0.0.1:8000", "content-type": "text/plain"}
    refusal = GUARD.refusal("POST", form)
    assert refusal
    assert refusal.status == 403
    typed = {"host": "127.0.0.1:8000", **ACTION, "content-type": "application/x-www-form-urlencoded"}
    refusal = GUARD.refusal("POST", typed)
    assert refusal
    assert refusal.status == 415


def test_the_policy_lets_nothing_inline_and_no_frame() -> None:
    policy = PAGE_HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
