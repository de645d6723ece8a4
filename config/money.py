"""Amounts of money with their currency, exact, as people and policies write them: `49.00 USD`. Converts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self

_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
    PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""The codes of ISO 4217 that money is paid in."""

PARTS = 10_000
"""What an amount is kept in where a whole number is needed: ten-thousandths, finer than any currency's coins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in one currency. Two currencies are never compared nor added."""

    amount: Decimal
    currency: str

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read `49.00 USD`. Raises ValueError that says what is wrong and what a right one looks like."""
        words = text.split() if isinstance(text, str) else []
        if len(words) != 2:
            raise ValueError("must be an amount and its currency, such as 1000.00 USD")
        number, currency = words
        if currency not in CURRENCIES:
            raise ValueError(f"{currency[:20]!r} is no currency code of ISO 4217, such as USD or EUR")
        if not number.isascii() or number.startswith(("+", "-")) or "_" in number:
            raise ValueError(f"{number[:20]!r} is no amount such as 1000.00")
        try:
            amount = Decimal(number)
        except InvalidOperation as error:
            raise ValueError(f"{number[:20]!r} is no amount such as 1000.00") from error
        if not amount.is_finite() or amount >= 10**12 or amount * PARTS % 1:
            raise ValueError(f"{number[:20]!r} is no amount below {10**12} with at most four decimals")
        return cls(amount=amount, currency=currency)

    @classmethod
    def of(cls, text: object) -> Self | None:
        """The same, or None where it cannot be read."""
        try:
            return cls.parse(text)
        except ValueError:
            return None

    @property
    def parts(self) -> int:
        """The amount in ten-thousandths."""
        return int(self.amount * PARTS)

    def __str__(self) -> str:
        """As people write it: at least two decimals."""
        shown = self.amount.normalize()
        exponent = shown.as_tuple().exponent
        decimals = max(2, -exponent if isinstance(exponent, int) else 2)
        return f"{shown:.{decimals}f} {self.currency}"
