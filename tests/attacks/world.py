"""The server under attack, with its outside world and its obedient model; all attacks of a run share one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels.slack import slack_api
from tests.attacks import checks
from tests.attacks.attack import Attack
from tests.attacks.checks import Conversation, Record
from tests.attacks.obedient import Obedient
from tests.attacks.people import ALEX, on_file, pair
from tests.attacks.scene import Scene
from tests.harness import trained
from tests.harness.inprocess import performed
from tests.harness.places import Place, write_tuning
from tests.harness.stage import Stage
from tests.openai_server import OpenAIServer

AT_ONCE = 6
APART = ("web", "worker", "clock")
PATIENCE_S = 50.0
TIMES = {"claim_s": 20.0}  # many tickets at once wait for their turn in one channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one attack ended: `problems` is empty when it came to nothing; `seen` are reasons that are not in the log."""

    attack: Attack
    problems: tuple[str, ...]
    reasons: frozenset[str]
    seen: frozenset[str] = frozenset()


async def run(attacks: Sequence[Attack], place: Place, *, api: str = "responses") -> list[Result]:
    """Attack one server with all of them, several at once, and judge each when all are over."""
    trained.share()
    obedient = Obedient()
    scenes = dict(enumerate(attacks, 1))
    async with OpenAIServer(rule=obedient) as server, _stage(scenes, place, server, api) as stage:
        played = [Scene(attack=a, number=n, stage=stage, model=obedient) for n, a in scenes.items()]
        troubles = await _all_at_once(played, _play)
        await stage.operators.at_rest()
        after = await _all_at_once(played, _serves)
        await stage.operators.at_rest()
        record = await _record(stage, server, obedient)
        results = []
        for scene, *trouble in zip(played, troubles, after, strict=True):
            found = [*trouble, *checks.problems(scene, record, await _left(scene))]
            reasons = checks.reasons(scene, record)
            results.append(
                Result(
                    attack=scene.attack,
                    problems=tuple(p for p in found if p),
                    reasons=reasons,
                    seen=frozenset(scene.found),
                )
            )
        return results


async def _all_at_once(scenes: Iterable[Scene], what: Any) -> list[str]:  # noqa: ANN401  a coroutine function
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(scene: Scene) -> str:
        try:
            async with gate, asyncio.timeout(PATIENCE_S):
                return str(await what(scene) or "")
        except Exception as error:  # whatever one attack does, the others go on and it is told
            return f"{type(error).__name__}: {str(error)[:600]}"

    return await asyncio.gather(*(one(scene) for scene in scenes))


async def _play(scene: Scene) -> None:
    await scene.play()


async def _serves(scene: Scene) -> str:
    return await scene.serves()


@asynccontextmanager
async def _stage(scenes: dict[int, Attack], place: Place, server: OpenAIServer, api: str) -> AsyncIterator[Stage]:
    people = [person for number in scenes for person in pair(number)]
    small = {pair(number)[0].customer_id: attack.small for number, attack in scenes.items()}
    with pytest.MonkeyPatch.context() as patch, on_file(people, dict(_records(scenes)), small):
        patch.setattr(slack_api, "RATE", 50.0)  # of Slack's own pace, with a hundred tickets in one channel
        roles = APART if place.redis_url else ("serve",)
        model = {
            "MODEL_BACKEND": f"openai_{api}",
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "key-of-the-tests",
            "OPENAI_MODEL": "gpt-6.1-terra",
            "CONFIG_DIR": str(_configured(place, scenes)),
        }
        async with performed(replace(place, settings={**place.settings, **model}), roles) as (stage, services):
            yield stage
            store = services[0].parts.store
            for row in await stage.operators.sessions():
                kept = await store.session(row["id"])
                assert kept, row
                assert kept[1] == await store.refold(row["id"]), f"{row['id']} folds into something else"


def _records(scenes: dict[int, Attack]) -> Iterable[tuple[str, dict[str, str]]]:
    """What attacks have in Acme's records; the word of the order is filled in."""
    for number, attack in scenes.items():
        own, word = pair(number)[0], f"obey{number:03}x"
        for key, changes in ((own.customer_id, attack.record), (own.invoice, attack.invoice)):
            if changes:
                yield key, {name: text.format(word=word) for name, text in changes.items()}


def _configured(place: Place, scenes: dict[int, Attack]) -> Path:
    """A CONFIG_DIR in which somebody of staff is the customer of the attack that asks for it."""
    folder = write_tuning(place.home / "attacked", {**TIMES, **place.tuning})
    path = folder / "policies.yaml"
    policies = yaml.safe_load(path.read_text())
    for number, attack in scenes.items():
        if attack.name == "approval by the requester":
            row = {"id": f"T0ACME0001/{ALEX}", "name": "Alex", "roles": ["approver"], "email": pair(number)[0].email}
            policies["staff"] = [*policies["staff"], row]
    path.write_text(yaml.safe_dump(policies))
    return folder


async def _record(stage: Stage, server: OpenAIServer, obedient: Obedient) -> Record:
    operators = stage.operators
    found = []
    for row in await _all_sessions(stage):
        session = await operators.session(row["id"])
        found.append(
            Conversation(
                id=row["id"],
                user=row["user_id"],
                customer=session["customer"],
                forwarded=bool(row["forwarded_to"]),
                log=await operators.events(row["id"]),
            )
        )
    ledger = await stage.outside.get("/acme/ledger")
    actions = {
        event["data"]["action"]: await operators.get(f"/actions/{event['data']['action']}")
        for one in found
        for event in one.kind("ActionProposed")
        if event["data"]["action"] in {row["key"] for row in ledger}
    }
    return Record(
        conversations=found,
        ledger=ledger,
        requests=list(server.requests),
        actions=actions,
        heard=frozenset(obedient.heard),
    )


async def _all_sessions(stage: Stage) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    before = ""
    while True:
        query = {"limit": "200", **({"before": before} if before else {})}
        page = (await stage.operators.get("/sessions", **query))["sessions"]
        if not [row for row in page if row["id"] not in found]:
            return list(found.values())
        found |= {row["id"]: row for row in page}
        before = str(min(row["in_at"] for row in page))


async def _left(scene: Scene) -> str:
    """All that was shown to the attacker, on every device they had in hand."""
    found: list[Any] = [browser.messages for browser in scene.browsers]
    for number in scene.phones | {scene.own.phone}:
        found += [m for m in await scene.stage.phone(number).transcript() if m["direction"] == "outbound"]
    for address in (scene.boxes | {scene.own.email}) - {scene.other.email}:
        found += await scene.stage.mailbox(address).letters()
    return str(found)
