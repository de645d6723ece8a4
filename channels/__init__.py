"""Channel adapters. Add one: write channels/<name>.py, add one row here."""

CHANNELS = {
    "web": "channels.web:Web",
    "email": "channels.mail:Mail",
    "slack": "channels.slack:Slack",
    "whatsapp": "channels.whatsapp:WhatsApp",
}
