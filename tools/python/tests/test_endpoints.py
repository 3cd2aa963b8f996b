"""A daemon is looked for where the `berth` command looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth_client import ConfigurationError
from berth_client.endpoints import SYSTEM_SOCKET, Endpoint, UnixEndpoint, URLEndpoint, find_endpoints

SYSTEM = UnixEndpoint(SYSTEM_SOCKET)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"BERTH_SOCKET": "/s", "BERTH_URL": "http://h:1"}, [UnixEndpoint("/s")]),
        ({"BERTH_SOCKET": "none", "BERTH_URL": "http://h:1"}, [URLEndpoint("http://h:1")]),
        ({"BERTH_SOCKET": "", "HOME": "/home/a"}, [SYSTEM, UnixEndpoint("/home/a/.local/state/berth/berth.sock")]),
        ({"BERTH_URL": "https://h:1/", "BERTH_TOKEN": " t ", "BERTH_TLS_CA": "/ca"},
         [URLEndpoint("https://h:1", "t", "/ca")]),
        ({"XDG_STATE_HOME": "/x", "HOME": "/home/a"}, [SYSTEM, UnixEndpoint("/x/berth/berth.sock")]),
        ({"XDG_STATE_HOME": "x", "HOME": "/home/a"}, [SYSTEM, UnixEndpoint("/home/a/.local/state/berth/berth.sock")]),
        ({"BERTH_DATABASE": "/d/b.db", "HOME": "/home/a"}, [SYSTEM, UnixEndpoint("/d/berth.sock")]),
        ({}, [SYSTEM]),
    ],
)
def test_the_environment_names_the_places(environ: dict[str, str], expected: list[Endpoint]) -> None:
    assert find_endpoints(environ=environ) == expected


def test_an_argument_beats_the_environment() -> None:
    environ = {"BERTH_SOCKET": "/s", "BERTH_TOKEN": "t"}
    assert find_endpoints(socket="/other", environ=environ) == [UnixEndpoint("/other")]
    assert find_endpoints(url="http://h:1", environ=environ) == [URLEndpoint("http://h:1", "t")]
    assert find_endpoints(url="http://h:1", token="u", environ=environ) == [URLEndpoint("http://h:1", "u")]


def test_the_token_of_this_hosts_own_daemon_goes_to_this_host_alone(tmp_path: Path) -> None:
    folder = tmp_path / "berth"
    folder.mkdir()
    (folder / "token").write_text("secret\n", encoding="utf-8")
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    for base in ("http://127.0.0.1:7117", "http://localhost:1", "http://[::1]:1"):
        assert find_endpoints(url=base, environ=environ) == [URLEndpoint(base, "secret")]
    for base in ("http://127.0.0.1.example.org:1", "http://10.0.0.1:7117"):
        assert find_endpoints(url=base, environ=environ) == [URLEndpoint(base)]
    assert "secret" not in repr(find_endpoints(url="http://[::1]:1", environ=environ))


@pytest.mark.parametrize("url", ["ftp://h", "http://h:0", "http://h:70000", "http://h/path", "http://a b", "http://u@h"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is no daemon's URL"):
        find_endpoints(url=url, environ={})


def test_a_token_that_cannot_be_a_header_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no token"):
        find_endpoints(url="http://h:1", environ={"BERTH_TOKEN": "a\nb"})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        find_endpoints(url="http://h:1", environ={"BERTH_TOKEN_FILE": str(tmp_path / "none")})


def test_socket_and_url_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError):
        find_endpoints(socket="/s", url="http://h:1", environ={})
