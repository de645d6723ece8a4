"""Model backends. Add one: write bot/models/<name>.py, add one row here."""

MODELS = {
    "offline": "bot.models.offline:Offline",
    "openai_chat": "bot.models.openai_chat:OpenAIChat",
    "openai_responses": "bot.models.openai_responses:OpenAIResponses",
}
