"""The certificate is kept, is nobody else's to read, and is for this machine alone."""

import datetime
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography import x509

from local_dev.tls_front import certificate
from local_dev.tls_front.certificate import kept_certificate


def names(file: Path) -> set[str]:
    """What the certificate in the file is for."""
    found = x509.load_pem_x509_certificate(file.read_bytes())
    extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each.value) for each in extension}


def test_it_is_kept_so_that_a_browser_that_trusts_it_goes_on(tmp_path: Path) -> None:
    made = kept_certificate("127.0.0.1", tmp_path)
    content = [file.read_bytes() for file in (made.authority, made.chain, made.key)]
    again = kept_certificate("127.0.0.1", tmp_path)
    assert again == made
    assert [file.read_bytes() for file in (again.authority, again.chain, again.key)] == content


def test_gateways_that_start_at_once_have_the_same_one(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(_: int) -> tuple[bytes, bytes]:
        together.wait()
        made = kept_certificate("127.0.0.1", tmp_path)
        ssl.create_default_context().load_cert_chain(made.chain, made.key)
        return made.authority.read_bytes(), made.chain.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        [(authority, chain)] = set(pool.map(start, range(8)))
    x509.load_pem_x509_certificate(chain).verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    assert [each.name for each in tmp_path.iterdir()] == ["localhost"]


def test_nobody_else_may_read_it_and_the_key_that_signed_it_is_nowhere(tmp_path: Path) -> None:
    made = kept_certificate("127.0.0.1", tmp_path / "new")
    folder = made.key.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert sorted(file.name for file in folder.iterdir()) == ["authority.pem", "chain.pem", "key.pem"]
    assert (
        sum(file.read_bytes().count(b"PRIVATE KEY-----\n") for file in folder.iterdir()) == 2
    )  # one, begun and ended


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "::"])
def test_it_is_for_what_this_machine_calls_itself(tmp_path: Path, host: str) -> None:
    made = kept_certificate(host, tmp_path)
    assert names(made.chain) == {"localhost", "127.0.0.1", "::1"}
    assert made.chain.parent.name == "localhost"


def test_a_host_of_ones_own_has_one_of_its_own(tmp_path: Path) -> None:
    usual = kept_certificate("127.0.0.1", tmp_path)
    made = kept_certificate("192.0.2.7", tmp_path)
    assert names(made.chain) == {"localhost", "127.0.0.1", "::1", "192.0.2.7"}
    assert made.key.read_bytes() != usual.key.read_bytes()


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_what_cannot_be_read_is_made_anew(tmp_path: Path, content: bytes) -> None:
    kept_certificate("127.0.0.1", tmp_path).chain.write_bytes(content)
    assert "localhost" in names(kept_certificate("127.0.0.1", tmp_path).chain)


def test_one_that_will_soon_have_expired_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "LIFETIME", datetime.timedelta(days=6))
    old = kept_certificate("127.0.0.1", tmp_path).chain.read_bytes()
    monkeypatch.undo()
    assert kept_certificate("127.0.0.1", tmp_path).chain.read_bytes() != old


def test_a_certificate_lasts_no_longer_than_browsers_like(tmp_path: Path) -> None:
    found = x509.load_pem_x509_certificate(kept_certificate("127.0.0.1", tmp_path).chain.read_bytes())
    assert found.not_valid_after_utc - found.not_valid_before_utc <= datetime.timedelta(days=398)
