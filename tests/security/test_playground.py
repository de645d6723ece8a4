"""The pretended outside world from the real outside: foreign pages, rebound names, junk, and what it must not lend."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.harness.places import SECRETS
from tests.security.frames import JSON
from tests.security.target import CANARY, Target, check_refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")
WRITES = {
    "/playground/reset": "POST",
    "/playground/signin": "POST",
    "/playground/phone/+15550101001/messages": "POST",
    "/playground/phone/+15550101001/replay": "POST",
    "/playground/phone/+15550101001/again": "POST",
    "/playground/phone/+15550101001/optout": "POST",
    "/playground/acme/faults": "POST DELETE",
    "/playground/twilio/faults": "POST DELETE",
    "/playground/twilio/templates": "POST",
}
ORIGINS = ("https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example", "file://", "")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """The playground is on, as without any keys."""
    return {"PLAYGROUND": "1"}


@pytest.mark.parametrize("path", WRITES)
async def test_a_foreign_page_can_do_nothing(mark: Target, path: str) -> None:
    """Neither by script nor by form, whatever it calls itself; and it may read nothing."""
    for method in WRITES[path].split():
        for origin in ORIGINS:
            for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                headers = {"Origin": origin.format(port=mark.place.bot_port), "Content-Type": kind}
                answer = await mark.request(method, path, data=b'{"customer":"C-1001"}', headers=headers)
                check_refusal(answer, 403)
                assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", WRITES)
async def test_a_name_that_was_turned_to_us_is_foreign(mark: Target, path: str) -> None:
    """A page whose own name was made to lead here (DNS rebinding) says the truth in Origin and in Host: not ours."""
    host = f"evil.example:{mark.place.bot_port}"
    for method in WRITES[path].split():
        headers = {"Host": host, "Origin": f"http://{host}", **JSON}
        check_refusal(await mark.request(method, path, data=b'{"customer":"C-1001"}', headers=headers), 403)


@pytest.mark.parametrize("path", WRITES)
async def test_a_link_does_nothing(mark: Target, path: str) -> None:
    """What changes something is no GET, and a browser that sends no Origin says that it comes from elsewhere."""
    check_refusal(await mark.request("GET", path), 404, 405) if "faults" not in path else None
    for site in ("cross-site", "same-site"):
        answer = await mark.request(WRITES[path].split()[0], path, data=b"{}", headers={"Sec-Fetch-Site": site})
        check_refusal(answer, 403)


async def test_the_page_itself_may(mark: Target) -> None:
    """By the public address, by localhost, and a program without any Origin."""
    port = mark.place.bot_port
    for headers in ({}, {"Origin": mark.url}, {"Origin": f"http://localhost:{port}", "Host": f"localhost:{port}"}):
        body = json.dumps({"customer": "C-1001"}).encode()
        answer = await mark.request("POST", "/playground/signin", data=body, headers={**headers, **JSON})
        assert 200 == answer.status


@pytest.mark.parametrize("path", ["/playground/live?customer=C-1001", "/playground/info", "/playground/acme/ledger",
                                  "/playground/phone/+15550101001/transcript"])  # fmt: skip
async def test_nothing_may_be_read_from_elsewhere(mark: Target, path: str) -> None:
    """No answer carries a permission for other origins."""
    if "live" in path:
        path += "&after=0"
    answer = await mark.request("GET", path, headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert "no-store" in answer.headers["Cache-Control"]


async def test_acme_needs_its_token(mark: Target) -> None:
    """Also the pretended system of record tells nobody else anything."""
    right = SECRETS["ACME_API_TOKEN"]
    for token in ("", "Bearer", "Bearer wrong", f"Basic {right}", right, "Bearer \xff\xfe", f"Bearer {right}x"):
        for path in ("/customers", "/customers/C-1001", "/invoices/18492", "/refunds", "//customers", "/%63ustomers"):
            headers = {"Authorization": token} if token else {}
            answer = await mark.request("GET", f"/playground/acme/v1{path}", headers=headers)
            check_refusal(answer, 401, 404)
    answer = await mark.request("POST", "/playground/acme/v1/refunds", data=b"{}", headers={"Idempotency-Key": "x"})
    check_refusal(answer, 401)
    ledger = await mark.request("GET", "/playground/acme/ledger")
    assert [] == json.loads(ledger.body)


async def test_twilio_needs_its_token(mark: Target) -> None:
    """Nobody else sends in the business's name."""
    account = f"/playground/twilio/2010-04-01/Accounts/{SECRETS['TWILIO_ACCOUNT_SID']}"
    for token in ("", "Basic", "Basic eDp4", "Basic \xff", f"Bearer {SECRETS['TWILIO_AUTH_TOKEN']}"):
        headers = {"Authorization": token} if token else {}
        for path in ("/Messages.json", "/Messages/SM1.json"):
            check_refusal(await mark.request("GET", account + path, headers=headers), 401, 404)
        check_refusal(await mark.request("POST", f"{account}/Messages.json", data=b"To=x", headers=headers), 401)


JUNK = (
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 50_000, b'{"customer":["C-1001"]}', b'{"customer":{"a":1}}', b'{"text":7}',
    b'{"text":["x"]}', b'{"text":null,"media":7}', b'{"text":"x","media":[7]}', b'{"media":[{"content_type":7}]}', b'{"text":"x","extra":[1]}',
    b'{"text":"x","extra":"x"}', b'{"text":"x","button":"x"}', b'{"text":"x","button":[1]}', b'{"sid":[1]}', b'{"sid":{"a":1}}',
    b'{"kind":7}', b'{"kind":["latency"]}', b'{"kind":"latency","ms":"x"}', b'{"kind":"latency","ms":1e999}', b'{"kind":"latency","times":-1}',
    b'{"kind":"latency","path":7}', b'{"body":7,"buttons":7}', b'{"text":"\\ud83d"}', b'{"text":"' + b"x" * 300_000 + b'"}',
)  # fmt: skip


@pytest.mark.parametrize("path", [path for path in WRITES if "reset" not in path])
async def test_junk_is_no_fault(mark: Target, path: str) -> None:
    """Whatever is posted is taken or refused, without a trace."""
    for body in JUNK:
        answer = await mark.request("POST", path, data=body, headers={"Origin": mark.url, **JSON})
        assert answer.status < 500, (body[:60], answer.status)
        assert "Traceback" not in answer.text
    for faults in ("/playground/acme/faults", "/playground/twilio/faults"):
        await mark.request("DELETE", faults, headers={"Origin": mark.url})


PATHS = (
    "/playground/static/../app.py", "/playground/static/%2e%2e/app.py", "/playground/static/..%2fapp.py", "/playground/static/",
    "/playground/static/%2fetc%2fpasswd", "/playground/static//etc/passwd", "/playground/static/..%5capp.py", "/playground/static/.%00",
    "/playground/phone/%2e%2e/transcript/../../../etc/passwd", "/playground/live", "/playground/live?customer=x", "/playground/%ff",
    "/playground/live?customer=C-1001&after=x", "/playground/live?customer=C-1001&after=-1", "/playground/acme/../signin",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_paths_lead_nowhere(mark: Target, path: str) -> None:
    """Nothing but the page's own files is given out."""
    answer = await mark.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert b"root:" not in answer
    assert b"import " not in answer


async def test_odd_numbers_are_phones_of_nobody(mark: Target) -> None:
    """Also what is no number has a transcript, an empty one; no id opens another's."""
    for number in ("x", "%00", "%ff", quote("\r\nX: 1"), "'%20OR%201=1--", CANARY, "9" * 3_000):
        answer = await mark.request("GET", f"/playground/phone/{number}/transcript")
        assert answer.status < 500
        assert answer.status >= 400 or [] == json.loads(answer.body)


async def test_the_page_loads_nothing_foreign(mark: Target) -> None:
    """The page's policy names this server alone, and no other page may frame it."""
    policy = (await mark.request("GET", "/")).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "*" not in policy
