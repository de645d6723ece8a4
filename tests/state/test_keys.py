"""Encryption at rest: known answers, tampering, keys that are missing or wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import errors, keys
from state.keys import Cipher, Vault, Wrapped

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PLACE = "events|body|s1|7"
KEY = bytes(range(64, 96))
# test cases 13 and 14 of the specification of GCM (McGrew and Viega): zeros for key and nonce
EMPTY = bytes.fromhex("530f8afbc74536b9a963b4f1c4cb738b")
BLOCK = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")


@pytest.fixture
def vault() -> Vault:
    """A vault with one key."""
    return Vault({"old": OLD}, b"index key")


def test_a_field_is_a_version_a_nonce_and_aes_gcm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published vectors come out, tag and all."""
    monkeypatch.setattr("os.urandom", bytes)
    for plain, sealed in ((b"", EMPTY), (bytes(16), BLOCK)):
        assert b"\x01" + bytes(12) + sealed == Cipher(bytes(32)).seal(plain, "")
        assert plain == Cipher(bytes(32)).open(b"\x01" + bytes(12) + sealed, "")


@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_place(plain: bytes, place: str) -> None:
    """And looks different every time."""
    cipher = Cipher(KEY)
    one, two = cipher.seal(plain, place), cipher.seal(plain, place)
    assert plain == cipher.open(one, place) == cipher.open(two, place)
    assert one != two
    assert plain not in one or len(plain) < 3


@given(st.data())
def test_nothing_opens_that_was_changed(data: st.DataObject) -> None:
    """Not a bit of it, not its place, not its length, not its key."""
    sealed = bytearray(Cipher(KEY).seal(b"49.00 USD", PLACE))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(errors.KeyMissing):
        Cipher(KEY).open(bytes(sealed), PLACE)


@pytest.mark.parametrize("place", ["events|body|s1|8", "events|body|s2|7", "audit|body|s1|7", "", PLACE + " "])
def test_a_value_opens_in_its_place_only(place: str) -> None:
    """Another row, column or table is another place."""
    sealed = Cipher(KEY).seal(b"49.00 USD", PLACE)
    with pytest.raises(errors.KeyMissing, match="does not open with its key"):
        Cipher(KEY).open(sealed, place)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(11), b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_what_is_no_field_is_an_error_of_ours(sealed: bytes) -> None:
    """Too short, or of a version nobody knows: never an empty value, never a stranger's exception."""
    with pytest.raises(errors.KeyMissing):
        Cipher(KEY).open(sealed, PLACE)


def test_an_owners_key_comes_back_from_its_wrapped_form(vault: Vault) -> None:
    """What one process sealed another opens, knowing the same key encryption key."""
    wrapped = vault.create("i:1")
    sealed = vault.cipher(wrapped).seal(b"hello", PLACE)
    assert b"hello" == Vault({"old": OLD}, b"index key").cipher(wrapped).open(sealed, PLACE)
    assert OLD not in wrapped.body


def test_owners_cannot_read_one_another(vault: Vault) -> None:
    """Each has a key of their own, and a wrapped key is bound to its owner."""
    one, two = vault.create("i:1"), vault.create("i:2")
    sealed = vault.cipher(one).seal(b"hello", PLACE)
    with pytest.raises(errors.KeyMissing):
        vault.cipher(two).open(sealed, PLACE)
    with pytest.raises(errors.KeyMissing, match="not the one that wrapped"):
        Vault({"old": OLD}, b"").cipher(Wrapped("i:2", one.kek, one.body))


def test_a_rotation_keeps_the_key_and_changes_its_wrapping(vault: Vault) -> None:
    """New data is wrapped by the first key, old data opens with any, and after re-wrapping the old one may go."""
    wrapped = vault.create("i:1")
    sealed = vault.cipher(wrapped).seal(b"hello", PLACE)
    both = Vault({"new": NEW, "old": OLD}, b"")
    assert "new" == both.writer == both.create("i:2").kek
    assert b"hello" == both.cipher(wrapped).open(sealed, PLACE)
    again = both.rewrap(wrapped)
    assert ("i:1", "new") == (again.owner, again.kek)
    assert b"hello" == Vault({"new": NEW}, b"").cipher(again).open(sealed, PLACE)
    with pytest.raises(errors.KeyMissing, match="ENCRYPTION_KEYS has no key 'old'"):
        Vault({"new": NEW}, b"").cipher(wrapped)
    with pytest.raises(errors.KeyMissing, match="no key 'old'"):
        Vault({"new": NEW}, b"").rewrap(wrapped)


def test_a_forgotten_key_is_unwrapped_anew(vault: Vault) -> None:
    """After an erasure the opened key is dropped too."""
    wrapped = vault.create("i:1")
    assert vault.known("i:1") is not None
    vault.forget("i:1")
    vault.forget("i:1")
    assert vault.known("i:1") is None
    vault.cipher(wrapped)
    assert vault.known("i:1") is not None


def test_opened_keys_are_kept_within_bounds(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest falls out; it is unwrapped again when it is asked for."""
    monkeypatch.setattr(keys, "CACHE", 3)
    wrapped = [vault.create(f"i:{n}") for n in range(5)]
    assert [False, False, True, True, True] == [vault.known(one.owner) is not None for one in wrapped]
    sealed = vault.cipher(wrapped[0]).seal(b"x", PLACE)
    assert b"x" == vault.cipher(wrapped[0]).open(sealed, PLACE)


def test_a_blind_index_is_a_keyed_hash_of_column_and_value(vault: Vault) -> None:
    """128 bits of HMAC-SHA256; equal for equal values of one column under one key, and never else."""
    expected = bytes.fromhex("2ccbb9717c351daca4906a3ed8838a3a")
    found = vault.index("identity|web", "v1")
    assert expected == found
    assert found == Vault({"x": NEW}, b"index key").index("identity|web", "v1")
    others = [
        vault.index("identity|web", "v2"),
        vault.index("identity|whatsapp", "v1"),
        vault.index("identity|we", "bv1"),
        Vault({"old": OLD}, b"another key").index("identity|web", "v1"),
    ]
    assert found not in others
