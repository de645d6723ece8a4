"""Forms as providers post them: read as they were written, and never another error than the one."""

from __future__ import annotations

from aiohttp import MultipartWriter
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from channels.mail import mail_form

NAMES = st.from_regex(r"[a-zA-Z0-9.\-]{1,20}", fullmatch=True)
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=200)), min_size=1, max_size=6)
FILES = st.lists(st.tuples(NAMES, st.binary(max_size=200)), max_size=4)


@hypothesis_settings(max_examples=60)
@given(fields=FIELDS, files=FILES)
async def test_forms_are_read_as_they_were_written(
    fields: list[tuple[str, bytes]], files: list[tuple[str, bytes]]
) -> None:
    """Whatever bytes a field holds, line ends and dashes included."""
    form = MultipartWriter("form-data")
    for name, data in fields:
        form.append(data).set_content_disposition("form-data", name=name)
    for name, data in files:
        form.append(data).set_content_disposition("form-data", name="file", filename=name)
    got = mail_form.read(await form.as_bytes(), form.content_type)
    assert [*fields, *(("file", data) for _, data in files)] == [(field.name, field.data) for field in got]
    assert [name for name, _ in files] == [field.filename for field in got if field.filename is not None]


@given(body=st.binary(max_size=300), kind=st.sampled_from([f"{mail_form.MULTIPART}; boundary=x", mail_form.URLENCODED]))
def test_a_form_that_is_none_is_a_plain_error(body: bytes, kind: str) -> None:
    """Nothing else is raised, and no text comes out that could not be stored."""
    for given_body in (body, b"--x\r\n" + body + b"\r\n--x--"):
        try:
            fields = mail_form.read(given_body, kind)
        except ValueError:
            continue
        assert [field.text for field in fields] == [field.text.encode().decode() for field in fields]
