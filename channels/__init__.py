"""Channel adapters. Add one: write a folder channels/<name>/ with its adapter in channel.py, add one row here."""

CHANNELS = {
    "web": "channels.web.channel:Web",
    "email": "channels.mail.channel:Mail",
    "slack": "channels.slack.channel:Slack",
    "whatsapp": "channels.whatsapp.channel:WhatsApp",
}
