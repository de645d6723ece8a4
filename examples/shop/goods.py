"""What the shop has when it opens: products with variants, customers, orders. Facts only."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

PRODUCTS: dict[str, Json] = {
    "tent": {"name": "Tent", "variants": {"T-2": ("2 persons", 18900, 4), "T-3": ("3 persons", 24900, 2)}},
    "boots": {
        "name": "Boots",
        "variants": {"B-41": ("41", 12900, 5), "B-42": ("42", 12900, 0), "B-43": ("43", 13400, 3)},
    },
    "stove": {"name": "Stove", "variants": {"S-G": ("gas", 4900, 9), "S-A": ("alcohol", 3900, 7)}},
    "lamp": {"name": "Lamp", "variants": {"L-1": ("300 lumens", 2900, 12), "L-2": ("600 lumens", 4400, 6)}},
}
CUSTOMERS: dict[str, Json] = {
    "ida": {
        "name": "Ida Moor",
        "email": "ida@example.com",
        "address": {"street": "4 Mill Lane", "city": "Keswick", "postal_code": "CA12 5NZ", "country": "GB"},
        "payments": ["card-1", "gift-1"],
    },
    "jon": {
        "name": "Jon Hall",
        "email": "jon@example.com",
        "address": {"street": "Storgata 9", "city": "Bergen", "postal_code": "5014", "country": "NO"},
        "payments": ["card-2"],
    },
}
ORDERS: dict[str, Json] = {
    "W100": {"customer": "ida", "status": "pending", "items": ["T-2", "S-G"], "payment": "card-1", "parcel": None},
    "W101": {"customer": "ida", "status": "delivered", "items": ["B-41", "L-1"], "payment": "card-1", "parcel": "P-7"},
    "W102": {"customer": "jon", "status": "delivered", "items": ["B-43"], "payment": "card-2", "parcel": "P-8"},
    "W103": {"customer": "jon", "status": "pending", "items": ["L-2", "L-2"], "payment": "card-2", "parcel": None},
}
