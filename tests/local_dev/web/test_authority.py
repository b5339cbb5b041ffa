"""The authority of one run."""

import ssl
from pathlib import Path

import certifi

from local_dev.web.authority import Authority


def test_the_bundle_has_the_public_authorities_a_persons_own_and_this_one(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("# mine\n")
    authority = Authority(tmp_path, trusted=[own, tmp_path / "missing.pem", tmp_path])
    bundle = authority.bundle.read_bytes()
    assert bundle.startswith(Path(certifi.where()).read_bytes())
    assert b"# mine" in bundle
    trust = ssl.create_default_context(cafile=str(authority.bundle))
    public = ssl.create_default_context(cafile=certifi.where())
    assert len(trust.get_ca_certs()) == len(public.get_ca_certs()) + 1


def test_a_hosts_context_is_made_once(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert authority.context("a.example.com") is authority.context("a.example.com")
    assert authority.context("a.example.com") is not authority.context("b.example.com")
    assert authority.context("a.example.com").minimum_version is ssl.TLSVersion.TLSv1_2


def test_no_key_is_written(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.context("a.example.com")
    assert [file.name for file in tmp_path.iterdir()] == [authority.bundle.name]
    assert b"PRIVATE" not in authority.bundle.read_bytes()
