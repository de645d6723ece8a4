"""Single lines told apart: attributions, header blocks, separators; and sentences that only look like them."""

from __future__ import annotations

import pytest

from channels.mail.reading import mail_marks as marks

LONG = "x" * marks.LINE_LIMIT


@pytest.mark.parametrize(
    "lines, expected",
    [
        (["On 2.3.2026 9:14, Acme <a@b.example> wrote:"], (0, True)),
        (["text", "On 2.3.2026 9:14, Acme", "<a@b.example>", "wrote:"], (1, True)),
        (["Am 02.03.2026 um 09:14 schrieb Acme Support:"], (0, True)),
        (["Acme schrieb am Mo., 2. März 2026 um 09:14 Uhr:"], (0, True)),
        (["Mon, 02 Mar 2026 09:14:43 +0100 Acme <a@b.example> wrote"], (0, True)),
        (["2026/3/2 Acme <a@b.example>"], (0, False)),
        (["Acme wrote:"], (0, False)),
        (["Acme <a@b.example> schrieb:"], (0, False)),
        (["Zitat von Acme <a@b.example>:"], (0, False)),
        (["On 2.3.2026 9:14, your agent wrote:"], (0, False)),
        (["I wrote on Monday:"], None),
        (["Please come on 2.3.2026 at 9:14:"], None),
        (["wrote"], None),
        (["On Monday", ""], None),
        ([f"On 2.3.2026 9:14 {LONG} wrote:"], None),
        ([f"2026/3/2 {LONG} <a@b.example>"], None),
    ],
)
def test_attributions(lines: list[str], expected: tuple[int, bool] | None) -> None:
    """Where one starts that ends in the last line, and whether it needs quote marks below it to count."""
    assert marks.attribution(lines, len(lines) - 1) == expected


@pytest.mark.parametrize(
    "lines, end",
    [
        (["From: a", "Sent: b", "To: c", "Subject: d", "", "text"], 4),
        (["From: a", "", "Sent: b", "", "To: c", "", "text"], 5),
        (["*From:* a@b.example", "*Date:* 2 March 2026", "text"], 2),
        (["Von: a", "Gesendet: b", "An: c;", "d; e", "Betreff: f", "text"], 5),
        (["Date: Mon, 2 Mar 2026 09:14", "To: a@b.example", "text"], 2),
        (["Message du : 02/03/2026 09:14", "De : a", "Sujet : b", "text"], 3),
        (["From: a@b.example Date: Mon, 2 Mar 2026 09:14:12", "text"], 1),
        (["From: Berlin", "To: Munich", "Date: 2 March 2026", "Class: second"], 0),
        (["From: a@b.example", "text"], 0),
        (["Date: 2 March 2026", "To: Munich"], 0),
        ([f"From: {LONG}", "Sent: b", "Subject: c"], 0),
    ],
)
def test_header_blocks(lines: list[str], end: int) -> None:
    """Where one ends that starts in the first line; 0 for lists and journeys with labels like it."""
    assert marks.block_end(lines, 0) == end


@pytest.mark.parametrize(
    "lines, end",
    [
        (["Saatja: a@b.example", "Saadetud: 2. märts 2026 09:14", "Teema: x", "text"], 3),
        (["From: a", "text"], 1),
        (["Height: 2 m", "Width: 1 m", "Depth: 40 cm", "text"], 0),
        (["Saatja: a@b.example", "Teema: x", "text"], 0),
        (["text"], 0),
    ],
)
def test_header_blocks_below_a_line(lines: list[str], end: int) -> None:
    """With a line drawn above it one is recognised in any language, and measures are still measures."""
    assert marks.ruled_end(lines, 0) == end


def test_a_form_is_no_header_block() -> None:
    """A line with another label above it makes it a form."""
    assert marks.block_end(["Name: Kim", "From: a@b.example", "Subject: x", "Date: y"], 1) == 0


@pytest.mark.parametrize(
    "line, kind",
    [
        ("-----Original Message-----", "original"),
        ("----- Ursprüngliche Nachricht -----", "original"),
        ("---------- Forwarded message ---------", "forwarded"),
        ("---------------------- Forwarded by Kim on 2.3.2026", "forwarded"),
        ("Begin forwarded message:", "forwarded"),
        ("> Anfang der weitergeleiteten Nachricht:", "forwarded"),
        (f"-------- Original message --------From: {'a' * 100}", "original"),
        (f"-------- Original message --------{'a' * 100}", ""),
        ("Original message: it hangs", ""),
        ("Original Message", ""),
        ("----- Enter Feedback Below -----", ""),
        ("-----", ""),
    ],
)
def test_separators(line: str, kind: str) -> None:
    """Between dashes, or Apple's with a colon; the header below may have come up to it."""
    assert marks.separator(line) == kind


@pytest.mark.parametrize(
    "line, start",
    [
        ("yes On Mon, Mar 2, 2026 at 9:14 AM, a@b.example wrote:", 4),
        ("yes--- On Mon, Mar 2, 2026 at 9:14 AM, a@b.example wrote:", 7),
        ("Ja. Am 02.03.2026 um 09:14 schrieb Acme:", 4),
        ("On Mon, Mar 2, 2026 at 9:14 AM, a@b.example wrote:", 0),
        ("it stands on Monday 2 March 2026 9:14 as Acme wrote:", 0),
        ("yes On Monday Acme wrote:", 0),
        (f"{LONG} On Mon, Mar 2, 2026 at 9:14 AM, a@b.example wrote:", 0),
    ],
)
def test_attributions_behind_an_answer(line: str, start: int) -> None:
    """In capitals, with date and time, and behind something."""
    assert marks.shared(line) == start


@pytest.mark.parametrize(
    "above, announced",
    [
        (["See my answers below."], True),
        (["Antworten im Text"], True),
        (["I got this mail:"], True),
        (["The answer is no."], False),
        (["see you", *["x"] * 9], False),
        ([], False),
    ],
)
def test_announced_answers(above: list[str], announced: bool) -> None:
    """What a person says above a mail into which they wrote, or which they pasted."""
    assert marks.announces_answers(above) is announced
