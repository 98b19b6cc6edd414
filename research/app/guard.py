"""Who may ask, and how often: headers, hosts, origins and rates."""

import hmac
import ipaddress
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    f"{what} {source}"
    for what, source in {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }.items()
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


REPORT_POLICY = POLICY.replace("style-src 'self'", "style-src 'unsafe-inline'").replace(
    "script-src 'self'; ", ""
)
COOKIE = "identikit"
SECRET = 32  # letters of a page's name, at least


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, and puts the headers on every answer.

    A server on the loopback interface answers to loopback names only, so that no other page's name can be
    pointed at it. Any other server answers to those who have its token: the address that is printed brings it, a
    cookie keeps it. An Origin, which browsers always send with a socket, must be the page's own.
    """

    def __init__(self, app: ASGIApp, host: str):
        self.app, self.loopback = app, is_loopback(host)
        self.token = "" if self.loopback else secrets.token_urlsafe(12)

    def _known(self, headers: Mapping[str, str]) -> bool:
        try:
            kept = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return kept is not None and hmac.compare_digest(kept.value.encode(), self.token.encode())

    def _brings(self, scope: Scope) -> bool:
        said = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return scope["type"] == "http" and hmac.compare_digest(said.encode(), self.token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.loopback and not is_loopback(_name(f"//{host}")):
            return await _refuse("this server answers to loopback names only", scope, receive, send)
        if origin is not None and urlsplit_or_none(origin) != host.lower():
            return await _refuse("foreign origin", scope, receive, send)
        if self.token and not self._known(headers):
            if not self._brings(scope):
                why = "open the address with the token that was printed when the app was started"
                return await _refuse(why, scope, receive, send)
            welcome = RedirectResponse(scope["path"].replace("//", "/"), 303, HEADERS)
            welcome.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
            return await welcome(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        return await self.app(scope, receive, with_headers)


@dataclass
class Bucket:
    """A rate: `take` is true as long as no more than `rate` a second are taken, after a burst of a second's."""

    rate: float
    level: float = field(init=False)
    then: float = field(init=False)

    def __post_init__(self):
        self.level, self.then = self.rate, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.level = min(self.rate, self.level + (now - self.then) * self.rate)
        self.then = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


def page_name(said: str) -> str:
    """What a page calls itself, by which its own networks are its own; empty if another page could guess it."""
    return said if len(said) >= SECRET and said.isascii() else ""


def is_loopback(host: str) -> bool:
    """Whether this name or address means this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def urlsplit_or_none(origin: str) -> str | None:
    """Host and port of an origin; None for what is none, such as `null`."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def _refuse(why: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # the wish to connect
        await send({"type": "websocket.close", "code": 1008, "reason": why})
    else:
        await PlainTextResponse(why, 403, HEADERS)(scope, receive, send)
