"""Which addresses are fetched: HTTPS only, also behind redirects; and how they are shown, without keys.

A server on this machine may speak HTTP.
"""

from __future__ import annotations

import urllib.request
from typing import IO, Any, Mapping, Optional
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SECRETS = frozenset({"api_key", "email", "tool"})
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def shown(url: str) -> str:
    """RETURNS (str): a URL without the parameters that say who asks."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in SECRETS]
    return urlunsplit(parts._replace(query=urlencode(kept), netloc=parts.netloc.rpartition("@")[2]))


def with_parameters(url: str, parameters: Optional[Mapping[str, str]]) -> str:
    """RETURNS (str): the URL with parameters behind it."""
    return f"{url}?{urlencode(parameters)}" if parameters else url


def check_address(url: str) -> None:
    """RAISES (ValueError): for a URL that is neither HTTPS nor on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname or parts.scheme == "http" and parts.hostname in LOCAL:
        return
    raise ValueError(f"'{shown(url)}' is not fetched: only https:// is, and http:// from this machine.")


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that would be fetched themselves."""

    max_redirections = 5

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> Any:
        """RAISES (ValueError): where it leads elsewhere, or from another machine to this one."""
        check_address(newurl)
        if urlsplit(newurl).hostname in LOCAL and urlsplit(req.full_url).hostname not in LOCAL:
            raise ValueError(f"'{shown(req.full_url)}' leads to '{shown(newurl)}' on this machine; it is not followed.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class NoFiles(urllib.request.FileHandler, urllib.request.FTPHandler):
    """Takes the place of the handlers that would open local files and FTP."""

    def file_open(self, req: urllib.request.Request) -> Any:
        """RAISES (ValueError): always."""
        raise ValueError(f"'{shown(req.full_url)}' is not fetched: only https:// is.")

    ftp_open = file_open
