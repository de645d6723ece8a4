"""States and provinces that belong into an address, and the forms of postal codes. Data, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

_US = """
    AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|FL Florida
    |GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana
    |ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana
    |NE Nebraska|NV Nevada
    |NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma
    |OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah
    |VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming
    |DC District of Columbia|PR Puerto Rico
"""
_CA = """
    AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia|ON Ontario
    |PE Prince Edward Island|QC Quebec|SK Saskatchewan|NT Northwest Territories|NU Nunavut|YT Yukon
"""
_AU = """
    NSW New South Wales|VIC Victoria|QLD Queensland|SA South Australia|WA Western Australia|TAS Tasmania
    |ACT Australian Capital Territory|NT Northern Territory
"""


def _table(text: str) -> Mapping[str, str]:
    """Code and name, both in lower case → code."""
    rows = [row.split(maxsplit=1) for row in " ".join(text.split()).split("|")]
    return {key.strip().casefold(): code for code, name in rows for key in (code, name)}


REGIONS: Mapping[str, Mapping[str, str]] = {"US": _table(_US), "CA": _table(_CA), "AU": _table(_AU)}
"""Countries whose addresses need a region: what it may be called → its code."""

POSTAL: Mapping[str, str] = {
    "US": r"[0-9]{5}(?:-[0-9]{4})?",
    "CA": r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]",
    "GB": r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}",
    "IE": r"[A-Z][0-9][0-9W] ?[A-Z0-9]{4}",
    "NL": r"[0-9]{4} ?[A-Z]{2}",
    "SE": r"[0-9]{3} ?[0-9]{2}",
    "PL": r"[0-9]{2}-[0-9]{3}",
    "PT": r"[0-9]{4}-[0-9]{3}",
    "JP": r"[0-9]{3}-?[0-9]{4}",
    "IN": r"[0-9]{3} ?[0-9]{3}",
    **dict.fromkeys(("DE", "FR", "ES", "IT", "FI", "MX"), r"[0-9]{5}"),
    **dict.fromkeys(("AT", "CH", "BE", "DK", "NO", "AU", "NZ", "LU", "HU"), r"[0-9]{4}"),
}
"""The form of a postal code, where we know it."""
ANY_POSTAL = r"[A-Z0-9][A-Z0-9 \-]{1,9}"
WITHOUT_POSTAL = frozenset({"AE", "HK", "QA", "BS", "FJ", "JM", "PA", "ZW", "UG"})
"""Countries that have no postal codes."""
