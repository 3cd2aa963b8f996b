"""Where a daemon may answer, by the same rules as the `berth` command's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import ConfigurationError

#: The socket of a daemon that systemd runs for the whole host.
SYSTEM_SOCKET = "/run/berth/berth.sock"
_BASE = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/\[\]:?#@]+)(?::(\d{1,5}))?")
_LOOPBACK = re.compile(r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")
_TOKEN = re.compile(r"\s*([!-~]+)\s*")


@dataclass(frozen=True)
class UnixEndpoint:
    """A Unix socket: the kernel tells the daemon who calls."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class URLEndpoint:
    """A base such as ``http://127.0.0.1:7117``, and the bearer token where there is one."""

    base: str
    token: str | None = field(default=None, repr=False)
    #: A PEM file of authorities to trust beside the system's, for ``https``.
    authorities: str | None = None

    def __str__(self) -> str:
        return self.base

    @property
    def is_encrypted(self) -> bool:
        return self.base.startswith("https:")

    @property
    def host(self) -> str:
        return urlsplit(self.base).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.base).port or (443 if self.is_encrypted else 80)


Endpoint = UnixEndpoint | URLEndpoint


def find_endpoints(
    *, socket: str | None = None, url: str | None = None, token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[Endpoint]:
    """The daemon that is named by an argument or by the environment, else the places to look in, best first.

    Raises ConfigurationError for a URL or a token that cannot be used.
    """
    if socket is not None and url is not None:
        raise ConfigurationError("socket and url exclude each other")
    given = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    if socket is not None:
        return [UnixEndpoint(socket)]
    if url is not None:
        return [_url_endpoint(url, "url", token, given)]
    # `none` tells `berth serve` to open no socket, so there is none to call at either.
    if given.get("BERTH_SOCKET", "none") != "none":
        return [UnixEndpoint(given["BERTH_SOCKET"])]
    if "BERTH_URL" in given:
        return [_url_endpoint(given["BERTH_URL"], "BERTH_URL", token, given)]
    places = (SYSTEM_SOCKET, _own_file("berth.sock", given))
    return [UnixEndpoint(path) for path in places if path]


def _url_endpoint(text: str, source: str, token: str | None, given: Mapping[str, str]) -> URLEndpoint:
    base = text.removesuffix("/")
    match = _BASE.fullmatch(base)
    if match is None or (match[1] is not None and not 1 <= int(match[1]) <= 65_535):
        raise ConfigurationError(f"{source}: '{text}' is no daemon's URL; write it like http://127.0.0.1:7117")
    authorities = given.get("BERTH_TLS_CA") if base.startswith("https:") else None
    secret = _checked(token, "token") if token is not None else _token(base, given)
    return URLEndpoint(base, secret, authorities)


def _token(base: str, given: Mapping[str, str]) -> str | None:
    """``BERTH_TOKEN``, else what stands in the token file; that of this host's own daemon is for this host alone."""
    if "BERTH_TOKEN" in given:
        return _checked(given["BERTH_TOKEN"], "BERTH_TOKEN")
    if "BERTH_TOKEN_FILE" in given:
        return _checked(_text(given["BERTH_TOKEN_FILE"]), given["BERTH_TOKEN_FILE"])
    own = _own_file("token", given)
    if own is None or not _LOOPBACK.fullmatch(base) or not os.path.exists(own):
        return None
    return _checked(_text(own), own)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the token file {path} cannot be read: {error}") from error


def _checked(token: str, source: str) -> str:
    """A token goes into a header: it must be visible ASCII."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ConfigurationError(f"{source}: this holds no token")
    return match[1]


def _own_file(name: str, given: Mapping[str, str]) -> str | None:
    """A file beside the database of the user's own daemon; None where the environment names no place for it."""
    if "BERTH_DATABASE" in given:
        return os.path.join(os.path.dirname(given["BERTH_DATABASE"]), name)
    state = given.get("XDG_STATE_HOME", "")
    # Relative paths there are to be ignored (XDG Base Directory Specification).
    if state.startswith("/"):
        return os.path.join(state, "berth", name)
    return os.path.join(given["HOME"], ".local/state/berth", name) if "HOME" in given else None
