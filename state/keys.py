"""Encryption at rest: wrapped data keys per owner, fields bound to their row, blind indexes. Stores nothing.

`KEK (settings) → data key of an identity or user (wrapped in the data_keys table) → fields`. A field is
`version | nonce | ciphertext+tag` (AES-256-GCM, random 96-bit nonce); its associated data is `table|column|row`, so
that a value moved to another row does not open (NIST SP 800-38D). Blind indexes are HMAC-SHA256 under a key that is not
in the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from state import errors

FIELD_VERSION = b"\x01"
NONCE = 12
CACHE = 20_000


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it lies in the database: whose it is, which KEK wraps it."""

    owner: str
    kek: str
    body: bytes


class Cipher:
    """Encrypts and decrypts the fields of one owner."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        """Take a 32-byte data key."""
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt for a place (`table|column|row`)."""
        nonce = os.urandom(NONCE)
        return FIELD_VERSION + nonce + self._aead.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt. Raises KeyMissing when the value is not from this place, was altered, or has another key."""
        if sealed[:1] != FIELD_VERSION or len(sealed) <= NONCE:
            raise errors.KeyMissing(f"{place}: the encrypted value has an unknown format")
        try:
            return self._aead.decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], place.encode())
        except InvalidTag as error:
            raise errors.KeyMissing(f"{place}: the encrypted value does not open with its key") from error


class Vault:
    """Makes, wraps and opens data keys; keeps the opened ones of recent owners in memory."""

    def __init__(self, keks: Mapping[str, bytes], index_key: bytes) -> None:
        """`keks`: id → 32 bytes, the first one writes; `index_key` for blind indexes."""
        self._keks = {name: AESGCM(key) for name, key in keks.items()}
        self.writer = next(iter(keks))
        self._index_key = index_key
        self._open: OrderedDict[str, Cipher] = OrderedDict()

    def create(self, owner: str) -> Wrapped:
        """A new data key for an owner, wrapped by the newest KEK."""
        key = AESGCM.generate_key(256)
        self._remember(owner, Cipher(key))
        return Wrapped(owner, self.writer, self._wrap(self.writer, owner, key))

    def known(self, owner: str) -> Cipher | None:
        """The cipher of an owner whose key is open already."""
        return self._open.get(owner)

    def cipher(self, wrapped: Wrapped) -> Cipher:
        """The cipher of an owner. Raises KeyMissing when its KEK is not configured."""
        known = self._open.get(wrapped.owner)
        if known is None:
            known = Cipher(self._unwrap(wrapped))
            self._remember(wrapped.owner, known)
        return known

    def rewrap(self, wrapped: Wrapped) -> Wrapped:
        """The same data key under the newest KEK (key rotation)."""
        return Wrapped(wrapped.owner, self.writer, self._wrap(self.writer, wrapped.owner, self._unwrap(wrapped)))

    def forget(self, owner: str) -> None:
        """Drop an owner's opened key (its wrapped form was destroyed)."""
        self._open.pop(owner, None)

    def index(self, column: str, value: str) -> bytes:
        """The blind index of a canonical value: 128 bits of HMAC-SHA256."""
        return hmac.new(self._index_key, f"{column}\0{value}".encode(), hashlib.sha256).digest()[:16]

    def _wrap(self, kek: str, owner: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._keks[kek].encrypt(nonce, key, owner.encode())

    def _unwrap(self, wrapped: Wrapped) -> bytes:
        kek = self._keks.get(wrapped.kek)
        if kek is None:
            raise errors.KeyMissing(
                f"ENCRYPTION_KEYS has no key {wrapped.kek!r}, which older data needs; add it after the first one"
            )
        try:
            return kek.decrypt(wrapped.body[:NONCE], wrapped.body[NONCE:], wrapped.owner.encode())
        except InvalidTag as error:
            raise errors.KeyMissing(
                f"ENCRYPTION_KEYS: key {wrapped.kek!r} is not the one that wrapped the stored data"
            ) from error

    def _remember(self, owner: str, cipher: Cipher) -> None:
        self._open[owner] = cipher
        if len(self._open) > CACHE:
            self._open.popitem(last=False)
