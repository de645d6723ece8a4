"""What the parts of the playground share. It only holds; the parts do."""

from dataclasses import dataclass

from playground.carrier import Carrier
from playground.faults import Faults
from playground.mail_boxes import Boxes
from playground.mail_post import MailPoster
from playground.mail_smtp import Listener
from playground.options import Options
from playground.slack_post import Poster
from playground.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One pretended outside world."""

    options: Options
    store: Store
    carrier: Carrier
    acme_faults: Faults
    twilio_faults: Faults
    slack: Poster
    slack_faults: Faults
    mail: MailPoster
    mail_faults: Faults
    boxes: Boxes
    listener: Listener
