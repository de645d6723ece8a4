"""Telephone numbers in one form. Pure."""

from __future__ import annotations

import phonenumbers


def e164(value: object) -> str | None:
    """Normalise a telephone number in international form; None when it is none."""
    if not isinstance(value, str) or not value.startswith("+") or len(value) > 40:
        return None
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(number)  # stricter tests refuse numbers that are newer than their data
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None
