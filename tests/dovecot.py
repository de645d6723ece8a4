"""A real IMAP server for the tests: Debian's dovecot with a folder of its own, as root or not. Loopback only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from imapclient import IMAPClient

from tests import servers

USER, PASSWORD = "support", "a-password"
PATIENCE_S = 10.0

CONFIG = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
auth_failure_delay = 0
disable_plaintext_auth = no
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
{more}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(slots=True, kw_only=True)
class Dovecot:
    """One server; a test may stop it and start it again on the same port."""

    binary: str
    home: Path
    port: int
    tls_port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def certificate(self) -> Path:
        """The certificate of 127.0.0.1 that it shows when it speaks TLS; nobody trusts it unasked."""
        return self.home / "certificate.pem"

    def encrypt(self) -> None:
        """Speak TLS too, on a port of its own and when asked to."""
        self.tls_port = servers.free_port()
        key = ec.generate_private_key(ec.SECP256R1())
        now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (self.home / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, bare))
        self.configure(f"ssl_cert = <{self.certificate}\nssl_key = <{self.home}/key.pem")

    @property
    def url(self) -> str:
        """The address for IMAP_URL."""
        return f"imap://{USER}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"

    def configure(self, more: str = "") -> None:
        """Write the configuration; `more` are lines added to it."""
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid()).pw_name
        names = {"internal": "dovecot", "group": "dovecot", "login": "dovenull"} if root else {}
        owner = "nobody" if root else me
        self.config.write_text(
            CONFIG.format(
                home=self.home,
                port=self.port,
                tls_port=self.tls_port,
                ssl="yes" if self.tls_port else "no",
                password=PASSWORD,
                owner=owner,
                owner_group="nogroup" if root else me,
                more=more,
                **{"internal": me, "group": me, "login": me, **names},
            )
        )
        mail = self.home / "mail"
        mail.mkdir(exist_ok=True)
        self.home.chmod(0o755)
        shutil.chown(mail, owner)

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.home / "dovecot.conf"

    def start(self) -> None:
        """Start it and wait until it takes connections. Its output goes nowhere: it would hold a pipe open."""
        self.process = subprocess.Popen(
            [self.binary, "-F", "-c", str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        servers.wait_for_port(self.port)

    def stop(self) -> None:
        """End it and every connection to it; harmless when it is down already."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
            self.process = None

    def renumber(self, validity: int) -> None:
        """Change the mailbox's UIDVALIDITY, as a restored or rebuilt mailbox has another."""
        words = ["mailbox", "update", "-u", USER, "--uid-validity", str(validity), "INBOX"]
        subprocess.run(["doveadm", "-c", str(self.config), *words], check=True, stdin=subprocess.DEVNULL)

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """Somebody else's connection to the mailbox, for delivering and for looking."""
        with IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=PATIENCE_S) as client:
            client.login(USER, PASSWORD)
            yield client

    def deliver(self, *raws: bytes) -> None:
        """Put mails into the mailbox."""
        with self.client() as client:
            for raw in raws:
                client.append("INBOX", raw)


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Run a server for as long as the block lasts."""
    binary = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        raise servers.Missing("dovecot is missing: apt-get install dovecot-imapd")
    server = Dovecot(binary=binary, home=servers.short_folder(), port=servers.free_port())
    try:
        server.configure()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)
