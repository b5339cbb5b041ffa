"""Which route takes a request: the documented order, and that nothing breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.http_api.routing import Routing

DOCUMENTED = Routing(
    ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"]
)
"""The example of https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html"""

METHODS = ["GET", "POST", "DELETE", "OPTIONS"]
segments = st.one_of(
    st.sampled_from(["a", "b", "{x}", "{y}", "{p+}", "", "%", "{", "(", ".*", "{+}", "{}"]),
    st.text(max_size=5),
)
paths = st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts))
keys = st.one_of(
    st.just("$default"),
    st.builds("{} {}".format, st.sampled_from([*METHODS, "ANY"]), paths),
    st.text(max_size=10),
)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_documented_order(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    selected = DOCUMENTED.select(method, path)
    assert selected is not None
    assert (selected.key, dict(selected.parameters)) == (key, parameters)


@pytest.mark.parametrize(
    ("among", "method", "path", "key"),
    [
        (["ANY /a", "GET /a"], "GET", "/a", "GET /a"),
        (["ANY /a", "GET /a"], "PUT", "/a", "ANY /a"),
        (["GET /{x}/b", "GET /a/{y}"], "GET", "/a/b", "GET /a/{y}"),
        (["GET /{p+}", "GET /{x}/b/{p+}", "GET /{x}/{p+}"], "GET", "/a/b/c", "GET /{x}/b/{p+}"),
        (["GET /a"], "GET", "/a/", None),
        (["GET /a"], "HEAD", "/a", None),
        (["GET /A"], "GET", "/a", None),
        (["GET /a/{x}"], "GET", "/a/", None),
        (["GET /a/{p+}"], "GET", "/a", None),
        ([], "GET", "/a", None),
        (["ANY /a", "$default"], "PURGE", "/a", None),
    ],
)
def test_the_better_of_two(among: list[str], method: str, path: str, key: str | None) -> None:
    for order in (among, among[::-1]):
        selected = Routing(order).select(method, path)
        assert (selected.key if selected else None) == key


@given(among=st.lists(keys, max_size=6, unique=True), method=st.sampled_from(METHODS), path=paths)
def test_any_keys_are_taken_in_any_order(among: list[str], method: str, path: str) -> None:
    selected, turned = Routing(among).select(method, path), Routing(among[::-1]).select(method, path)
    assert (selected is None) == (turned is None)
    if selected is None:
        assert "$default" not in among
        assert f"{method} {path}" not in among or "{" in path
        return
    assert selected.key in among
    verb, _, pattern = selected.key.partition(" ")
    if selected.key == "$default":
        return
    assert verb in (method, "ANY")
    filled = pattern
    for name, value in selected.parameters.items():
        assert value
        for form in (f"{{{name}+}}", f"{{{name}}}"):
            if form in filled:
                filled = filled.replace(form, value, 1)
                break
    if len(set(selected.parameters)) == pattern.count("{"):
        assert filled == path


@given(path=paths, method=st.sampled_from(METHODS))
def test_what_a_default_route_has_is_never_lost(path: str, method: str) -> None:
    assert Routing(["$default"]).select(method, path) is not None
