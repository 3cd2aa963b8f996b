"""A daemon that speaks HTTPS, with a certificate of the test's own."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import berth_client
from berth_client import aio
from support import Daemon


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=berth test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True, timeout=60)
    (tmp_path / "key.pem").chmod(0o600)
    return tmp_path / "cert.pem"


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Daemon]:
    key = str(certificate.with_name("key.pem"))
    daemon = Daemon(options=("--listen", "127.0.0.1:0", "--tls-certificate", str(certificate), "--tls-key", key))
    try:
        yield daemon.start()
    finally:
        daemon.close()


def test_its_authority_is_named(encrypted: Daemon, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_TLS_CA", str(certificate))
    url, token = encrypted.url(), encrypted.token("ci")
    assert url.startswith("https:")
    with berth_client.Client(url=url, token=token).lease("alice", ttl=60) as held:
        assert asyncio.run(aio.Client(url=url, token=token).show(held.id)).ports == tuple(held.ports)


def test_a_stranger_is_not_trusted(encrypted: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BERTH_TLS_CA", raising=False)
    with pytest.raises(berth_client.Untrusted, match="BERTH_TLS_CA"):
        berth_client.Client(url=encrypted.url(), token="t").leases()
    with pytest.raises(berth_client.Untrusted):
        asyncio.run(aio.Client(url=encrypted.url(), token="t").leases())
    monkeypatch.setenv("BERTH_TLS_CA", str(tmp_path / "none.pem"))
    with pytest.raises(berth_client.ConfigurationError, match="none.pem"):
        berth_client.Client(url=encrypted.url(), token="t").leases()
    with pytest.raises(berth_client.ConfigurationError, match="none.pem"):
        asyncio.run(aio.Client(url=encrypted.url(), token="t").leases())
