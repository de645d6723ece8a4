"""A site of somebody else's, on an origin of its own, whose pages embed the widget as the query asks."""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from tests import servers
from tests.browser.serving import Server

PAGE = """<!doctype html><html lang="en"><title>A shop</title><style>* {{ color: red; font: 40px cursive }}</style>
<h1>A shop</h1>{body}<script src="{bot}/chat/widget.js" defer {attributes}></script>"""


class Shop:
    """Another site. It listens from `open` to `close`."""

    def __init__(self) -> None:
        """Choose an origin; nothing is served yet."""
        self.port = servers.free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        application = web.Application()
        application.router.add_get("/", _page)
        self._runner = web.AppRunner(application)

    async def open(self) -> None:
        """Serve pages."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def close(self) -> None:
        """Serve no more."""
        await self._runner.cleanup()

    def url(self, bot: Server, **wish: str) -> str:
        """Give the address of a page that embeds that server's widget."""
        return str(URL(self.origin).with_query(bot=bot.url, **wish))


async def _page(request: web.Request) -> web.Response:
    wish = request.query
    text = PAGE.format(bot=wish["bot"], body=wish.get("body", ""), attributes=wish.get("attributes", ""))
    headers = {"Content-Security-Policy": wish["policy"]} if "policy" in wish else {}
    return web.Response(text=text, content_type="text/html", headers=headers)
