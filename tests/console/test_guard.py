"""Who may use the console: the browser that was given the address, and nobody else on this machine or elsewhere."""

from __future__ import annotations

import http.client
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scones.console.desk import Desk
from scones.console.security import kept_token
from scones.console.server import served

pytestmark = pytest.mark.slow


def ask(address: str, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """Send one request to a console, as any program could."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)) as connection:
        connection.request(method, path, headers=named, body=b"{}" if method == "POST" else None)
        answer = connection.getresponse()
        answer.read()
        return answer


@pytest.fixture
def cookie(address: str) -> str:
    """The cookie that the address is exchanged for."""
    answer = ask(address, f"/?{urlsplit(address).query}")
    assert answer.status == 303
    assert "token" not in (answer.getheader("location") or "")
    given = answer.getheader("set-cookie") or ""
    assert "HttpOnly" in given
    assert "SameSite=strict" in given
    return given.partition(";")[0]


def test_without_the_token_nothing_is_answered(address: str, cookie: str) -> None:
    assert ask(address, "/try").status == 403
    assert ask(address, "/try?token=wrong").status == 403
    assert ask(address, "/static/common.js").status == 403
    assert ask(address, "/try", Cookie=cookie).status == 200


@pytest.mark.parametrize("host", ["rebound.example:PORT", "127.0.0.1.example", "[::ffff:7f00:1]:PORT", "PORT"])
def test_another_hosts_name_is_refused(address: str, cookie: str, host: str) -> None:
    port = str(urlsplit(address).port)
    assert ask(address, "/try", Cookie=cookie, Host=host.replace("PORT", port)).status == 421


def test_another_page_can_neither_read_nor_change(address: str, cookie: str) -> None:
    own = f"http://{urlsplit(address).netloc}"
    assert ask(address, "/try/start", "POST", Cookie=cookie, Origin="https://example.com").status == 403
    assert ask(address, "/try/start", "POST", Cookie=cookie, Origin="null").status == 403
    assert ask(address, "/try/start", "POST", Cookie=cookie).status == 403
    assert ask(address, "/executions/news", Cookie=cookie, Sec_Fetch_Site="cross-site").status == 403
    assert ask(address, "/executions/news", Cookie=cookie, Sec_Fetch_Site="same-site").status == 403
    assert ask(address, "/try/start", "POST", Cookie=cookie, Origin=own).status == 400  # it lacks an address in S3


def test_an_answer_allows_nothing_from_elsewhere(address: str, cookie: str) -> None:
    answer = ask(address, "/try", Cookie=cookie)
    policy = answer.getheader("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.getheader("x-content-type-options") == "nosniff"


def test_a_console_that_only_looks_changes_nothing(desk: Desk) -> None:
    looking = replace(desk, may_write=False)
    with served(looking) as address:
        answer = ask(address, f"/?{urlsplit(address).query}")
        given = (answer.getheader("set-cookie") or "").partition(";")[0]
        own = f"http://{urlsplit(address).netloc}"
        for path in ("/try/start", "/try/upload", "/execution/stop?arn=a", "/execution/redrive?arn=a"):
            assert ask(address, path, "POST", Cookie=given, Origin=own).status == 400, path
        assert parse_qs(urlsplit(address).query)


def test_the_token_goes_nowhere_else(address: str) -> None:
    """Two slashes at the start of a path would be another host."""
    answer = ask(address, f"//example.com/?{urlsplit(address).query}")
    assert (answer.getheader("location") or "").startswith("/example.com")


def test_a_port_that_is_taken_is_named(desk: Desk, address: str) -> None:
    from scones.console.server import serve
    from scones.errors import InputError

    taken: Any = urlsplit(address).port
    with pytest.raises(InputError, match=f"port {taken} of this machine cannot be used"):
        serve(desk, port=taken, say=print)


def test_an_environment_keeps_its_token_where_only_its_user_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "console" / "local.token"
    token = kept_token(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_token(path) == token, "a page that is open goes on with a console that was started again"
    path.chmod(0o644)
    assert kept_token(path) != token, "others may have read it"
    path.write_text("")
    assert len(kept_token(path)) == len(token)
