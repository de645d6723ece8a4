"""Several writes under one yes: exactly those, each once, whatever fails; the rest follows, and nothing twice."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import Services
from state import events as ev
from state.identity import Address, Claims
from tests import batches_pack
from tests.batches_pack import OUTSIDE, WORKFLOW
from tests.flows.crew import Crew, engine
from tools.base import Outcome, Proposal

TEAM = ["ann@example.com", "bob@example.com", "cyd@example.com"]
ASKED = "• ann@example.com\n• bob@example.com\n• cyd@example.com"
TWICE = WORKFLOW.replace(
    "replies:",
    """  - name: again
    kind: act
    each: people
    calls: [{tool: invite_person, arguments: {email: "{item}"}, fact: more}]
    confirm: once_more
    say: all
replies:
  once_more: "And once more?\\n{items}"
  all: "All of it: {items}" """,
)


@pytest.fixture
def workflow() -> str:
    """What is told; a test may say otherwise."""
    return WORKFLOW


@pytest.fixture(autouse=True)
def outside() -> batches_pack.Elsewhere:
    """The outside system, with nothing done yet."""
    OUTSIDE.__init__()  # type: ignore[misc]  # the tools know this very object
    return OUTSIDE


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The database: SQLite, where a test does not say otherwise."""
    return str(request.getfixturevalue(getattr(request, "param", "migrated_sqlite_url")))


BOTH = pytest.mark.parametrize("url", ["migrated_sqlite_url", "migrated_postgres_url"], indirect=True)


@pytest.fixture
async def services(tmp_path: Path, url: str, workflow: str) -> AsyncIterator[Services]:
    """The engine with one workflow."""
    async with engine(tmp_path, url, workflow) as found:
        yield found


async def asked(services: Services, people: list[str] = TEAM) -> Crew:
    """A customer who was shown the list."""
    crew = Crew(services=services)
    await crew.say("invite my team")
    await crew.say(", ".join(people))
    return crew


async def test_one_yes_is_for_all_and_each_is_its_own_action(services: Services) -> None:
    """One question lists them; each has its own key and its own dispatch."""
    crew = await asked(services)
    assert f"Shall I invite these people?\n{ASKED}" == (await crew.said())[-1]
    assert [] == OUTSIDE.applied

    assert f"Invited:\n{ASKED}" == await crew.say("yes")

    keys = [key for key, _ in OUTSIDE.applied]
    assert TEAM == [email for _, email in OUTSIDE.applied]
    proposed = await crew.logged(ev.ActionProposed)
    assert keys == [one.action for one in proposed if isinstance(one, ev.ActionProposed)]
    assert ["succeeded"] * 3 == [action.state for action in await crew.actions()]


async def test_a_no_declines_all(services: Services) -> None:
    """Nothing is done, and nothing is left open."""
    crew = await asked(services)
    assert "nothing was done" in await crew.say("no")
    assert ({"declined"}, []) == ({a.state for a in await crew.actions()}, OUTSIDE.applied)


@pytest.mark.parametrize("people", [TEAM[:2], [*TEAM, "dan@example.com"], ["eve@example.com", *TEAM[1:]]])
async def test_what_changes_makes_the_yes_void(services: Services, people: list[str]) -> None:
    """One that went, came or changed: the old button is stale, the new list needs a yes of its own."""
    crew = await asked(services)
    (old,) = [one for one in await crew.logged(ev.ReplyQueued) if isinstance(one, ev.ReplyQueued) and one.choices]
    assert "terms have changed" in await crew.say(f"invite these people: {', '.join(people)}")

    await crew.say("", choice=str(old.choices[0]["value"]))
    assert [] == OUTSIDE.applied

    await crew.say("yes")
    assert people == [email for _, email in OUTSIDE.applied]


@BOTH
async def test_it_stops_at_the_first_failure_and_goes_on_with_the_rest(services: Services) -> None:
    """Done, failed and not tried are told apart; the next yes is for what is missing alone."""
    crew = await asked(services)
    OUTSIDE.script.extend(["ok", "refuse"])

    told = await crew.say("yes")

    assert "done:\n• ann@example.com" in told
    assert "did not go through (No seat is left.), and nothing was changed by it:\n• bob@example.com" in told
    assert "not tried yet:\n• cyd@example.com" in told
    assert "Shall I go on with what is missing?\n• cyd@example.com\n• bob@example.com" in told
    assert "Invited:\n• ann@example.com\n• cyd@example.com\n• bob@example.com" == await crew.say("yes")
    assert dict.fromkeys(TEAM, 1) == dict(OUTSIDE.effects())


async def test_what_is_done_stays_done_after_a_no(services: Services) -> None:
    """Who does not want the rest hears that it is not undone."""
    crew = await asked(services)
    OUTSIDE.script.extend(["ok", "refuse"])
    await crew.say("yes")
    assert "stays done" in await crew.say("no")
    assert TEAM[:1] == [email for _, email in OUTSIDE.applied]


@BOTH
async def test_the_rest_follows_by_itself_once_it_is_certain(services: Services) -> None:
    """Nobody knows of the second: the third waits, and comes when the second was read back, without another yes."""
    crew = await asked(services)
    OUTSIDE.script.extend(["ok", "lose"])
    OUTSIDE.silent = True
    told = await crew.say("yes")
    assert "cannot tell yet whether this went through. We are checking" in told
    assert "cannot tell yet" in await crew.say("go on")
    assert TEAM[:2] == [email for _, email in OUTSIDE.applied]

    OUTSIDE.silent = False
    await crew.settled()

    assert f"Invited:\n{ASKED}" in (await crew.said())[-1]
    assert dict.fromkeys(TEAM, 1) == dict(OUTSIDE.effects())


@pytest.mark.parametrize("text", ["happened", "not_happened"])
async def test_staff_settle_one_and_the_rest_goes_on(services: Services, text: str) -> None:
    """It happened: the third follows. It did not: both are asked for again."""
    crew = await asked(services)
    OUTSIDE.script.extend(["ok", "lose" if text == "happened" else "doubt"])
    OUTSIDE.silent = True
    await crew.say("yes")
    for _ in range(3):
        await crew.settled()
    (doubt,) = [action for action in await crew.actions() if action.doubt]
    assert doubt.doubt

    assert (await crew.staff("settle", action=doubt.id, args_hash=doubt.doubt.shown, text=text)).done

    if text == "not_happened":
        assert "what is missing?\n• cyd@example.com\n• bob@example.com" in (await crew.said())[-1]
        await crew.say("yes")
    assert dict.fromkeys(TEAM, 1) == dict(OUTSIDE.effects())


async def test_too_many_are_asked_to_be_fewer(services: Services) -> None:
    """Twenty at most; the list is asked for again."""
    crew = await asked(services, [f"p{number}@example.com" for number in range(21)])
    assert "That makes 21 at once, and I can do at most 20" in (await crew.said())[-1]
    assert "• ann@example.com" in await crew.say("ann@example.com")


@pytest.mark.parametrize("workflow", [WORKFLOW.replace("review: none", "review: all")])
@pytest.mark.parametrize("verb,done", [("approve", TEAM), ("deny", [])])
@BOTH
async def test_staff_approve_all_or_none(services: Services, verb: str, done: list[str]) -> None:
    """One request lists every write; the decision is for these very ones together."""
    crew = await asked(services)
    await crew.say("yes")
    (request,) = [one for one in await crew.logged(ev.ApprovalRequested) if isinstance(one, ev.ApprovalRequested)]
    assert TEAM == [text.removeprefix("Email: ") for _, text in request.lines]
    one = next(action for action in await crew.actions() if action.id == request.action)
    assert "void" == (await crew.staff(verb, action=request.action, args_hash=one.args_hash)).reason
    assert [] == OUTSIDE.applied

    assert (await crew.staff(verb, action=request.action, args_hash=request.args_hash)).done

    assert done == [email for _, email in OUTSIDE.applied]
    assert {"succeeded"} if done else {"declined", "cancelled"} == {action.state for action in await crew.actions()}


@pytest.mark.parametrize("workflow", [TWICE])
async def test_two_steps_with_one_tool_are_two_steps(services: Services) -> None:
    """Each asks for its own yes; the second begins when the first is through, and neither is taken for the other."""
    crew = await asked(services)
    assert f"And once more?\n{ASKED}" in await crew.say("yes")
    assert TEAM == [email for _, email in OUTSIDE.applied]
    OUTSIDE.script.extend(["refuse"])
    assert "Shall I go on with what is missing?" in await crew.say("yes")
    assert "All of it: " in await crew.say("yes")
    assert dict.fromkeys(TEAM, 2) == dict(OUTSIDE.effects())


WORDS = ("ok", "ok", "ok", "refuse", "lose", "doubt", "die", "late")


async def test_whatever_fails_nothing_is_done_twice_and_the_rest_is_done(services: Services) -> None:
    """Random failures, doubts and deaths: at most one effect per person ever, one each in the end."""
    deaths = 0
    for seed in range(16):
        chance = random.Random(seed)
        OUTSIDE.__init__()  # type: ignore[misc]
        people = [f"p{number}.{seed}@example.com" for number in range(chance.randint(1, 5))]
        crew = await asked(services, people)
        OUTSIDE.script.extend(chance.choices(WORDS, k=chance.randint(0, 8)))
        for _ in range(40):
            OUTSIDE.silent = chance.random() < 0.5
            await _go_on(crew, chance)
            assert [] == [email for email, times in OUTSIDE.effects().items() if times > 1], f"seed {seed}"
            await _asks_only_for_what_is_missing(crew)
            if (await crew.session()).task is None:
                break
        assert dict.fromkeys(people, 1) == dict(OUTSIDE.effects()), f"seed {seed}"
        assert {"succeeded"} == {a.state for a in await crew.actions() if a.state not in {"failed", "cancelled"}}
        deaths += crew.deaths
    assert deaths >= 3


async def _go_on(crew: Crew, chance: random.Random) -> None:
    """The customer says yes, what is unknown is looked up, and staff say truly what became of it."""
    await crew.say("yes")
    await crew.settled()
    for action in await crew.actions():
        if action.doubt and action.state == "unknown" and chance.random() < 0.5:
            applied = action.id in {key for key, _ in OUTSIDE.applied}
            text = "happened" if applied else "not_happened"
            assert (await crew.staff("settle", action=action.id, args_hash=action.doubt.shown, text=text)).done


async def _asks_only_for_what_is_missing(crew: Crew) -> None:
    known = await crew.actions()
    done = {a.args_hash for a in known if a.state == "succeeded"}
    assert not done & {a.args_hash for a in known if a.open}


@pytest.mark.parametrize(
    "workflow",
    [
        WORKFLOW.replace(
            "steps:",
            "steps:\n  - {name: look, kind: retrieve, calls: [{tool: get_team, fact: team}]}",
        ).replace("    needs: [people]", "    needs: [people]\n    when: team.open")
    ],
)
async def test_a_step_that_has_begun_is_gone_on_with_though_what_it_hung_on_is_not_looked_up_again(
    services: Services,
) -> None:
    """While the outcome is not known nobody hears that it is done, and the rest follows all the same."""
    crew = await asked(services)
    OUTSIDE.script.extend(["ok", "lose"])
    OUTSIDE.silent = True
    await crew.say("yes")
    assert "cannot tell yet" in await crew.say("go on")

    OUTSIDE.silent = False
    await crew.settled()

    assert f"Invited:\n{ASKED}" in (await crew.said())[-1]
    assert dict.fromkeys(TEAM, 1) == dict(OUTSIDE.effects())


async def test_a_no_after_the_yes_does_not_say_that_nothing_was_done(services: Services) -> None:
    """It is under way and cannot be taken back; the task goes on."""
    crew = await asked(services)
    OUTSIDE.script.extend(["lose"])
    OUTSIDE.silent = True
    await crew.say("yes")
    assert "being done right now" in await crew.say("no")
    (yes_or_no,) = [one for one in await crew.logged(ev.ReplyQueued) if isinstance(one, ev.ReplyQueued) and one.choices]
    assert "being done right now" in await crew.say("", choice=str(yes_or_no.choices[1]["value"]))

    OUTSIDE.silent = False
    await crew.settled()

    assert dict.fromkeys(TEAM, 1) == dict(OUTSIDE.effects())


@BOTH
async def test_a_link_in_the_middle_does_nothing_twice(services: Services) -> None:
    """One is done, one failed, the rest is asked for; then it turns out who this is, and the older log goes on."""
    older = Crew(services=services)
    await older.say("hello")
    crew = await asked(services)
    OUTSIDE.script.extend(["ok", "refuse"])
    await crew.say("yes")

    await _same_person(older, crew)

    told = await crew.say("yes")
    assert crew.session_id == older.session_id
    if "Shall I go on" in told:
        assert "ann" not in told.partition("Shall I go on")[2]
        await crew.say("yes")
    assert dict.fromkeys(TEAM, 1) == dict(OUTSIDE.effects())


@pytest.mark.parametrize("workflow", [WORKFLOW.replace("review: none", "review: all")])
@pytest.mark.parametrize("verb,done", [("approve", TEAM), ("deny", [])])
async def test_a_link_right_after_a_decision_of_staff_does_not_lose_it(
    services: Services, verb: str, done: list[str]
) -> None:
    """It counts in the older log, though no turn of the younger one followed it."""
    older = Crew(services=services)
    await older.say("hello")
    crew = await asked(services)
    await crew.say("yes")
    (request,) = [one for one in await crew.logged(ev.ApprovalRequested) if isinstance(one, ev.ApprovalRequested)]
    crew.held = True
    assert (await crew.staff(verb, action=request.action, args_hash=request.args_hash)).done
    crew.held = False

    await _same_person(older, crew)

    assert done == [email for _, email in OUTSIDE.applied]
    assert ("Invited:" if done else "not approved") in (await older.said())[-1]


async def _same_person(*crews: Crew) -> None:
    """Both visitors turn out to be one customer."""
    for crew in crews:
        address = Address(channel="web", address=crew.visitor)
        claims = Claims(customer_id="C-1001")
        await crew.services.parts.store.prove(address, claims, method="token", create=False)
    await crews[0].run()


async def test_what_was_done_is_told_though_the_rest_is_refused(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the first; then a limit keeps the others from being done."""
    crew, propose = await asked(services), services.parts.gateway.propose
    OUTSIDE.script.extend(["late"])

    async def limited(name: str, arguments: object, **more: Any) -> Proposal | Outcome:
        if crew.deaths:
            return Outcome(tool=name, version=1, state="failed", reason="hours", message="too late")
        return await propose(name, arguments, **more)

    monkeypatch.setattr(services.parts.gateway, "propose", limited)
    told = await crew.say("yes")

    done, rest = "This is done:\n• ann@example.com", "This was not tried yet:\n• bob@example.com\n• cyd@example.com"
    assert told.startswith(f"{done}\n\n{rest}\n\nThat can only be done during our business hours")
    assert {"ann@example.com": 1} == dict(OUTSIDE.effects())
    assert (await crew.session()).task is None
