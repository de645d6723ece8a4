"""What the clients write above the mail that they answer, in eight languages, with whatever names and dates come."""

# ruff: noqa: E501 - the lines of a header block are read best beside each other

from __future__ import annotations

from dataclasses import dataclass

NAMES = (
    "Acme Support",
    "Müller-Lüdenscheidt, Anna-Lena (Acme GmbH & Co. KG, Kundenbetreuung Süd)",
    'O\'Brien "Bob" Łukasz',
    "support@acme.example",
    "日本 太郎",
)
GMAIL = {
    "en": "On Mon, Mar 2, 2026 at 9:14 AM {name} <{address}> wrote:",
    "en-gb": "On Mon, 2 Mar 2026 at 09:14, {name} <{address}> wrote:",
    "de": "Am Mo., 2. März 2026 um 09:14 Uhr schrieb {name} <{address}>:",
    "fr": "Le lun. 2 mars 2026 à 09:14, {name} <{address}> a écrit :",
    "es": "El lun, 2 mar 2026 a las 9:14, {name} (<{address}>) escribió:",
    "pt": "{name} <{address}> escreveu (segunda, 2/03/2026 à(s) 09:14):",
    "pt-br": "Em seg., 2 de mar. de 2026 às 09:14, {name} <{address}> escreveu:",
    "nl": "Op ma 2 mrt 2026 om 09:14 schreef {name} <{address}>:",
    "it": "Il giorno lun 2 mar 2026 alle ore 09:14 {name} <{address}> ha scritto:",
    "pl": "pon., 2 mar 2026 o 09:14 {name} <{address}> napisał(a):",
}
APPLE = {
    "en": "On Mar 2, 2026, at 9:14 AM, {name} <{address}> wrote:",
    "en-gb": "On 2 Mar 2026, at 09:14, {name} <{address}> wrote:",
    "de": "Am 02.03.2026 um 09:14 schrieb {name} <{address}>:",
    "fr": "Le 2 mars 2026 à 09:14, {name} <{address}> a écrit :",
    "es": "El 2 mar 2026, a las 9:14, {name} <{address}> escribió:",
    "pt": "No dia 02/03/2026, às 09:14, {name} <{address}> escreveu:",
    "pt-br": "Em 2 de mar. de 2026, à(s) 09:14, {name} <{address}> escreveu:",
    "nl": "Op 2 mrt 2026, om 09:14 heeft {name} <{address}> het volgende geschreven:",
    "it": "Il giorno 2 mar 2026, alle ore 09:14, {name} <{address}> ha scritto:",
    "pl": "Wiadomość napisana przez {name} <{address}> w dniu 2 mar 2026, o godz. 09:14:",
}
THUNDERBIRD = {
    "en": "On 3/2/26 9:14 AM, {name} wrote:",
    "en-gb": "On 02/03/2026 09:14, {name} wrote:",
    "de": "Am 02.03.26 um 09:14 schrieb {name}:",
    "fr": "Le 02/03/2026 à 09:14, {name} a écrit :",
    "es": "El 2/3/26 a las 9:14, {name} escribió:",
    "pt": "Às 09:14 de 02/03/2026, {name} escreveu:",
    "pt-br": "Em 02/03/2026 09:14, {name} escreveu:",
    "nl": "Op 02-03-2026 om 09:14 schreef {name}:",
    "it": "Il 02/03/26 09:14, {name} ha scritto:",
    "pl": "W dniu 2.03.2026 o 09:14, {name} pisze:",
}
OUTLOOK = {
    "en": "From: {name} <{address}>\nSent: Monday, March 2, 2026 9:14 AM\nTo: Kim Meyer <kim@example.com>\nSubject: Re: Lamp",
    "de": "Von: {name} <{address}>\nGesendet: Montag, 2. März 2026 09:14\nAn: Kim Meyer <kim@example.com>\nBetreff: AW: Lampe",
    "fr": "De : {name} <{address}>\nEnvoyé : lundi 2 mars 2026 09:14\nÀ : Kim Meyer <kim@example.com>\nObjet : RE: Lampe",
    "es": "De: {name} <{address}>\nEnviado el: lunes, 2 de marzo de 2026 9:14\nPara: Kim Meyer <kim@example.com>\nAsunto: RE: Lámpara",
    "pt": "De: {name} <{address}>\nEnviada em: segunda-feira, 2 de março de 2026 09:14\nPara: Kim Meyer <kim@example.com>\nAssunto: RE: Lâmpada",
    "nl": "Van: {name} <{address}>\nVerzonden: maandag 2 maart 2026 09:14\nAan: Kim Meyer <kim@example.com>\nOnderwerp: RE: Lamp",
    "it": "Da: {name} <{address}>\nInviato: lunedì 2 marzo 2026 09:14\nA: Kim Meyer <kim@example.com>\nOggetto: R: Lampada",
    "pl": "Od: {name} <{address}>\nWysłano: poniedziałek, 2 marca 2026 09:14\nDo: Kim Meyer <kim@example.com>\nTemat: RE: Lampa",
}  # fmt: skip
ORIGINAL = {
    "en": "-----Original Message-----",
    "de": "-----Ursprüngliche Nachricht-----",
    "fr": "-----Message d'origine-----",
    "es": "-----Mensaje original-----",
    "pt": "-----Mensagem original-----",
    "nl": "-----Oorspronkelijk bericht-----",
    "it": "-----Messaggio originale-----",
    "pl": "-----Oryginalna wiadomość-----",
}
PHONES = {
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "fr": "Envoyé de mon iPhone",
    "es": "Enviado desde mi iPhone",
    "pt": "Enviado do meu iPhone",
    "nl": "Verstuurd vanaf mijn iPhone",
    "it": "Inviato da iPhone",
    "pl": "Wysłane z iPhone'a",
}
QUOTED = "Hello Kim,\n\nwhich lamp do you mean?\n\nRegards\nAcme Support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What stands below an answer, in one client's way and one language."""

    client: str
    language: str
    below: str


def marked(text: str) -> str:
    """Quote a text as most clients do."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def wrapped(line: str, width: int = 76) -> str:
    """Break a line as clients do: at the last space that fits."""
    rows = [""]
    for word in line.split(" "):
        if rows[-1] and len(rows[-1]) + 1 + len(word) > width:
            rows.append(word)
        else:
            rows[-1] = f"{rows[-1]} {word}".lstrip()
    return "\n".join(rows)


def replies(name: str, address: str) -> list[Reply]:
    """Write what every client puts below an answer to somebody of this name."""
    found = []
    for client, lines in (("gmail", GMAIL), ("apple", APPLE), ("thunderbird", THUNDERBIRD)):
        for language, line in lines.items():
            intro = line.format(name=name, address=address)
            found.append(Reply(client=client, language=language, below=f"{wrapped(intro)}\n\n{marked(QUOTED)}"))
            if client == "apple":
                found.append(Reply(client="apple-quoted", language=language, below=marked(f"{intro}\n\n{QUOTED}")))
            if client != "thunderbird":  # without the marks, as gateways leave it
                found.append(Reply(client=f"{client}-bare", language=language, below=f"{intro}\n\n{QUOTED}"))
    for language, block in OUTLOOK.items():
        head = block.format(name=name, address=address)
        found += [
            Reply(client="outlook", language=language, below=f"{head}\n\n{QUOTED}"),
            Reply(client="outlook-web", language=language, below=f"{'_' * 32}\n{head}\n\n{QUOTED}"),
            Reply(client="outlook-plain", language=language, below=f"{ORIGINAL[language]}\n{head}\n\n{QUOTED}"),
        ]
    return found
