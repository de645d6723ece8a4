"""Keys of the playground: made once, even by many processes at once, and never half written."""

from __future__ import annotations

import hmac
import subprocess
import sys
from pathlib import Path

from config import keys

MAKE = """
import sys
from pathlib import Path
from config import keys
print(keys.made_once(Path(sys.argv[1]))["SECRET_KEY"])
"""


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    """All of them read what one of them made, and nothing is left behind."""
    command = [sys.executable, "-c", MAKE, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    answers = {process.communicate()[0] for process in running}
    assert len(answers) == 1
    assert ["dev.env"] == [path.name for path in (tmp_path / "var").iterdir()]


def test_a_missing_name_is_added_and_the_other_stays(tmp_path: Path) -> None:
    """Whoever deletes one line gets that one anew; what is encrypted under the other stays readable."""
    path = tmp_path / keys.DEV_ENV
    path.parent.mkdir()
    path.write_text("SECRET_KEY=kept\n")
    made = keys.made_once(tmp_path)
    assert "kept" == made["SECRET_KEY"]
    assert made["API_TOKEN"]
    assert made == keys.made_once(tmp_path)


def test_a_derived_key_is_plain_hkdf() -> None:
    """The derivation is RFC 5869, so no other release and no other library makes old data unreadable."""
    extracted = hmac.digest(bytes(32), b"secret", "sha256")
    assert hmac.digest(extracted, b"throughline/label\x01", "sha256") == keys.derive("secret", "label")
    assert keys.derive("secret", "label") != keys.derive("secret", "other")
