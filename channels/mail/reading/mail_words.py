"""The words by which mail programs mark quotes, forwards and signatures, by language. Data only; decides nothing.

English, German, French, Spanish, Portuguese, Dutch, Italian and Polish are complete; the others have what is common.
All of it is in lower case and, but for the phrases, RE2's syntax.
"""

# ruff: noqa: RUF001 - other alphabets have letters that look like ours

from __future__ import annotations


def _table(text: str) -> str:
    """Join the lines of a table to one list of alternatives."""
    return "|".join(text.strip("\n").split("\n"))


DELIMITER = "##- reply above -##"

# Labels of the header block that Outlook and others put above what they quote. "sent" is said by mail programs only,
# "date" by everybody.
LABELS = {
    "from": _table("""
from|von|de|van|da|od|from / von|från|fra|lähettäjä|feladó|de la|kimden|gönderen|от|от кого|від|από|差出人|发件人|寄件者
보낸 사람|מאת|من|odesílatel|odosielateľ|expéditeur|remitente|remetente|mittente|afzender|nadawca
"""),
    "sent": _table("""
sent|sent on|gesendet|gesendet am|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada|enviada em|enviado em
enviada el|fecha de envío|verzonden|verzonden op|verstuurd|inviato|inviato il|data invio|wysłano|wysłane
data wysłania|skickat|sendt|lähetetty|odesláno|odoslané|elküldve|küldve|trimis|gönderildi|gönderilme
gönderme tarihi|отправлено|надіслано|στάλθηκε|送信日時|发送时间|寄件日期|보낸 날짜|נשלח|تم الإرسال
"""),
    "date": _table("""
date|message du|datum|fecha|data|dato|päivämäärä|päiväys|dátum|tarih|дата|ημερομηνία|日時|日期
"""),
    "to": _table("""
to|an|à|a|para|aan|do|till|til|vastaanottaja|komu|címzett|către|catre|kime|alıcı|кому|προς|宛先|收件人|收件者
받는 사람|אל|إلى|pour|destinataire|destinatario|empfänger
"""),
    "cc": _table("""
cc|kopie|copie|copie à|cópia|copia|dw|kopia|kopi|bcc|udw|копия|копія|抄送|副本|참조|kopio
"""),
    "subject": _table("""
subject|betreff|betr|objet|sujet|asunto|assunto|onderwerp|oggetto|temat|ämne|emne|aihe|předmět|predmet|tárgy
subiect|konu|тема|θέμα|件名|主题|主旨|제목|נושא|الموضوع
"""),
    "more": _table("""
reply-to|reply to|antwort an|répondre à|responder a|importance|priority|wichtigkeit|priorität|importancia
attachments|anlagen|anlage|pièces jointes|adjuntos|anexos|allegati|bijlagen|załączniki|when|where|zeit|ort
categories|sensitivity|organizer|sender|in-reply-to|message-id|sent by|on behalf of
"""),
}

# Between dashes: "----- Original Message -----".
ORIGINAL = _table(r"""
original message|original appointment|original e-mail|original email|original mail|original meeting|original
ursprüngliche nachricht|antwort nachricht|originalnachricht|original-nachricht|original nachricht|original-mail
ursprüngliche mail|ursprüngliche e-mail|originalmail
ursprünglicher termin|message d'origine|message d’origine|message original|message initial|mail original
rendez-vous d'origine
mensaje original|correo original|cita original|mensagem original|e-mail original|compromisso original
oorspronkelijk bericht|origineel bericht|oorspronkelijke afspraak|originele bericht|messaggio originale
appuntamento originale|messaggio originario|wiadomość oryginalna|oryginalna wiadomość|oryginalny termin
originalmeddelande|ursprungligt meddelande|original meddelelse|oprindelig meddelelse|oprindelig besked
opprinnelig melding|alkuperäinen viesti|původní zpráva|původní e-mail|pôvodná správa|eredeti üzenet|mesaj original
orijinal mesaj|orjinal mesaj|исходное сообщение|оригинальное сообщение|первоначальное сообщение
αρχικό μήνυμα|元のメッセージ|原始邮件|原始郵件|邮件原件|원본 메시지|reply message|reply separator
""")
FORWARDED = _table(r"""
forwarded message|forwarded mail|forwarded email|forwarded by|forwarded|start of forwarded message
weitergeleitete nachricht|weitergeleitete mail|weitergeleitet von|message transféré|message réexpédié
transféré par|message forwardé|mensaje reenviado|correo reenviado|mensagem encaminhada|mensagem reencaminhada
encaminhada|doorgestuurd bericht|doorgezonden bericht|messaggio inoltrato|inoltrato da|przekazana wiadomość
wiadomość przekazana|wiadomość przesłana dalej|wiadomość przekazana dalej
treść przekazanej wiadomości|przesłana wiadomość
vidarebefordrat meddelande|videresendt besked|videresendt meddelelse|videresendt melding|välitetty viesti
edelleenlähetetty viesti|přeposlaná zpráva|továbbított üzenet|mesaj redirecționat|yönlendirilmiş mesaj
iletilmiş mesaj|i̇letilen i̇leti|пересылаемое сообщение|перенаправленное сообщение
переслане повідомлення|proslijeđena poruka|preposlaná správa
välitetty viesti / fwd.msg
переадресованное сообщение|προωθημένο μήνυμα|転送されたメッセージ|转发的邮件|轉寄郵件
전달된 메시지
""")
# A line of its own, with a colon: Apple's way.
BEGIN_FORWARD = _table(r"""
begin forwarded message|anfang der weitergeleiteten nachricht|début du message transféré
début du message réexpédié|inicio del mensaje reenviado|comienzo del mensaje reenviado
início da mensagem encaminhada|início da mensagem reencaminhada|begin doorgestuurd bericht
inizio messaggio inoltrato|inizio del messaggio inoltrato|początek przekazywanej wiadomości
rozpoczęto przekazaną wiadomość|początek przekazanej wiadomości|vidarebefordrat brev|start på videresendt besked
videresendt melding|forwarded message|vidarebefordrat mejl|továbbított levél kezdete|välitetty viesti alkaa
začátek přeposílané zprávy|начало переадресованного сообщения
""")

# What an attribution says: "On … wrote:".
VERBS = _table(r"""
wrote|schrieb|a écrit|schreef|skrev|escribió|escreveu|ha scritto|scritto|scrisse|geschreven|geschrieben|napisał|napisała
napisał\(a\)|napisali|pisze|pisał|pisała|napisana przez|writes|said|schreibt|kirjoitti|napsal|napsala
napsal\(a\)|napísal|napísala|napísal\(a\)|píše|írta|a scris|yazdı|şunu yazdı|написал|написала|написал\(а\)|писал
писала|пишет|писав|написав|έγραψε|va escriure|ha escrit|rašė|написа|đã viết|написао|je napisal|je napisala
je napisao|写道|寫道|作成|wrote on
""")
# Beside the verb these say that a person tells what was written, and no program did.
TELLING = _table(r"""
i|we|you|he|she|they|ich|wir|er|sie|ihr|mir|uns|je|j'ai|nous|vous|il|elle|on|ils|elles|yo|él|ella|ellos|nosotros
me|eu|ele|ela|nós|ik|wij|hij|zij|u|io|lui|lei|noi|ja|ona|my|wy|colleague|kollege|kollegin
""")
# So do these: no program says whose colleague wrote.
YOURS = _table(r"""
your|yours|our|ours|ihr|ihre|ihrer|ihrem|ihren|dein|deine|unser|unsere|euer|eure|votre|vos|ton|ta|notre|nos|su|sus|tu
tus|vuestro|nuestro|nuestra|seu|sua|seus|suas|teu|tua|nosso|nossa|uw|jouw|je|jullie|onze|ons|vostro|vostra|suo|sua
nostro|nostra|tuo|tua|twój|twoja|wasz|wasza|państwa|nasz|nasza|pana|pani
""")
# What an attribution begins with.
OPENERS = _table(r"""
on|at|am|den|um|le|el|em|en|às|no dia|op|il|il giorno|in data|alle|w dniu|dnia|dňa|dne|kl|ngày|vào|v|dana|zitat von
quoting|citando|citando a|quoting from|citat från|wiadomość napisana
""")
# The same in capitals, where it stands behind an answer in one line.
SHARED = "On|Am|Le|El|Em|Op|Il|Il giorno|W dniu|Dnia|Den|På"
DAYS = _table(r"""
mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|pon|wt|śr|czw|pt|sob|niedz
lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|mié|jue|vie|sáb|dom|seg|ter|qua|qui|sex|ma|wo|vr|za|zo|gio|sab
""")
# How the names of months begin.
MONTHS = _table(r"""
jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mrz|mai|okt|dez|fév|avr|juin|juil|août|déc|ene|abr|ago|dic
fev|set|out|mrt|mei|gen|mag|giu|lug|ott|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru
""")
FORWARD_PREFIXES = "fwd|fw|wg|tr|rv|enc|i|pd|doorst|fs|vs|vb|přep|fwd.|rif|reenv|weiterl|vl|转发|пересл"
REPLY_PREFIXES = "re|aw|sv|antw|ref|res|rép|rep|r|odp|bls|vá|ynt|ris|atb|antwort|回复|回覆|отв|vs"

# A line by which a person says that the answers stand inside what follows: what is said to stand, and where.
INLINE = (
    (
        r"see|find|added|inserted|put|wrote|written|answer(?:s|ed)?|comment(?:s|ed)?|repl(?:y|ies|ied)|notes?",
        r"below|in-?line|in line|in red|in blue|in green|in colou?r|in bold|between the lines|in the text",
    ),
    (
        r"antwort(?:en)?|kommentare?|anmerkung(?:en)?|bemerkung(?:en)?|habe|siehe",
        r"unten|im text|in rot|in blau|in grün|dazwischen|inline|im mail",
    ),
    (r"réponses?|commentaires?|remarques?", r"ci-dessous|en rouge|en bleu|en vert|dans le texte|plus bas"),
    (r"respuestas?|comentarios?|respondo|contesto", r"abajo|debajo|en rojo|en azul|en verde|en el texto|más abajo"),
    (r"respostas?|comentários?|respondo", r"abaixo|em baixo|a vermelho|em vermelho|em azul|a azul|no texto"),
    (
        r"antwoord(?:en)?|opmerking(?:en)?|reacties?",
        r"hieronder|onderaan|in het rood|in rood|in blauw|in de tekst|tussen de regels",
    ),
    (r"rispost[ae]|comment[oi]|rispondo", r"sotto|in rosso|in blu|in verde|nel testo|qui sotto|di seguito"),
    (r"odpowied[zź]|odpowiedzi|odpowiadam|komentarze?|uwagi", r"poniżej|na czerwono|czerwonym|w tekście|na niebiesko"),
)

# What a mail program or a provider adds below the text by itself; tried on the last lines only.
DEVICE = _table(r"""
iphone|ipad|ipod|icloud|apple|mac|macbook|samsung|galaxy|android|blackberry|huawei|xiaomi|redmi|nokia|sony|htc
lg|oneplus|pixel|google|motorola|oppo|honor|windows|lumia|mobile|mobil[^ ]*|móvil|phone|smart ?phone|smartphone
téléphone|teléfono|telemóvel|telefon[^ ]*|cellulare|celular|handy|tablet[^ ]*|device|dispositivo|gerät|appareil
toestel|urządzeni[^ ]*|mail|e-?mail|correo|courrier|outlook|yahoo|gmail|proton[^ ]*|tuta[^ ]*|spark|aol
em client|airmail|mailbox|newton|canary|edison|typeapp|mailbird
thunderbird|fastmail|superhuman|mailspring|k-9|fairemail|bluemail|boxer|nine|hey|zoho|gmx|web\.de
t-online|freenet|libero|orange|free|sfr|laposte|verizon|at&t|t-mobile|vodafone|o2|wp|onet|interia|app
""")
MACHINE = (
    _table(r"""
(sent|written|posted|composed)( [^ ]+)? (from|via|with|using|by|on|through) (my |the |a )?([^ ]+[ ,]+){0,2}(DEVICE)TAIL
get outlook for (ios|android|mac|windows)
(sent )?from my (iphone|ipad|android|samsung|blackberry|phone|mobile)( [^ !?;,]+){0,3}
sent (via|from|by) ?(a |my )?(mobile|phone|cell|galaxy|mailbox|airmail)[^?:;]{0,40}
從我的 iphone 傳送|从我的 ?iphone ?发送
az? (iphone|ipad)[^ ]* küldve|أ?ُ?رسلت من .{0,12}(iphone|ipad).{0,12}
iphoneから送信|나의 iphone에서 보냄|отправлено с iphone
(von|mit|über|via) (meine[mnr]?|dem|der|outlook|yahoo)( [^ ]+){0,6} (gesendet|geschickt|verschickt|geschrieben)
gesendet (von|mit|mittels|aus|über|durch)( [^ ]+){0,2} (DEVICE)TAIL
(laden sie )?outlook für (ios|android|mac)( herunter| herunterladen| beziehen)?
diese (nachricht|e-?mail) wurde (von|mit)( [^ ]+){1,9} (gesendet|geschickt|verschickt|geschrieben)
(message )?envoyé?e?( sans fil)? (de|depuis|à partir de|à partir d'|avec|via|du|par|sur|d.un)( [^ ]+){0,3} ?(DEVICE)TAIL
(télécharge[rz]|obtenir|obtenez) outlook pour (ios|android|mac)|provenance : (courrier|mail) pour windows( 10)?
enviad[oa] (desde|con|por|a través de|vía|do|da|de|via|com)( [^ ]+){0,3} (DEVICE)TAIL
enviad[oa] (pelo|pela|a partir d[oae]|através d[oae])( [^ ]+){0,2} (DEVICE)TAIL
(obtener|obtén|obtenga|descargar|consiga) outlook para (ios|android|mac)
(obter|obtenha|baixar|baixe|descarregar|transferir)( o)? outlook para (o )?(ios|android|mac)
(verstuurd|verzonden|gestuurd) (vanaf|vanuit|met|via|door|van)( [^ ]+){0,2} (DEVICE)TAIL
(download |krijg |haal )?outlook voor (ios|android|mac)( downloaden| ophalen)?
inviato (da|dal|dalla|con|tramite)( [^ ]+){0,2} (DEVICE)TAIL|(scarica|ottieni) outlook per (ios|android|mac)
wysłan[eoay]+ (z|ze|przez|za pomocą|w)( [^ ]+){0,2} (DEVICE)TAIL
(pobierz|uzyskaj)( program| aplikację)? outlook( dla| na)?( systemu)? (ios|android|ios[^ ]*|android[^ ]*)
(skickat|sendt) (från|fra|med)( [^ ]+){0,2} (DEVICE)TAIL|(hämta|hent|få|lataa) outlook( [^ ]+)? (ios|android)
(lähetetty|odesláno|odoslané|отправлено|надіслано)( [^ ]+){0,3} (DEVICE)TAIL
(gönderildi|trimis|küldve)( [^ ]+){0,3} (DEVICE)TAIL
secured with tuta( mail)?:?|sent with tuta.{0,60}|sichere mail mit tuta.{0,60}|.{0,80}avast.{0,80}
virus-free.{0,40}|virenfrei.{0,40}|garanti sans virus.{0,40}|libre de virus.{0,40}|livre de vírus.{0,40}
virusvrij.{0,40}|privo di virus.{0,40}|wolny od wirusów.{0,40}
(please )?(consider|think of|think about) (the|our) environment before printing.{0,60}
bitte (denken sie|prüfen sie|beachten sie).{0,40}(umwelt|drucken).{0,60}|pensez à l['’]environnement.{0,80}
antes de imprimir.{0,100}|denk aan het milieu.{0,80}|pens[ia] all['’]ambiente.{0,80}
this (message|mail|e-?mail) (was|has been) (sent|scanned|checked|processed)( [^ ]+){0,2} (using|by|for|with) .{1,60}
""")
    .replace("DEVICE", DEVICE)
    .replace("TAIL", "[^!?;:]{0,60}")
)

# A program's line that nobody knows, but it carries its link: "Sent from MailPony<https://…>".
ADVERT = (
    _table(r"""
^(sent|written|gesendet|geschickt|envoyé|enviado|enviada|verzonden|verstuurd|inviato|wysłane|wysłano)
""")
    + _table(r"""
 (from|via|with|using|by|von|mit|über|depuis|avec|desde|con|vanaf|met|da|dal|tramite|z|przez|de|pelo|com)
""")
    + "( [^ ]+){1,4}$"
)

# Full lines that end a letter.
CLOSINGS = _table(r"""
((with |my )?(best|kind|kindest|warm|warmest|many|friendly) )?(regards|wishes|greetings)( from .{1,40})?
(many )?(thanks|thank you|thx)( a lot| again| so much| very much| in advance| and (best |kind )?regards)?|best
cheers|sincerely|sincerely yours|(yours|very) (sincerely|faithfully|truly|truly yours)|br|rgds|kr
mit ((freundlichen|besten|vielen|herzlichen|lieben|sonnigen) )?gr(ü|ue)(ß|ss)en( aus .{1,40})?
mit freundlichem gru(ß|ss)
(((ganz )?(viele|liebe|beste|freundliche|schöne|herzliche)[nr]?) )?gr(u|ü|ue)(ß|ss)e?n?( aus .{1,40})?|mfg|vg|lg
bg|hochachtungsvoll|(vielen |besten |herzlichen )?dank( im voraus| und viele grüße)?|danke(schön)?
(bien )?cordialement|(bien )?à vous|bien cordialement|cdlt|cdt
(sincères|meilleures|mes) salutations( distinguées)?|merci( d'avance| beaucoup)?|salutations( distinguées)?
(un |reciba un )?(cordial |afectuoso )?saludos?( cordial(es)?)?|(muy )?atentamente
(muchas )?gracias( de antemano)?|atte|atenciosamente|atentamente|att|((com )?os )?(melhores |meus )?cumprimentos
abraços?|(muito )?obrigad[oa]( desde já)?|(met )?(vriendelijke|hartelijke) groet(en)?
met vriendelijke groet(en)?|groet(en|jes)?|mvg|(alvast )?(hartelijk )?(dank|bedankt)
(cordiali|distinti|cari|i migliori|i più cordiali) saluti|saluti|cordialmente
grazie( mille| in anticipo| e saluti)?|(serdecznie |serdeczne )?pozdrawiam|z poważaniem|(z )?pozdrowieni(a|ami)
z wyrazami szacunku|dziękuję|wyrazy szacunku|(med )?(vänliga|bästa) hälsningar|mvh|med venlig hilsen
(med )?(vennlig|venlig) hilsen|ystävällisin terveisin|s pozdravem
""")
# What a line of a signature holds.
CONTACT = _table(r"""
(?:^|[ :(])(?:\+|0)[0-9][0-9 ()/.-]{6,}|[^ @]+@[^ @]+\.[^ @]+|www\.|https?://
(^|[^\pL])(tel|fax|phone|mobile|mobil|handy|tél|telefon|teléfono|telefone|telefoon|cell|kom|t|m|f)[.:]+ ?:? ?[+(0-9]
(^|[^\pL])(gmbh|kg|ltd|limited|llc|inc|corp|sarl|sas|s\.?r\.?l|s\.?p\.?a|b\.v|sp\. z o|plc|lda|ag|ohg|ug|e\.v)($|[^\pL])
geschäftsführ|amtsgericht|handelsregister|ust-?id|registered (in|office)|siret|kvk|p\. ?iva
(^| )(nip|regon|hrb|hra) ?:? ?[0-9]
""")
# Of these one at least, since numbers that begin with 0 may be anything.
SURE_CONTACT = _table(r"""
\+[0-9]{2}|@|www\.|https?://|(^|[^\pL])(tel|fax|phone|mobile|mobil|handy|tél|telefon|teléfono|telefone|telefoon|cell)
(^|[^\pL])[tmf][.:] ?[+(0-9]|geschäftsführ|amtsgericht|handelsregister|ust-?id|registered (in|office)
""")
# Lines beside a name that the customer may well mean us to read: numbers alone, or with one of these.
REFERENCES = _table(r"""
^[#1-9][0-9.,/ -]*$
order|invoice|customer|ticket|contract|account|subscription|case|bestell|rechnung|kunde|auftrag|vertrag|commande
facture|client|contrat|dossier|pedido|factura|cliente|contrato|fatura|encomenda|fattura|ordine|klant|bestelling
factuur|faktur|zamówien|klient|umow|reference|referenz|(^| )p\.?s[.: ]
""")

# A legal notice names secrecy or a ban, and two more of these.
SECRECY = _table(r"""
confidential|privileged|vertraulich|confidentiel|confidencia|vertrouwelijk|riservat|poufn|unauthori[sz]ed
prohibited|unbefugt|nicht gestattet|interdit|prohibid|proibid|verboden|vietat|zabronion
""")
NOTICE = (
    _table(r"""
intended|addressee|recipient|adressat|empfänger|bestimmt für|destinataire|destinatari|destinatári|geadresseerde
ontvanger|bestemd|adresat
"""),
    _table(r"""
in error|mistake|irrtümlich|fehler|par erreur|por error|por engano|per errore|abusievelijk|vergissing
ten onrechte|omyłk|błęd|pomyłk|nicht der richtige|are not the|ne sont pas|no es|não (é|for)|niet de|non (è|sia)
nie (jest|są)
"""),
    _table(r"""
delete|destroy|notify|inform the|alert the|vernicht|lösch|informieren|détrui|avert|supprim|elimin|destru|comuni
notifi|verwijder|waarschuw|distrugg|cancell|avvisa|usun|powiadom|skasow
"""),
    _table(r"""
disclos|copy|distribut|dissemin|weitergabe|kopier|divulg|copi|difus|difu|verspreid|kopi|diffus|rozpowszech
"""),
)
# What a gateway says of itself below a mail, and the headings of such notices.
SCANNED = r"^this (message|mail|e-?mail)( message)? (was|has been) (scanned|checked) (for|by) .*(virus|malware|spam)"
HEADINGS = _table("""
disclaimer|confidentiality notice|legal notice|haftungsausschluss|rechtlicher hinweis|vertraulichkeitshinweis
avertissement|avis de confidentialité|aviso legal|aviso de confidencialidad|aviso de confidencialidade
avvertenza|nota di riservatezza|klauzula poufności
""")
# What a gateway puts above a mail from outside: how it begins, then what each of them says.
BANNER = _table(r"""
^(caution|warning|external|attention|notice|important|achtung|vorsicht|warnung|hinweis|extern|cuidado|atención
advertencia|precaución|avertissement|attenzione|avviso|atenção|aviso|let op|waarschuwing|uwaga|ostrzeżenie
this (message|e-?mail|mail)|diese (nachricht|e-?mail|mail)|ce (message|courriel|mail|e-?mail)
este (mensaje|correo|e-?mail)|esta mensagem|questo messaggio|questa e-?mail|dit bericht|deze e-?mail|ta wiadomość)
""")
BANNER_GROUPS = (
    _table(r"""
originat.{1,30}outside|outside (of )?(the|your) |external (sender|source|e-?mail)|extern[^ ]* (absender|quelle|e-?mail)
außerhalb (der|des|ihre)|l'extérieur|expéditeur externe|fuera de (la|su)|remitente externo|esterno|dall'esterno
externe afzender|van buiten|remetente externo|fora da|spoza|zewnętrzn
"""),
    _table(r"""
click|attachment|klick|anhänge|anhang|cliqu|pièces? jointe|clic|adjunto|allegat|bijlage|klik|anexo|załącznik
"""),
    _table(r"""
unless|know|recogni|trust|verif|expect|kenn|vertrau|sauf|connaiss|confiance|conoc|conosc|kent|vertrouw|conhe|confi|zna|ufa
"""),
)
# And it says what it is about: the mail that it stands below.
SELF = _table(r"""
this (electronic )?(e-?mail|message|communication|transmission|mail)
diese[rsn]? (elektronischen? )?(e-?mail|nachricht|mail|mitteilung)|ce (message|courriel|mail|courrier)|cet e-?mail
est[ea] (mensaje|correo|e-?mail|mensagem|comunica[^ ]+)|dit (e-?mail)?bericht|deze (e-?mail|mail)|questo messaggio
questa (e-?mail|comunicazione)|(niniejsz[^ ]+|t[aąe][^ ]*) (e-?mail|wiadomoś[^ ]+|korespondencj[^ ]+)|tej wiadomości
""")
# And it never speaks of itself. The English I is a capital: in lower case it is "and" or "the" elsewhere.
CAPITALS = "I|I'm|I've|I'd|I'll"
MINE = _table(r"""
my|me|ich|mir|mich|mein|meine|meinen|meiner|je|j'ai|mon|ma|mes|mi|mis|yo|he|ik|mijn|ho|mio|mia|eu|meu
minha|mój|moja|moje|mnie
""")
