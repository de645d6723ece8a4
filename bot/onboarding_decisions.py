"""The decisions of getting started: who somebody is there, what is still to be made, what is there in the end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from bot import replies
from bot.decided import Decision, Facts, Rule
from bot.reading import rows

UNSURE = "unsure"


def onboarding_progress(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape
    """What is on the list already, for those who ask how far they are; who has none begins."""
    tasks, invites = rows(facts["tasks"], "tasks"), rows(facts["invites"], "invites")
    lines = [f"{one['title']}: {one['status']}, until {replies.day(one['due_on'])}" for one in tasks]
    lines += [f"Invite for {one['email']}: {one['status']}" for one in invites]
    values = {"lines": replies.bullets(lines)}
    if slots.get("wish") == "status" and lines:
        return Decision(outcome="told", reason="progress_is", values=values)
    return Decision(outcome="begins", values=values)


def onboarding_class(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape
    """Role, kind of organisation, and whether there is somebody to invite; what is not certain is asked for.

    Who does not know their role says what they do; an organisation of no kind is classed by how many work there.
    """
    role = _classed(slots.get("role"), slots.get("duty"), limits.get("role_by_duty", {}))
    organisation = _classed(
        slots.get("organisation"), _size(slots.get("people")), limits.get("organisation_by_size", {})
    )
    known = {"user_role": role, "organisation_kind": organisation}
    wants_others = slots.get("inviting") == "some" or bool(slots.get("emails"))
    for name, holds in (
        ("role", role is None and slots.get("role") is None),
        ("duty", role is None),
        ("organisation", organisation is None and slots.get("organisation") is None),
        ("people", organisation is None),
        ("inviting", slots.get("inviting") is None and not wants_others),
        ("emails", slots.get("inviting") == "some" and not slots.get("emails")),
    ):
        if holds:
            return Decision(outcome=f"needs_{name}", slots=known)
    if len(_wanted(slots)) > int(limits.get("most_invites", 15)):
        return Decision(outcome="too_many", slots=known)
    return Decision(outcome="classified", slots=known)


def onboarding_tasks(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape
    """The items of the checklist that are not on the customer's list yet."""
    there = {one.get("item") for one in rows(facts["tasks"], "tasks")}
    missing = [dict(one) for one in rows(facts["checklist"], "items") if one.get("item") not in there]
    return Decision(outcome="open" if missing else "none", values=_batch(missing, limits, "tasks", default=12))


def onboarding_team(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape
    """Whom to invite: who was named, is not invited yet, and is not the customer."""
    there = {_plain(one.get("email")) for one in rows(facts["invited"], "invites")}
    missing = [{"email": one} for one in _others(facts["account"], slots) if one not in there]
    count = len(rows(facts["on_list"], "tasks"))
    values = {
        **_batch(missing, limits, "invites", default=5),
        "note": f"{count} {'task is' if count == 1 else 'tasks are'} on your list now. " if count else "",
    }
    return Decision(outcome="open" if missing else "none", values=values)


def onboarding_done(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape
    """What was read back of all that was wanted, and what of it is not there."""
    made = {one.get("item"): one for one in rows(facts["tasks_now"], "tasks")}
    invited = {_plain(one.get("email")) for one in rows(facts["invites_now"], "invites")}
    items, others = rows(facts["wanted"], "items"), _others(facts["owner"], slots)
    done = [f"{one['title']}, until {replies.day(made[one['item']]['due_on'])}" for one in items if one["item"] in made]
    done += [f"Invite for {one}" for one in others if one in invited]
    missing = [str(one["title"]) for one in items if one["item"] not in made]
    missing += [f"Invite for {one}" for one in others if one not in invited]
    values = {"done": replies.bullets(done), "missing": replies.bullets(missing)}
    return Decision(outcome="incomplete" if missing else "complete", values=values)


def _batch(missing: list[dict[str, Any]], limits: Facts, what: str, *, default: int) -> dict[str, Any]:
    """What is to be made, and whether that is more at once than goes without staff."""
    most = int(limits.get(f"{what}_without_approval", default))
    return {"open": missing, "count": len(missing), "is_large": len(missing) > most}


def _classed(said: object, besides: object, table: Mapping[str, Any]) -> str | None:
    """The class that was named; where that is "unsure", what the table says of the other thing they said."""
    if said != UNSURE:
        return None if said is None else str(said)
    found = table.get(str(besides)) if besides is not None else None
    return None if found is None else str(found)


def _size(people: object) -> str | None:
    """Alone, or with others; a count that cannot be is none."""
    if not isinstance(people, int) or isinstance(people, bool) or people < 1:
        return None
    return "one" if people == 1 else "more"


def _wanted(slots: Facts) -> list[str]:
    """The addresses that were named, each once, if somebody is to be invited at all."""
    if slots.get("inviting") == "nobody":
        return []
    given: Iterable[object] = slots.get("emails") or ()
    return list(dict.fromkeys(_plain(one) for one in given))


def _others(account: Facts, slots: Facts) -> list[str]:
    own = _plain(account.get("email"))
    return [one for one in _wanted(slots) if one != own]


def _plain(email: object) -> str:
    return str(email or "").strip().lower()


ASKED = ("role", "duty", "organisation", "people", "inviting", "emails")
DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "onboarding_progress": Rule(
            decide=onboarding_progress,
            outcomes=frozenset({"told", "begins"}),
            reasons=frozenset({"progress_is"}),
            values=frozenset({"lines"}),
            facts=frozenset({"tasks", "invites"}),
        ),
        "onboarding_class": Rule(
            decide=onboarding_class,
            outcomes=frozenset({"classified", "too_many", *(f"needs_{name}" for name in ASKED)}),
            slots=frozenset({"user_role", "organisation_kind"}),
        ),
        "onboarding_tasks": Rule(
            decide=onboarding_tasks,
            outcomes=frozenset({"open", "none"}),
            values=frozenset({"open", "count", "is_large"}),
            facts=frozenset({"tasks", "checklist"}),
        ),
        "onboarding_team": Rule(
            decide=onboarding_team,
            outcomes=frozenset({"open", "none"}),
            values=frozenset({"open", "note", "is_large", "count"}),
            facts=frozenset({"invited", "on_list", "account"}),
        ),
        "onboarding_done": Rule(
            decide=onboarding_done,
            outcomes=frozenset({"complete", "incomplete"}),
            values=frozenset({"done", "missing"}),
            facts=frozenset({"tasks_now", "invites_now", "wanted", "owner"}),
        ),
    }
)
