"""Bytes to text: character sets by honest and odd labels, encoded words, addresses, parameters; never an error."""

from __future__ import annotations

import base64
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.reading import mail_decode


@pytest.mark.parametrize(
    "text, charset, label",
    [
        ("Grüße", "utf-8", "utf-8"),
        ("Grüße", "utf-8", "us-ascii"),
        ("Grüße", "utf-8", "x-unknown"),
        ("Grüße", "latin-1", "iso-8859-1"),
        ("Grüße", "latin-1", "utf-8"),
        ("Grüße", "latin-1", ""),
        ("„49 €“", "cp1252", "iso-8859-1"),
        ("Łódź", "iso8859-2", "ISO-8859-2"),
        ("Łódź", "cp1250", "windows-1250"),
        ("шалом", "koi8-r", "KOI8-R"),
        ("שלום", "iso8859-8", "iso-8859-8-i"),
        ("日本語", "iso2022_jp", "ISO-2022-JP"),
        ("日本語", "cp932", "shift_jis"),
        ("日本語", "euc_jp", "euc-jp"),
        ("中文", "gb18030", "gb2312"),
        ("中文", "big5", "big5"),
        ("한국어", "cp949", "ks_c_5601-1987"),
        ("Grüße", "utf-16", "utf-16"),
        ("Grüße", "utf-8", "'utf-8'"),
        ("plain", "ascii", "unknown-8bit"),
    ],
)
def test_text_is_read_by_its_label_or_in_spite_of_it(text: str, charset: str, label: str) -> None:
    """Honest labels, wrong ones, unknown ones and none."""
    assert mail_decode.text(text.encode(charset), label) == text


@pytest.mark.parametrize("label", ["zlib", "unicode_escape", "idna", "punycode", "rot13", "base64", "a" * 10_000, "\0"])
def test_a_codec_is_never_called_by_a_name_that_a_sender_chose(label: str) -> None:
    """Python has codecs that are no character sets; an odd label is only an unknown one."""
    assert mail_decode.text(b"x\\u0041 eJwDAAAAAAE= abc-", label) == "x\\u0041 eJwDAAAAAAE= abc-"


@given(st.binary(max_size=300), st.sampled_from([*mail_decode._CODECS, "", "x"]))
def test_any_bytes_become_text(data: bytes, label: str) -> None:
    """Bad bytes are replaced, never an error."""
    assert isinstance(mail_decode.text(data, label), str)


@given(st.text(max_size=200).filter(lambda text: "\ufffd" not in text))
def test_utf8_comes_back(text: str) -> None:
    """Whatever the label says, since bytes of another set hardly ever form UTF-8."""
    encoded = text.encode("utf-8", "replace")
    assert mail_decode.text(encoded, "utf-8") == encoded.decode()
    assert mail_decode.text(encoded, "iso-8859-1") == encoded.decode()


@pytest.mark.parametrize(
    "data, encoding, expected",
    [
        (b"aGk=", "base64", b"hi"),
        (b"aG\r\nk=\r\n", "BASE64 ", b"hi"),
        (b"aGk", "base64", b"hi"),
        (b"aGkh\n--\nfooter", "base64", b"hi!"),
        (b"This is no base64 at all, is it?", "base64", b"This is no base64 at all, is it?"),
        (b"a=3Db=\r\nc", "quoted-printable", b"a=bc"),
        (b"a=ZZ=", "quoted-printable", b"a=ZZ"),
        (b"as it is", "8bit", b"as it is"),
        (b"as it is", "x-uuencode", b"as it is"),
    ],
)
def test_transfer_encodings_are_undone(data: bytes, encoding: str, expected: bytes) -> None:
    """As far as they go; what is not encoded stays."""
    assert mail_decode.transfer(data, encoding)[: len(expected)] == expected


@given(st.binary(max_size=300))
def test_base64_comes_back(data: bytes) -> None:
    """However it is broken into lines."""
    assert mail_decode.base64(base64.encodebytes(data)) == data


@pytest.mark.parametrize(
    "line, expected",
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?= aus Köln", "Grüße aus Köln"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        ("=?utf-8?q?a_b?= c", "a b c"),
        ("=?iso-8859-1*de?q?Gr=FC=DFe?=", "Grüße"),
        ("=?x-unknown?q?Gr=FC=DFe?=", "Grüße"),
        ("=?utf-8?x?a?= b", "=?utf-8?x?a?= b"),
        ("=?utf-8?q?never ends", "=?utf-8?q?never ends"),
        ("a =? b", "a =? b"),
    ],
)
def test_encoded_words_are_read(line: str, expected: str) -> None:
    """Also where a client tore a character apart, or spoilt them."""
    assert mail_decode.words(line) == expected


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), min_size=1, max_size=80))
def test_subjects_come_back(text: str) -> None:
    """As Python writes them."""
    line = " ".join(text.split())
    written = Header(line, "utf-8").encode(linesep="\r\n").encode()
    assert mail_decode.header(written) == line


@pytest.mark.parametrize(
    "value, expected",
    [
        ("kim@example.com", [("", "kim@example.com")]),
        ("Kim Meyer <kim@Example.COM>", [("Kim Meyer", "kim@example.com")]),
        ('"Meyer, Kim" <kim@example.com>', [("Meyer, Kim", "kim@example.com")]),
        ('"a \\"b\\" c" <kim@example.com>', [('a "b" c', "kim@example.com")]),
        ("kim@example.com (Kim)", [("", "kim@example.com")]),
        ("a@x.example, b@y.example", [("", "a@x.example"), ("", "b@y.example")]),
        ("friends: a@x.example, B <b@y.example>;", [("", "a@x.example"), ("B", "b@y.example")]),
        ("undisclosed-recipients:;", []),
        ('"admin@bank.example" <evil@x.example>', [("admin@bank.example", "evil@x.example")]),
        ("(a@x.example) b@y.example", [("", "b@y.example")]),
        ("<a@x.example", [("", "a@x.example")]),
        ("a@x.example b@y.example", []),
        ("<a@x.example, b@y.example>", []),
        ("a@", []),
        ("@x.example", []),
        ("a\u200b@x.example", []),
        ("((((((", []),
        ("", []),
    ],
)
def test_addresses_are_read(value: str, expected: list[tuple[str, str]]) -> None:
    """Names, groups, comments and quotes; what is no address is left out, and a name is never one."""
    assert [(box.name, box.address) for box in mail_decode.mailboxes(value)] == expected


@given(st.text(alphabet='ab@x.<>(),:;"\\ \0', max_size=200))
def test_any_addresses_are_read(value: str) -> None:
    """Every one that comes out has two sides and no space."""
    for box in mail_decode.mailboxes(value):
        local, at, domain = box.address.rpartition("@")
        assert local
        assert at
        assert domain
        assert not set(box.address) & set(" \0\n")


@pytest.mark.parametrize(
    "value, expected",
    [
        ("<a@b.example>", ("a@b.example",)),
        ("<a@b> <c@d>\r\n <e@f>", ("a@b", "c@d", "e@f")),
        ("a@b", ("a@b",)),
        ("<a\r\n @b>", ("a@b",)),
        ("Your mail of Monday <a@b>", ("a@b",)),
        ("<>", ()),
        ("", ()),
    ],
)
def test_message_ids_are_read(value: str, expected: tuple[str, ...]) -> None:
    """With and without brackets, folded, and among words."""
    assert mail_decode.ids(value) == expected


def test_of_many_message_ids_the_last_are_kept() -> None:
    """They are the nearest ones of a thread."""
    assert mail_decode.ids("".join(f"<{number}@x>" for number in range(150)))[::99] == ("50@x", "149@x")


@pytest.mark.parametrize(
    "value, kind, given",
    [
        ('text/plain; charset="utf-8"', "text/plain", {"charset": "utf-8"}),
        ("Text/HTML;CHARSET=utf-8;", "text/html", {"charset": "utf-8"}),
        ('a/b; name="x;y.pdf"', "a/b", {"name": "x;y.pdf"}),
        ("a/b; name*=utf-8''Gr%C3%BC%C3%9Fe.pdf", "a/b", {"name": "Grüße.pdf"}),
        ('a/b; name*0="Gr"; name*1="ab.pdf"', "a/b", {"name": "Grab.pdf"}),
        ("a/b; name*0*=iso-8859-1''Gr%FC; name*1*=%DFe.pdf", "a/b", {"name": "Grüße.pdf"}),
        ("a/b; name*=broken%zz", "a/b", {"name": "broken%zz"}),
        ("", "", {}),
    ],
)
def test_parameters_are_read(value: str, kind: str, given: dict[str, str]) -> None:
    """Quoted, continued and encoded ones."""
    assert mail_decode.parameters(value) == (kind, given)


@given(st.text(alphabet="an=*0123;\"% '", max_size=200))
def test_any_parameters_are_read(value: str) -> None:
    """Never an error."""
    assert isinstance(mail_decode.parameters(value)[1], dict)
