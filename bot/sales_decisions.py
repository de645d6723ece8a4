"""The decisions of sales: when to meet, which address is theirs, what a lead is, whether its data can be trusted.

Pure, as `bot.decisions` is, which names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from bot import words
from bot.decided import Decision, Facts, Rule

NOT_THEN = "There is no opening then, I am sorry. "
GONE = "I am sorry, the time you chose is not free any more. "
_FORMS = words.bag("inc ltd llc gmbh ag co corp corporation company the and group limited we are called our is name")
"""Words of a company's name that do not tell it from another."""


def meeting_time(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether the time that was chosen is still free and still what is wanted; else which ones can be chosen."""
    offered = facts["offered"]
    picked = offered.get("picked")
    if picked:
        return Decision(outcome="picked", values={"local": picked["local"], "note": ""})
    if not offered.get("slots"):
        return Decision(outcome="none", reason="no_times", slots={"starts_at": None})
    note = GONE if offered.get("gone") else "" if offered.get("exact") else NOT_THEN
    return Decision(outcome="open", values={"local": "", "note": note}, slots={"starts_at": None})


def own_address(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001
    """Which address somebody is written to at: what the person said, else the address on file, else it is asked for."""
    on_file = facts["contact"].get("email")
    said = slots.get("email")
    if said is None and on_file is not None:
        return Decision(outcome="on_file", slots={"email": on_file})
    return Decision(outcome="said" if said else "open", slots={"email": said})


def lead_class(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """How large a company is, and what it wants how soon; what fits none of the classes is for a person."""
    people = slots.get("employees")
    sizes: Mapping[str, int] = limits.get("size_up_to", {})
    size = None
    if isinstance(people, int) and 1 <= people <= int(limits.get("most_employees", 5_000_000)):
        size = next((name for name, most in sizes.items() if people <= most), "enterprise")
    values = {"size": size, "domain": domain_of(slots.get("email"), limits)}
    wanted = (slots.get("interest"), slots.get("urgency"))
    if size is None or None in wanted or limits.get("unclassed", "something_else") in wanted:
        return Decision(outcome="unsure", reason="lead_unsure", values=values, slots={"company_size": size})
    return Decision(outcome="classified", values=values, slots={"company_size": size})


def lead_quality(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether what is known of a lead is good enough for the sales team's records; if not, every reason why."""
    company, lead = facts["enriched"], facts["crm"]
    reasons = [text for text, holds in _doubts(company, lead, slots, limits).items() if holds]
    values = {
        "reasons": "\n".join(f"- {text}" for text in reasons),
        "name": company.get("name"),
        "industry": company.get("industry"),
        "country": company.get("country"),
        "is_new": not lead.get("known"),
        "is_own": bool(lead.get("own")),
        "lead_id": lead.get("lead_id"),
    }
    if reasons:
        return Decision(outcome="poor", reason="lead_doubtful", values=values, slots={"data_quality": "poor"})
    return Decision(outcome="good", values=values, slots={"data_quality": "good"})


def domain_of(email: object, limits: Facts) -> str | None:
    """The domain of a company's address; None for a mailbox that anybody can have."""
    _, at, domain = str(email or "").strip().lower().rpartition("@")
    return domain if at and domain and domain not in limits.get("free_mail", ()) else None


def _doubts(company: Facts, lead: Facts, slots: Facts, limits: Facts) -> dict[str, bool]:
    """Each rule of data quality: what staff read of it → whether it is broken."""
    domain = domain_of(slots.get("email"), limits)
    found = bool(company.get("found"))
    missing = [name for name in limits.get("required", ()) if company.get(name) in {None, ""}]
    unequal = ", ".join(company.get("contradictions") or ())
    confidence = company.get("confidence") or 0.0
    return {
        "The address is at a provider where anybody has mailboxes; it shows no company.": domain is None,
        f"No register knows a company with the domain {domain}.": domain is not None and not found,
        f"Not known of the company: {', '.join(missing)}.": found and bool(missing),
        f"The registers contradict each other: {unequal}.": found and bool(unequal),
        f"The registers are not sure ({confidence:.0%}).": found and confidence < limits.get("min_confidence", 0.7),
        f"The name given is {slots.get('company')}, that domain is {company.get('name')}'s.": bool(company.get("name"))
        and not same_name(slots.get("company"), company.get("name")),
        f"They say {slots.get('employees')} people, the registers {company.get('employees')}.": found
        and _far_apart(slots.get("employees"), company.get("employees"), limits),
        "There is a lead with this address already, and nothing shows that it is this person's.": bool(
            lead.get("known") and not lead.get("own")
        ),
    }


def same_name(said: object, known: object) -> bool:
    """Whether two names of a company can be the same: all telling words of the shorter one are in the other."""
    one, other = (set(words.words(str(name or ""))) - _FORMS for name in (said, known))
    if not one or not other:
        return False
    return one <= other or other <= one


def _far_apart(said: object, known: object, limits: Facts) -> bool:
    """Whether two counts of people cannot be the same company; one that is not known contradicts nothing."""
    if not isinstance(said, int) or not isinstance(known, int):
        return False
    low, high = sorted((max(1, said), max(1, known)))
    return high > low * float(limits.get("factor", 3))


DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "meeting_time": Rule(
            decide=meeting_time,
            outcomes=frozenset({"picked", "open", "none"}),
            reasons=frozenset({"no_times"}),
            values=frozenset({"local", "note"}),
            facts=frozenset({"offered"}),
            slots=frozenset({"starts_at"}),
        ),
        "own_address": Rule(
            decide=own_address,
            outcomes=frozenset({"on_file", "said", "open"}),
            facts=frozenset({"contact"}),
            slots=frozenset({"email"}),
        ),
        "lead_class": Rule(
            decide=lead_class,
            outcomes=frozenset({"classified", "unsure"}),
            reasons=frozenset({"lead_unsure"}),
            values=frozenset({"size", "domain"}),
            slots=frozenset({"company_size"}),
        ),
        "lead_quality": Rule(
            decide=lead_quality,
            outcomes=frozenset({"good", "poor"}),
            reasons=frozenset({"lead_doubtful"}),
            values=frozenset({"reasons", "name", "industry", "country", "is_new", "is_own", "lead_id"}),
            facts=frozenset({"enriched", "crm"}),
            slots=frozenset({"data_quality"}),
        ),
    }
)
