"""Every route and every path that is none, by hostile plain HTTP: no door but the listed ones, no fault, no traces."""

from __future__ import annotations

import asyncio
import json
import socket
from itertools import product
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.places import API_TOKEN
from tests.security.frames import JSON, greeted
from tests.security.target import CANARY, Target, check_refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")
API = (
    "/api/v1/sessions",
    "/api/v1/sessions/{session}",
    "/api/v1/sessions/{session}/events",
    "/api/v1/users?identity=whatsapp:+15550101001",
    "/api/v1/tickets",
    "/api/openapi.json",
    "/api/v1/actions/{session}",
    "/api/v1/tools",
)
TOKENS = {
    "no token": "",
    "empty": "Bearer ",
    "only the word": "Bearer",
    "wrong": "Bearer wrong",
    "another case": f"Bearer {API_TOKEN.swapcase()}",
    "cut": f"Bearer {API_TOKEN[:-1]}",
    "longer": f"Bearer {API_TOKEN}x",
    "twice": f"Bearer {API_TOKEN} {API_TOKEN}",
    "without the word": API_TOKEN,
    "basic": f"Basic {API_TOKEN}",
    "bytes": "Bearer \xff\xfe",
    "other letters": "Bearer óperators",
    "half an emoji": "Bearer \ud83d",
    "long": "Bearer " + "x" * 7_900,
}
OPERATOR = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest_asyncio.fixture(loop_scope="session")
async def session(mark: Target) -> str:
    """The id of a session that exists."""
    phone = mark.stage.phone()
    if not await phone.transcript():
        await phone.ask("hello")
    return await mark.stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")


@pytest.mark.parametrize("path", API)
async def test_operators_routes_need_the_token(mark: Target, session: str, path: str) -> None:
    """401 without the very token, whatever is sent in its place, and the same for what exists and what does not."""
    for token, id_ in product(TOKENS.values(), (session, "0" * 32)):
        headers = {"Authorization": token.encode(errors="surrogatepass").decode("latin-1")} if token else {}
        answer = await mark.request("GET", path.format(session=id_), headers=headers)
        check_refusal(answer, 401)
        assert b"unauthorized" in answer.body
    for where in (f"token={API_TOKEN}", f"access_token={API_TOKEN}", f"api_token={API_TOKEN}"):
        joined = f"{path.format(session=session)}{'&' if '?' in path else '?'}{where}"
        check_refusal(await mark.request("GET", joined, headers={"Cookie": f"token={API_TOKEN}"}), 401)


async def test_the_dry_run_needs_the_token(mark: Target) -> None:
    """Nobody else may make us think."""
    with mark.unmoved():
        for token in ("", "Bearer wrong", "Bearer \xff"):
            headers = {**JSON, **({"Authorization": token} if token else {})}
            answer = await mark.request("POST", "/api/v1/route", data=b'{"text":"refund"}', headers=headers)
            check_refusal(answer, 401)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"text":7}',
        b'{"text":null}',
        b'{"text":["x"]}',
        b"{" * 90_000,
        b"[" * 90_000 + b"]" * 90_000,
        b'{"text":"\\ud83d"}',
        b"\xff\xfe",
        b'{"text":"' + b"x" * 300_000 + b'"}',
    ],
)
async def test_a_dry_run_of_junk_is_refused(mark: Target, body: bytes) -> None:
    """Also with the token a wrong body is a 4xx."""
    check_refusal(await mark.request("POST", "/api/v1/route", data=body, headers={**OPERATOR, **JSON}), 400, 413)


STRANGE_IDS = (
    "0" * 32,
    "x",
    "..",
    "%2e%2e",
    "%00",
    "%ff%fe",
    "'%20OR%201=1--",
    "1;DROP%20TABLE%20x",
    "%F0%9F%98%80",
    "%0d%0aX:1",
)


async def test_unknown_ids_are_all_alike(mark: Target, session: str) -> None:
    """404 with the very same words for an id that never was, is none, or is of another kind."""
    for path in ("/api/v1/sessions/{}", "/api/v1/sessions/{}/events", "/api/v1/actions/{}"):
        bodies = set()
        for one in (*STRANGE_IDS, "x" * 5_000, session.upper(), session if "actions" in path else f"{session}%20"):
            answer = await mark.request("GET", path.format(one), headers=OPERATOR)
            check_refusal(answer, 404)
            bodies.add(answer.body if one not in {"..", "%2e%2e"} else b"")
        assert len(bodies - {b""}) == 1


NUMBERS = ("-1", "+1", "1.5", "1e9", "²", "٣", "x", "9" * 16, "%00", "%ff", "0x10", "1_000", "NaN")


@pytest.mark.parametrize("path", ["/sessions?limit=", "/sessions?before=", "/sessions/{}/events?after=",
                                  "/sessions/{}/events?wait=", "/tickets?limit="])  # fmt: skip
async def test_strange_numbers_are_refused(mark: Target, session: str, path: str) -> None:
    """400 that names the parameter; a large but possible one is an empty answer."""
    for number in NUMBERS:
        text = number if "%" in number else quote(number)
        check_refusal(await mark.request("GET", f"/api/v1{path.format(session)}{text}", headers=OPERATOR), 400)
    if "wait" not in path:
        answer = await mark.request("GET", f"/api/v1{path.format(session)}{'9' * 15}", headers=OPERATOR)
        assert 200 == answer.status


@pytest.mark.parametrize("identity", ["", "x", ":", "x:", ":x", "%00:%00", "%ff:%ff", "web:" + "x" * 6_000, "\ud83d"])
async def test_strange_identities_are_nobody(mark: Target, identity: str) -> None:
    """400, or an empty list."""
    text = quote(identity.encode(errors="surrogatepass"), safe="%:")
    answer = await mark.request("GET", f"/api/v1/users?identity={text}", headers=OPERATOR)
    assert answer.status in {200, 400}
    assert answer.status == 400 or json.loads(answer.body) == {"users": []}


ROUTES = {
    "/": "GET",
    "/healthz": "GET",
    "/readyz": "GET",
    "/metrics": "GET",
    "/chat": "GET",
    "/chat/widget.js": "GET",
    "/chat/ws": "GET",
    "/chat/messages": "GET POST OPTIONS",
    "/chat/events": "GET OPTIONS",
    "/whatsapp/webhook": "POST",
    "/whatsapp/status": "POST",
    "/api/v1/sessions": "GET",
    "/api/v1/sessions/x": "GET",
    "/api/v1/sessions/x/events": "GET",
    "/api/v1/users": "GET",
    "/api/v1/tickets": "GET",
    "/api/v1/actions/x": "GET",
    "/api/v1/tools": "GET",
    "/api/v1/tools/x/call": "POST",
    "/mcp": "POST",
    "/api/v1/route": "POST",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "CANARY")


@pytest.mark.parametrize("path", ROUTES)
async def test_only_the_methods_that_are_meant(mark: Target, path: str) -> None:
    """405 for all others, HEAD where GET is; a method said in a header changes nothing."""
    allowed = ROUTES[path].split()
    with mark.unmoved():
        for method in METHODS:
            answer = (
                await mark.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            ).decode()
            status = int(answer.split(" ")[1])
            if method in allowed or (method == "HEAD" and "GET" in allowed and path != "/chat/ws"):
                assert status < 500, (method, answer)
            else:
                assert status in {400, 404, 405, 501}, (method, answer)
            if method == "HEAD":
                assert answer.endswith("\r\n\r\n")
        for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
            check_refusal(await mark.request("GET", "/whatsapp/webhook", headers={header: "POST"}), 405)


NOWHERE = (
    "/playground", "/playground/", "/playground/info", "/playground/signin", "/playground/acme/ledger", "/playground/static/index.html",
    "/playground/twilio/faults", "/playground/phone/+15550101001/transcript", "/playground/live?customer=C-1001",
    "/console", "/admin", "/api", "/api/v1", "/api/v2/sessions", "/api/v1/sessions/", "/API/V1/SESSIONS", "/api/v1//sessions",
    "/api/v1/dead-letters", "/api/v1/export", "/debug", "/server-status", "/.env", "/.git/config", "/var/dev.env", "/config/bot.toml",
    "/chat/", "/chat/..", "/chat/../api/v1/sessions", "/chat/%2e%2e/api/v1/sessions", "/chat/..%2f..%2fetc/passwd", "/chat/widget.js/",
    "/chat/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/..%5c..%5cetc%5cpasswd", "/chat/widget.js%00.html", "//etc/passwd",
    "/chat/....//....//etc/passwd", "/%c0%ae%c0%ae/etc/passwd", "/healthz/..;/metrics", "/chat/demo.html", "/slack/events",
    "/email/inbound", "/" + "a" * 7_000, "/?" + "a=" * 3_000, "/%", "/%zz", "/\x7f",
)  # fmt: skip


@pytest.mark.parametrize("path", [path for path in NOWHERE if path != "/" + "?" + "a=" * 3_000])
async def test_what_is_not_listed_is_not_there(mark: Target, path: str) -> None:
    """404, also by detours; without the playground none of its routes exists."""
    for method in ("GET", "POST"):
        with mark.unmoved():
            answer = (
                await mark.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            ).decode()
        status = int(answer.split(" ")[1])
        assert 400 <= status < 500, answer[:300]
        assert "root:" not in answer


async def test_the_playground_is_not_there_for_operators_either(mark: Target) -> None:
    """No token makes it appear."""
    for path in ("/playground/signin", "/playground/reset", "/playground/acme/faults"):
        check_refusal(await mark.request("POST", path, data=b"{}", headers={**OPERATOR, **JSON}), 404)


# --- metrics


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": ""},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"X-Forwarded-Host": "localhost"},
        {"X-Forwarded-Proto": "https"},
        {"Via": "1.1 proxy"},
        {"CF-Connecting-IP": "198.51.100.7"},
        {"True-Client-IP": "198.51.100.7"},
        {"X-Client-IP": "198.51.100.7"},
        {"X-Forwarded-For": "198.51.100.7", "Authorization": "Bearer wrong"},
        {"X-Forwarded-For": "198.51.100.7", "Authorization": "Bearer \xff"},
        {"X-Forwarded-For": "198.51.100.7", "Authorization": API_TOKEN},
        {"X-Forwarded-For": "198.51.100.7", "Authorization": f"Basic {API_TOKEN}"},
    ],
)
async def test_figures_are_not_for_those_behind_a_proxy(mark: Target, headers: dict[str, str]) -> None:
    """Whoever comes through a proxy on this machine comes from elsewhere, whatever the header says."""
    check_refusal(await mark.request("GET", "/metrics", headers=headers), 401)


async def test_figures_are_for_this_machine_and_for_operators(mark: Target) -> None:
    """From here without, from elsewhere with the token; no figure holds a person's words."""
    here = await mark.request("GET", "/metrics")
    there = await mark.request("GET", "/metrics", headers={"X-Forwarded-For": "198.51.100.7", **OPERATOR})
    assert (200, 200) == (here.status, there.status)
    assert CANARY not in here.text
    assert "1555" not in here.text


async def test_figures_from_another_address_need_the_token(mark: Target) -> None:
    """A neighbour on the network is not this machine; nor is one who says so in the Host."""
    answer = await mark.request("GET", "/metrics", headers={"Host": "localhost", "X-Forwarded-For": "10.0.0.7"})
    check_refusal(answer, 401)


# --- what breaks parsers

BROKEN = {
    "no request": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary5f1dc3\r\n\r\n",
    "bare line ends": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "length and chunks": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "length below zero": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "length with a plus": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    "length of letters": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: canary5f1dc3\r\n\r\n",
    "chunk of letters": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
    "chunks twice": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunks in disguise": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "folded header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n canary5f1dc3\r\n\r\n",
    "header without a name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n: canary5f1dc3\r\n\r\n",
    "blank before the colon": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A : canary5f1dc3\r\n\r\n",
    "NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: canary5f1dc3\0\r\n\r\n",
    "huge header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"canary5f1dc3" * 2_000 + b"\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-A: canary5f1dc3\r\n" * 20_000 + b"\r\n",
    "another version": b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "bytes in the path": b"GET /api/v1/sessions/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes in the query": b"POST /whatsapp/webhook?bodySHA256=\xff\xfe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "brackets in the host": b"POST http://[x/whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "brackets in the path": b"POST /whatsapp/webhook?[::1 HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n",
    "an absolute address": b"POST http://evil.example/whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "another server's address": b"GET http://evil.example/api/v1/sessions HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fragment": b"GET /healthz#/../metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "expectation": b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nExpect: canary5f1dc3\r\nContent-Length: 5\r\n\r\nhello",
    "bytes in Origin": b"GET /chat/messages HTTP/1.1\r\nHost: x\r\nOrigin: \xff\xfe\r\n\r\n",
    "bytes in Authorization": b"GET /api/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    "bytes in a proxy's header": b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \xff\r\nAuthorization: Bearer \xff\r\n\r\n",
    "bytes in a condition": b"GET /chat HTTP/1.1\r\nHost: x\r\nIf-None-Match: \xff\xfe\r\nAccept-Encoding: \xff\r\n\r\n",
    "a junk socket": b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: \xff\r\n\r\n",
    "a socket without upgrade": b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\n\r\n",
    "a socket with extensions": b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_request_is_no_fault_of_ours(mark: Target, name: str) -> None:
    """Never a 5xx, never a second answer to what was smuggled in, never a word given back, nothing stored."""
    with mark.unmoved():
        found = await mark.raw(BROKEN[name].replace(b"%s", mark.url.encode()))
    assert not found.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5")), found
    assert b"Traceback" not in found
    assert (b"\n" + found).count(b"\nHTTP/1.") <= 1
    assert "healthz" not in mark.log


@pytest.mark.parametrize("value", ["x\r\nSet-Cookie: a=b", "x%0d%0aSet-Cookie:%20a=b", "x\u010d\u010aSet-Cookie: a=b"])
async def test_no_header_can_be_smuggled_into_an_answer(mark: Target, value: str) -> None:
    """Nothing of a request becomes a header of its answer, but the one origin that is listed."""
    token = await greeted(mark)
    for path, headers in (
        (f"/chat/messages?after={quote(value, safe='%')}", {"Origin": mark.url, "Authorization": f"Bearer {token}"}),
        (f"/{quote(value, safe='%')}", {}),
        (f"/api/v1/sessions/{quote(value, safe='%')}", OPERATOR),
    ):
        answer = await mark.request("GET", path, headers=headers)
        assert answer.status in {400, 404}
        assert "Set-Cookie" not in answer.headers


async def test_the_log_cannot_be_written_by_strangers(mark: Target, session: str) -> None:
    """Colours, line ends and false JSON in paths, ids, names and texts: every line stays one line of ours."""
    line = '\r\n{"level":"error","event":"forged"}\x1b[31m\u2028\u202e' + CANARY
    for path in (f"/{quote(line)}", f"/api/v1/sessions/{quote(line)}", f"/chat/messages?after={quote(line)}"):
        await mark.request("GET", path, headers={**OPERATOR, "Origin": mark.url, "User-Agent": CANARY})
    phone = mark.stage.phone("+15550177777")
    assert await phone.ask(line, extra={"ProfileName": line})
    await mark.stage.operators.at_rest()
    for text in mark.log.splitlines():
        assert json.loads(text)["event"] not in {"forged", "request_failed"}


async def test_a_slow_sender_does_not_hold_up_others(mark: Target) -> None:
    """Half a head, half a body: the others are answered meanwhile."""
    halves = (
        b"GET /healthz HTTP/1.1\r\nHost:",
        b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx",
    )
    loop, opened = asyncio.get_running_loop(), []
    for half in halves * 30:
        one = socket.create_connection(("127.0.0.1", mark.place.bot_port))
        one.setblocking(False)
        await loop.sock_sendall(one, half)
        opened.append(one)
    try:
        assert 200 == (await mark.request("GET", "/healthz")).status
    finally:
        for one in opened:
            one.close()


async def test_answers_with_personal_data_are_kept_by_no_cache(mark: Target, session: str) -> None:
    """Whatever holds a conversation says so."""
    kim = await mark.stage.outside.identity(KIM)
    token = await greeted(mark, kim)
    answers = [
        await mark.request("GET", f"/api/v1/sessions/{session}/events", headers=OPERATOR),
        await mark.request("GET", "/chat/messages", headers={"Origin": mark.url, "Authorization": f"Bearer {token}"}),
    ]
    assert [(200, "no-store")] * 2 == [(a.status, a.headers["Cache-Control"]) for a in answers]
