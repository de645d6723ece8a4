"""What staff type: slash commands, and words to the bot in a ticket's thread. Pure."""

from __future__ import annotations

import re2

from channels.slack.slack_texts import plain

REPLY = "!reply"
_MENTIONED = re2.compile(r"^<@([A-Z0-9]{2,32})(?:\|[^<>]*)?>$")
ASKED = {"draft": "draft", "summarize": "summarize", "summarise": "summarize", "summary": "summarize"}
VERBS = {
    "take": "take_over",
    "back": "hand_back",
    "assign": "assign",
    "resolve": "resolve",
    "priority": "priority",
    "ask": "ask",
    **ASKED,
}

HELP = """Say what and which ticket:
• `/ticket take 18`: you have the conversation, the bot is silent
• `/ticket back 18`: the bot has it again
• `/ticket assign 18 @robin` (nobody named: nobody)
• `/ticket resolve 18`, or `/ticket resolve 18 unsolved`
• `/ticket priority 18 high` (low, normal, high, urgent)
• `/ticket draft 18`, `/ticket summarize 18`, `/ticket ask 18 status of 18492`: only staff see the answer
• `/reply 18 Your words`: sent to the customer
In a ticket's thread: `!reply Your words` sends them to the customer, `@bot …` asks the bot, all else stays there."""
REPLY_HELP = "Say which ticket, then your words: `/reply 18 Your refund is on its way.` Nothing was sent."
ASSIGN_HELP = "Name somebody by mention, as in `/ticket assign 18 @robin`."

Asked = tuple[str, int, str]


def parse(command: str, text: str, *, team: str) -> Asked | str:
    """Give verb, ticket number and words of a slash command; or what to tell the person instead."""
    if command.endswith("reply"):
        first, rest = _split(text)
        number = _number(first)
        return REPLY_HELP if number is None or not rest else ("reply", number, plain(rest))
    name, rest = _split(text)
    verb = VERBS.get(name.lower())
    first, words = _split(rest)
    number = _number(first)
    if verb is None or number is None:
        return HELP
    if verb == "assign":
        return _assign(number, words, team=team)
    return verb, number, plain(words)


def in_thread(text: str, bot: str) -> tuple[str, str] | None:
    """Give verb and words of a message in a thread; None when it is not for us, an empty verb when it says nothing.

    Only what begins with `!reply` is for the customer.
    """
    first, rest = _split(text)
    if first.lower() == REPLY:
        words = plain(rest)
        return ("reply", words) if words else ("", "")
    parts = re2.split(f"<@{re2.escape(bot)}(?:\\|[^<>]*)?>", text)
    if len(parts) == 1:
        return None
    words = plain(" ".join(part.strip() for part in parts))
    name = _split(words)[0].lower().rstrip(".!?:,")
    if name in ASKED:
        return ASKED[name], _split(words)[1]
    return ("ask", words) if words else ("", "")


def _assign(number: int, words: str, *, team: str) -> Asked | str:
    if not words:
        return "assign", number, ""
    found = _MENTIONED.match(words)
    return ("assign", number, f"{team}/{found.group(1)}") if found else ASSIGN_HELP


def _split(text: str) -> tuple[str, str]:
    parts = text.strip().split(None, 1)
    return (parts[0] if parts else "", parts[1].strip() if len(parts) > 1 else "")


def _number(text: str) -> int | None:
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else None
