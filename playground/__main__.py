"""Runs the playground as a process of its own, as the crash tests do. It reads no files but its database."""

import argparse
import os
import sys

from aiohttp import web

from playground.app import standalone
from playground.options import Missing, from_environment


def main() -> None:
    """Read the command line, then serve until stopped."""
    args = _arguments()
    try:
        options = from_environment(os.environ, db=args.db, bot_url=args.bot_url, public_url=args.public_url)
    except Missing as problem:
        sys.exit(f"playground: {problem}")
    print(f"playground: http://{args.host}:{args.port}, bot: {options.bot_url}", flush=True)  # noqa: T201
    web.run_app(
        standalone(options),
        host=args.host,
        port=args.port,
        print=lambda *_: None,
        access_log=None,
        shutdown_timeout=1,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m playground",
        description="The outside world for a bot under test: Acme's billing API, a Twilio and its phones, a Slack,"
        " mailboxes, a page.",
        epilog="Secrets come from the environment and must be the bot's own: API_TOKEN WEB_IDENTITY_SECRET"
        " ACME_API_TOKEN TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN, and TWILIO_WHATSAPP_FROM when it is set there."
        " Slack is there with SLACK_BOT_TOKEN (and SLACK_SIGNING_SECRET, SLACK_APP_TOKEN, SLACK_SUPPORT_CHANNEL,"
        " SLACK_API_BASE), mailboxes with EMAIL_ADDRESS (and EMAIL_INBOUND_TOKEN, EMAIL_AUTHSERV_ID);"
        " PLAYGROUND_SMTP_PORT is where their mail server listens, BOT_SMTP (host:port) where it brings mail instead of"
        " the webhook. PLAYGROUND_PACE_MS sets the time between two states of a sent message, PLAYGROUND_RETRIES_S the"
        " seconds before each retry of Slack (three at most) and mail, comma-separated.",
    )
    env = os.environ
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="port to listen on (%(default)s)")
    parser.add_argument(
        "--bot-url",
        default=env.get("BOT_URL", "http://127.0.0.1:8080"),
        help="where the bot is reached (BOT_URL, %(default)s)",
    )
    parser.add_argument(
        "--public-url",
        default=env.get("PUBLIC_URL", ""),
        help="the bot's public address, which signatures cover (PUBLIC_URL, else as --bot-url)",
    )
    parser.add_argument(
        "--db",
        default=env.get("PLAYGROUND_DB", "var/playground.db"),
        help="its SQLite file (PLAYGROUND_DB, %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
