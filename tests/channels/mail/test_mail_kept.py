"""Mails kept without an answer, bounces of our letters, copies that are one message, what is kept of a mail."""

from __future__ import annotations

import hashlib

import pytest

from channels.mail.mail_in import LOOP_MAILS, MailIn
from state import errors
from tests.channels.mail import mails
from tests.channels.mail.mails import KIM, LEE, OURS, OUTBOX, mail, stated, taken
from tests.channels.world import World

pytestmark = pytest.mark.usefixtures("quick")


# --- what is never answered


@pytest.mark.parametrize(
    "headers,kind",
    [
        ({"Auto-Submitted": "auto-replied"}, "auto"),
        ({"List-Id": "<news.example.com>"}, "auto"),
        ({"Precedence": "bulk"}, "auto"),
        ({"X-Throughline-Loop": "anything"}, "auto"),
        ({"From": "no-reply@example.com"}, "auto"),
        ({"From": OURS}, "auto"),
        ({"From": "support+tag@acme.example"}, "auto"),
        ({"Return-Path": "<>"}, "bounce"),
        ({"From": "MAILER-DAEMON@example.com"}, "bounce"),
    ],
)
async def test_what_no_person_wrote_is_kept_without_an_answer(world: World, headers: dict[str, str], kind: str) -> None:
    """Automatic mails, lists, our own mails, bounces of nothing we sent."""
    got = await taken(world, stated(mail(**headers)))
    assert (True, kind) == (got.extra["silent"], got.extra["class"])


async def test_a_mail_that_asks_for_no_automatic_answer_is_a_person_s(world: World) -> None:
    """Outlook adds that to what people write."""
    assert "silent" not in (await taken(world, mail(**{"X-Auto-Response-Suppress": "All"}))).extra


async def test_a_loop_ends(world: World) -> None:
    """After ten mails in ten minutes one more is answered that day; copies of a mail do not count."""
    box = MailIn(world.ports())
    for number in range(LOOP_MAILS + 4):
        for _ in range(2):
            await box.take(stated(mail(f"Mail {number}")))
    await box.close()
    silent = [bool(got.extra.get("silent")) for got in world.inbound]
    assert [False] * (LOOP_MAILS + 1) + [True] * 3 == silent


async def test_counting_tells_no_address(world: World) -> None:
    """Not even to who tries addresses: what is counted under is keyed."""
    await taken(world, stated(mail()))
    names = " ".join(world.uses)
    for address in (KIM, f"?{KIM}"):
        assert hashlib.sha256(address.encode()).hexdigest()[:20] not in names
    assert mails.tokens(world).counted(KIM) in names


# --- bounces of ours


@pytest.mark.parametrize(
    "status,action,wanted",
    [("5.1.1", "failed", "failed"), ("2.0.0", "delivered", "delivered"), ("4.4.1", "delayed", None)],
)
async def test_a_bounce_of_a_reply_is_its_status(world: World, status: str, action: str, wanted: str | None) -> None:
    """It is no message; one that only says that it takes longer is nothing."""
    ours = mails.written(world, KIM)
    box = MailIn(world.ports())
    await box.take(mails.bounce(ours, status=status, action=action))
    await box.take(
        mails.bounce("<gone@x>", status=status, action=action, to=mails.tokens(world).bounce_address(OUTBOX))
    )
    await box.close()
    assert [] == world.inbound
    assert [wanted] * 2 * bool(wanted) == [update.status for update in world.updates]
    assert {OUTBOX} >= {update.outbox_id for update in world.updates}
    if wanted == "failed":
        assert "bounced 5.1.1" == world.updates[0].reason


async def test_a_bounce_by_a_provider_s_id(world: World) -> None:
    """Of a mail whose Message-ID a provider replaced."""
    mails.written(world, KIM, outbox="0102018f-ses")
    box = MailIn(world.ports())
    await box.take(mails.bounce("<0102018f-ses@eu.amazonses.com>"))
    await box.close()
    assert [("0102018f-ses", None, "failed")] == [(u.provider_id, u.outbox_id, u.status) for u in world.updates]


async def test_a_bounce_of_nothing_of_ours_is_kept(world: World) -> None:
    """Somebody else's mail under our name, or a forged report: it changes nothing."""
    mails.written(world, KIM)
    got = await taken(world, mails.bounce(f"<{OUTBOX}.aaaaaaaaaaaaaaaaaaaa@acme.example>"))
    assert ([], True, "bounce") == (world.updates, got.extra["silent"], got.extra["class"])


async def test_an_out_of_office_note_at_the_bounce_address_is_no_bounce(world: World) -> None:
    """It has a null sender too, and the reply was delivered."""
    note = mail(
        "I am away.", To=mails.tokens(world).bounce_address(OUTBOX), Return_Path="<>", Auto_Submitted="auto-replied"
    )
    got = await taken(world, note)
    assert ([], True) == (world.updates, got.extra["silent"])


# --- one mail, many ways


async def test_the_same_mail_twice_is_one_message(world: World) -> None:
    """Whatever servers on the two ways added on top; without a Message-ID by what it says."""
    box = MailIn(world.ports())
    assert [True, False] == [
        await box.take(raw) for raw in (stated(mail()), b"Received: by relay.example\r\n" + mail())
    ]
    bare = mail("No id.", Message_ID="")
    assert [True, False] == [await box.take(raw) for raw in (bare, b"Received: by relay.example\r\n" + bare)]
    assert await box.take(mail("No id, other words.", Message_ID=""))
    await box.close()
    assert 3 == len(world.inbound)


async def test_the_same_id_of_another_sender_is_another_message(world: World) -> None:
    """Or somebody could keep a mail away by sending its id before."""
    box = MailIn(world.ports())
    assert await box.take(mail(Message_ID="<one@x>"))
    assert await box.take(mail(Message_ID="<one@x>", From=LEE))
    await box.close()


async def test_what_cannot_be_committed_is_not_taken(world: World) -> None:
    """The error reaches whoever would have acknowledged it; a second try is the first message."""
    box = MailIn(world.ports())
    world.failing = True
    with pytest.raises(errors.RetryLater):
        await box.take(mail())
    world.failing = False
    assert await box.take(mail())
    await box.close()


# --- contents


async def test_attachments_are_named_and_limited(world: World) -> None:
    """Programs, and what is over the limits, are named but not kept as files; the raw mail has them all."""
    files = [("invoice.pdf", "application/pdf", b"%PDF"), ("run.EXE", "image/png", b"MZ")]
    many = [(f"{n}.png", "image/png", b"x") for n in range(30)]
    got = await taken(world, mails.with_files(*files, *many))
    assert ["invoice.pdf", "run.EXE", "0.png"] == [one["name"] for one in got.media[:3]]
    assert [True, False, True] == [one["kept"] for one in got.media[:3]]
    assert 20 > sum(one["kept"] for one in got.media) > 15
    assert {"name", "content_type", "size", "number", "inline", "kept"} == set(got.media[0])


async def test_a_mail_that_cannot_be_read_is_kept(world: World) -> None:
    """With its subject for a text; an automatic one is still not answered."""
    head, _, _ = mail(**{"Content-Type": 'multipart/mixed; boundary="b0"'}).partition(b"\r\n\r\n")
    deep = b"".join(
        b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n' % (n, n + 1) for n in range(3_000)
    )
    got = await taken(world, head + b"\r\n\r\n" + deep)
    assert ("My refund", True) == (got.text, "notes" in got.extra)
    got = await taken(
        world,
        b"Auto-Submitted: auto-replied\r\n" + head.replace(b"@example.com>\r\n", b"@x.com>\r\n") + b"\r\n\r\n" + deep,
    )
    assert got.extra["silent"]


async def test_an_empty_mail_says_its_subject(world: World) -> None:
    """A request may stand in the subject alone."""
    assert "My refund" == (await taken(world, mail(""))).text
