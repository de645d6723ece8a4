"""The README's two minutes, and the worked examples of tools and workflows, with a real server."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.examples import PAGES, example, quoted, rows
from tests.docs.running import OURS, environment_of, running, running_here, shell, written
from tests.harness.outside import KIM
from tests.harness.places import Place
from tests.harness.stage import Stage
from tests.harness.web import WebClient
from tests.harness.workspace import Workspace

PACK = f"{OURS}/our_tools.py"
WORKFLOWS = f"{OURS}/config/workflows"


def _labels(message: dict[str, list[dict[str, str]]]) -> list[str]:
    return [choice["label"] for choice in message["choices"]]


async def test_the_two_minutes(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """Every line of the table gets the answer that the table says, and Acme's ledger counts one refund."""
    async with running_here(Place(home=tmp_path, database_url=migrated_sqlite_url)) as stage:
        kim = _Kim(stage=stage, web=await stage.web(customer=KIM))
        for where, what, happens in rows("README.md", "where"):
            answer = await kim.does(where, what)
            assert [] == [text for text in quoted(happens) if text not in answer], answer
        assert ["18492"] == [row["body"]["invoice_id"] for row in await stage.outside.ledger()]


@dataclass(slots=True, kw_only=True)
class _Kim:
    """Kim in front of the page, and Robin in its Slack."""

    stage: Stage
    web: WebClient

    async def does(self, where: str, what: str) -> str:
        """Do one line of the table; what is answered there."""
        words = what.strip("`*")
        if where == "phone":
            return await self.stage.phone().ask(words)
        if where == "mailbox":
            return str((await self.stage.mailbox().ask(words))["text"])
        if where == "Slack":
            return await self._in_slack(what)
        if what.startswith("**"):
            return str((await self.web.click(self.web.shown()[-1], words))["text"])
        return str((await self.web.ask(words))["text"])

    async def _in_slack(self, what: str) -> str:
        slack = Workspace(outside=self.stage.outside)
        label, _, words = what.removeprefix("**").partition("**")
        action = {"Reply to customer": "reply", "Hand back to bot": "hand_back"}[label]
        card = await slack.card(with_button=action)
        if action == "hand_back":
            await slack.press(card, action)
            await slack.card(with_button="take_over")
            return ""
        await slack.reply(card, words.strip(" `"))
        return str((await self.web.seen(lambda m: m["author"] == "staff", "Robin's words"))["text"])


@asynccontextmanager
async def _own_bot(tmp_path: Path, url: str, pages: dict[str, list[str]], start: str) -> AsyncIterator[Stage]:
    """A server with the files of these pages, prepared and started as they say."""
    ours = tmp_path / "our-bot"
    shell(example("README.md", "own-config").replace(OURS, str(ours)))
    for page, names in pages.items():
        for name in names:
            written(page, name, ours)
    settings = environment_of(example(start, "own-start"), ours) | {"FAULTS_DB": str(tmp_path / "faults.db")}
    async with running(Place(home=tmp_path, database_url=url, settings=settings)) as stage:
        yield stage


async def test_a_tool_and_a_workflow_of_ones_own(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """With the README's pack and workflow the bot answers what only they know, asks what it must, and still refunds."""
    pages = {"README.md": [PACK, f"{WORKFLOWS}/service_status.yaml"]}
    readme = PAGES[0].read_text()
    async with _own_bot(tmp_path, migrated_sqlite_url, pages, "README.md") as stage:
        stranger = await stage.web()
        answer = await stranger.ask("is the export down?")
        assert answer["text"].startswith("The export is down since this morning")
        assert "“The export is down since this morning”" in readme

        question = await stranger.ask("are there any outages?")
        assert question["text"].startswith("Which service do you mean?")
        assert ["The API", "The export", "The mail service"] == _labels(question)
        assert "The API is running normally." == (await stranger.click(question, "The API"))["text"]

        kim = await stage.web(customer=KIM)
        assert "Invoice 18492 is paid" in (await kim.ask("check invoice 18492"))["text"]


async def test_a_tool_that_writes_with_its_workflow(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """The two pages together: nothing is written before the yes to the terms, and one row however often it is said."""
    pages = {
        "README.md": [f"{WORKFLOWS}/service_status.yaml"],
        "add-a-tool.md": [PACK, f"{OURS}/config/policies.yaml"],
        "add-a-workflow.md": [f"{WORKFLOWS}/report_fault.yaml"],
    }
    async with _own_bot(tmp_path, migrated_sqlite_url, pages, "add-a-workflow.md") as stage:
        web, phone = await stage.web(customer=KIM), stage.phone()
        question = await web.ask("I want to report a fault")
        assert question["text"].startswith("Which service does not work?")
        terms = await web.click(question, "The mail service")
        assert "Shall I report that this does not work for you: The mail service?" == terms["text"]
        assert [] == _faults(tmp_path)

        assert "Done. The number of your report is F-1." == await phone.ask("yes")
        await phone.ask("yes")
        await web.click(terms, "Yes")
        assert [(1, "C-1001", "mail")] == _faults(tmp_path)


def _faults(folder: Path) -> list[tuple[int, str, str]]:
    path = folder / "faults.db"
    if not path.exists():
        return []
    with sqlite3.connect(path) as db:
        return list(db.execute("SELECT number, customer, service FROM faults"))


@pytest.mark.parametrize("page", ["add-a-tool.md"])
def test_doctor_names_the_tool(tmp_path: Path, page: str) -> None:
    """The command of the page shows the tool as the page says."""
    ours = tmp_path / "our-bot"
    shell(example("README.md", "own-config").replace(OURS, str(ours)))
    written(page, PACK, ours)
    place = Place(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'throughline.db'}")
    env = {name: text for name, text in place.environment().items() if not name.startswith(("CONFIG_DIR", "SLACK_"))}
    assert "create_fault_report@1" in shell(example(page, "own-doctor").replace(OURS, str(ours)), env=env)
