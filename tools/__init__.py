"""Tools behind one door. Add a pack: write tools/packs/<name>.py with TOOLS = […], add one row here."""

PACKS = {
    "billing": "tools.packs.billing",
    "disputes": "tools.packs.disputes",
    "account": "tools.packs.account",
    "text": "tools.packs.text",
    "mail": "tools.packs.mail",
    "sales": "tools.packs.sales",
    "leads": "tools.packs.leads",
    "onboarding": "tools.packs.onboarding",
    "payables": "tools.packs.payables",
}
