"""Every attack, by its name. A new one is a row in one of these modules, and stands in docs/attacks.md from then on."""

from __future__ import annotations

from tests.attacks.attack import Attack
from tests.attacks.catalogue import arguments, consent, floods, letters, mails, operators, output, staff, tools, words

ATTACKS: tuple[Attack, ...] = (
    *tools.ATTACKS,
    *arguments.ATTACKS,
    *floods.ATTACKS,
    *consent.ATTACKS,
    *mails.ATTACKS,
    *letters.ATTACKS,
    *words.ATTACKS,
    *output.ATTACKS,
    *staff.ATTACKS,
    *operators.ATTACKS,
)
BY_NAME = {attack.name: attack for attack in ATTACKS}
assert len(BY_NAME) == len(ATTACKS), "two attacks have one name"
