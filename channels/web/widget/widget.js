/*
 * Throughline's chat widget: one custom element in a shadow root, without dependencies or a build step.
 *
 *   <script src="https://bot.example/chat/widget.js" defer></script>
 *
 * It keeps no truth of its own: what is acknowledged lives on the server, what is not stays in the outbox and is sent
 * again under the same id. It never evaluates text, never loads images, and shows what people write as text only.
 */
(() => {
  "use strict";

  const TAG = "throughline-chat";
  const PATIENCE = 10_000; // milliseconds until a silent server counts as gone
  const SILENCE = 45_000; // the event stream carries a comment every 15 s
  const LONGEST = 4000; // characters of one message; the server takes frames of 16 KB
  const AGAIN = { least: 500, most: 30_000 };

  const CLOSED = { restart: [1001, 1012], slow: [1013, 4008], tooLarge: 1009, identity: 4401, lost: 1006 };

  // ---------------------------------------------------------------------------------------------------------- words

  const WORDS = {
    en: {
      title: "Chat",
      open: "Open chat",
      hide: "Hide chat",
      close: "Close chat",
      unread: (n) => (n === 1 ? "1 new message" : `${n} new messages`),
      messages: "Messages",
      log: "Conversation",
      intro: "How can we help? Write a message to begin.",
      label: "Your message",
      placeholder: "Write a message…",
      send: "Send",
      left: (n) => `${n} characters left`,
      latest: "Go to the newest message",
      you: "You",
      bot: "Assistant",
      staff: "Support team",
      system: "Notice",
      via: { whatsapp: "by WhatsApp", email: "by e-mail", slack: "by Slack", sms: "by text message" },
      mode: { bot: "Automatic assistant", staff: "You are talking to a person" },
      ticket: (n) => `Ticket ${n}`,
      typing: (who) => `${who} is typing…`,
      choices: "Choose an answer",
      chosen: "chosen",
      sources: "Sources",
      source: (n, title) => `Source ${n}: ${title}`,
      sending: "Sending…",
      kept: "Will be sent when you are connected",
      failed: "Not sent.",
      again: "Try again",
      now: "Try now",
      connecting: "Connecting…",
      offline: "You are offline. What you write is kept and sent later.",
      waiting: "The connection is lost. Trying again…",
      back: "Connected again.",
      refused: "Your sign-in has ended. Please sign in on this page again.",
      errors: {
        too_long: "That message is too long. Please shorten it.",
        too_fast: "That was a lot at once. Please wait a moment.",
        other: "Something went wrong. Please try again.",
      },
    },
    de: {
      title: "Chat",
      open: "Chat öffnen",
      hide: "Chat ausblenden",
      close: "Chat schließen",
      unread: (n) => (n === 1 ? "1 neue Nachricht" : `${n} neue Nachrichten`),
      messages: "Nachrichten",
      log: "Unterhaltung",
      intro: "Wie können wir helfen? Schreiben Sie uns eine Nachricht.",
      label: "Ihre Nachricht",
      placeholder: "Nachricht schreiben …",
      send: "Senden",
      left: (n) => `noch ${n} Zeichen`,
      latest: "Zur neuesten Nachricht",
      you: "Sie",
      bot: "Assistent",
      staff: "Kundendienst",
      system: "Hinweis",
      via: { whatsapp: "per WhatsApp", email: "per E-Mail", slack: "per Slack", sms: "per SMS" },
      mode: { bot: "Automatischer Assistent", staff: "Sie sprechen mit einem Menschen" },
      ticket: (n) => `Vorgang ${n}`,
      typing: (who) => `${who} schreibt …`,
      choices: "Wählen Sie eine Antwort",
      chosen: "gewählt",
      sources: "Quellen",
      source: (n, title) => `Quelle ${n}: ${title}`,
      sending: "Wird gesendet …",
      kept: "Wird gesendet, sobald Sie verbunden sind",
      failed: "Nicht gesendet.",
      again: "Noch einmal",
      now: "Jetzt versuchen",
      connecting: "Verbindung wird aufgebaut …",
      offline: "Sie sind offline. Was Sie schreiben, wird behalten und später gesendet.",
      waiting: "Die Verbindung ist unterbrochen. Neuer Versuch …",
      back: "Wieder verbunden.",
      refused: "Ihre Anmeldung ist abgelaufen. Bitte melden Sie sich auf dieser Seite neu an.",
      errors: {
        too_long: "Diese Nachricht ist zu lang. Bitte kürzen Sie sie.",
        too_fast: "Das war sehr viel auf einmal. Bitte warten Sie einen Moment.",
        other: "Etwas ist schiefgegangen. Bitte versuchen Sie es noch einmal.",
      },
    },
  };

  // ---------------------------------------------------------------------------------------------------------- style

  const DARK = `
    --paper: #1a1f26; --ground: #12161b; --bubble: #252c36; --ink: #e9edf2; --quiet: #a9b4c2; --line: #343d49;
    --edge: #748294; --notice: #3a3014; --notice-ink: #f6e3b0; --live: #5fd3a0; --own: #64cdbb; --own-ink: #04211c;
    --shadow: 0 0 0 1px #343d49, 0 12px 40px rgb(0 0 0 / 55%); color-scheme: dark;`;

  const STYLE = `
    :host { display: contents; }
    :host([inline]) { display: flex; min-block-size: 20rem; block-size: 100%; max-block-size: 100vh; max-block-size: 100dvh; }
    :host([hidden]) { display: none; }
    .root {
      all: initial; display: contents; font: 400 15px/1.5 var(--throughline-font, system-ui, sans-serif);
      --paper: #fff; --ground: #f6f7f9; --bubble: #fff; --ink: #1c2430; --quiet: #566173; --line: #dfe4ea;
      --edge: #7d8898; --notice: #fdf3d7; --notice-ink: #5a4300; --live: #147a4d; --own: #0d665c; --own-ink: #fff;
      --shadow: 0 0 0 1px rgb(20 30 45 / 8%), 0 12px 40px rgb(20 30 45 / 20%); color-scheme: light;
      --accent: var(--throughline-accent, var(--own));
      --accent-ink: var(--throughline-accent-text, var(--auto-ink, var(--own-ink)));
      --round: var(--throughline-radius, 16px); --gap: var(--throughline-offset, 20px);
      color: var(--ink); text-align: start; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
    }
    :host([theme="dark"]) .root { ${DARK} }
    @media (prefers-color-scheme: dark) { :host(:not([theme="light"], [theme="dark"])) .root { ${DARK} } }
    *, *::before { box-sizing: border-box; }
    [hidden] { display: none !important; }
    .heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    button, textarea { font: inherit; color: inherit; margin: 0; }
    button { cursor: pointer; border: 0; background: none; padding: 0; touch-action: manipulation; }
    button:disabled { cursor: default; }
    svg { display: block; inline-size: 24px; block-size: 24px; fill: none; stroke: currentColor; stroke-width: 2;
      stroke-linecap: round; stroke-linejoin: round; }
    :focus-visible { outline: 2px solid var(--own); outline-offset: 2px; }

    .launcher { position: fixed; z-index: var(--throughline-z, 2147483000); inset-block-end: var(--gap); inset-inline-end: var(--gap);
      inline-size: 56px; block-size: 56px; border-radius: 50%; display: grid; place-items: center;
      background: var(--accent); color: var(--accent-ink); box-shadow: 0 6px 20px rgb(20 30 45 / 30%); border: 1px solid transparent; }
    .launcher:focus-visible { outline-offset: 3px; outline-width: 3px; box-shadow: 0 0 0 8px var(--paper); }
    .launcher svg { inline-size: 26px; block-size: 26px; }
    .count { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 22px; padding-inline: 6px;
      border-radius: 11px; background: #b3261e; color: #fff; font-size: 13px; font-weight: 600; line-height: 22px; text-align: center; }

    .panel { position: fixed; z-index: var(--throughline-z, 2147483000); inset: auto;
      inset-block-end: calc(var(--gap) + 72px); inset-inline-end: var(--gap);
      inline-size: 392px; block-size: min(640px, 100vh - 2 * var(--gap) - 72px); block-size: min(640px, 100dvh - 2 * var(--gap) - 72px);
      max-inline-size: calc(100vw - 2 * var(--gap)); max-block-size: none; margin: 0; padding: 0; border: 0; overflow: hidden;
      flex-direction: column; color: var(--ink); background: var(--paper); border-radius: var(--round); box-shadow: var(--shadow); }
    .panel[open], section.panel { display: flex; }
    .panel::backdrop { background: none; }
    section.panel { position: static; flex: 1; min-inline-size: 0; max-inline-size: none; block-size: auto; box-shadow: none;
      border: 1px solid var(--line); }
    @media (max-width: 480px) {
      dialog.panel { inset: 0; inline-size: 100%; block-size: 100%; max-inline-size: none; border-radius: 0; box-shadow: none; }
    }

    header { display: flex; align-items: center; gap: 12px; padding-block: 12px; padding-inline: 16px 8px;
      border-block-end: 1px solid var(--line); }
    .face { flex: none; inline-size: 40px; block-size: 40px; border-radius: 50%; display: grid; place-items: center;
      background: var(--accent); color: var(--accent-ink); }
    .face svg { inline-size: 22px; block-size: 22px; }
    .who { flex: 1; min-inline-size: 0; }
    h2 { margin: 0; font-size: 16px; font-weight: 650; line-height: 1.3; }
    .mode { margin: 0; font-size: 13px; line-height: 1.4; color: var(--quiet); }
    .mode.staff { color: var(--live); font-weight: 600; }
    .mode span { white-space: nowrap; }
    .icon { flex: none; inline-size: 44px; block-size: 44px; border-radius: 50%; display: grid; place-items: center; color: var(--quiet); }
    .icon:hover { background: var(--ground); color: var(--ink); }

    .banner { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 6px 16px; font-size: 14px;
      background: var(--notice); color: var(--notice-ink); }
    .banner:not(.shown) { padding-block: 0; }
    .banner.shown { min-block-size: 44px; }
    .banner span { flex: 1 1 12em; }
    .banner button, .state button { min-block-size: 32px; padding-inline: 4px; font-weight: 600; text-decoration: underline;
      text-underline-offset: 3px; }
    .banner button:focus-visible { outline-color: currentColor; }

    .scroll { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 8px 16px 12px; background: var(--ground);
      display: flex; flex-direction: column; }
    .scroll:focus-visible { outline-offset: -3px; }
    .intro { margin: auto; padding: 24px 16px; text-align: center; color: var(--quiet); max-inline-size: 18em; }
    .day { align-self: stretch; margin: 4px 0 8px; text-align: center; font-size: 13px; color: var(--quiet); }
    .message { display: flex; flex-direction: column; align-items: flex-start; margin-block-start: 4px; padding-inline-end: 24px; }
    .message.first { margin-block-start: 14px; }
    .message.user { align-items: flex-end; padding-inline: 40px 0; }
    .by { font-size: 13px; color: var(--quiet); margin: 0 4px 3px; }
    .by b { font-weight: 600; color: var(--ink); }
    .text { max-inline-size: min(100%, 34em); padding: 9px 14px; border-radius: 14px; border: 1px solid var(--line); border-end-start-radius: 4px;
      background: var(--bubble); white-space: pre-wrap; }
    .user .text { background: var(--accent); color: var(--accent-ink); border-color: transparent;
      border-radius: 14px; border-end-end-radius: 4px; }
    .staff .text { border-color: var(--live); }
    .message.system { align-items: center; padding: 0; }
    .system .text { background: none; border-color: transparent; color: var(--quiet); font-size: 14px; text-align: center; padding-block: 2px; }
    .rich { white-space: normal; }
    .rich > :first-child { margin-block-start: 0; } .rich > :last-child { margin-block-end: 0; }
    .rich p, .rich ul, .rich ol, .rich pre, .rich table, .rich blockquote { margin-block: 8px; margin-inline: 0; }
    .rich ul, .rich ol { padding-inline-start: 22px; }
    .rich a, .quote a { color: inherit; text-decoration: underline; text-underline-offset: 3px; }
    .rich code, .rich pre { font: 13px/1.5 ui-monospace, monospace; background: var(--ground); border-radius: 6px; padding: 1px 4px; }
    .rich pre { padding: 8px 10px; white-space: pre-wrap; } .rich pre code { padding: 0; }
    .rich table { border-collapse: collapse; } .rich th, .rich td { border: 1px solid var(--line); padding: 4px 8px; text-align: start; }
    .rich blockquote, .quote blockquote { margin: 0; padding-inline-start: 10px; border-inline-start: 3px solid var(--line); color: var(--quiet); }

    .choices { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 8px; }
    .choices button { min-block-size: 44px; padding: 8px 18px; border-radius: 22px; border: 1.5px solid var(--accent); background: var(--paper);
      font-weight: 600; text-align: start; }
    .choices button:hover:enabled { background: var(--accent); color: var(--accent-ink); }
    .choices button:disabled { border-color: var(--line); background: none; color: var(--quiet); font-weight: 400; }
    .choices button.chosen { border-color: var(--edge); color: var(--ink); font-weight: 600; }
    .choices button.chosen::before { content: "✓ " / ""; }
    .sources { display: flex; flex-wrap: wrap; align-items: center; gap: 6px; margin: 6px 4px 0; font-size: 13px; color: var(--quiet); }
    .sources button { min-inline-size: 28px; block-size: 28px; border-radius: 8px; border: 1px solid var(--edge); background: var(--paper);
      color: var(--ink); font-weight: 600; }
    .sources button[aria-expanded="true"] { background: var(--accent); color: var(--accent-ink); border-color: transparent; }
    .quote { flex-basis: 100%; padding: 10px 12px; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); color: var(--ink); font-size: 14px; }
    .quote p { margin: 0 0 4px; font-weight: 600; }
    .state { margin-inline: 4px; font-size: 13px; color: var(--quiet); }

    .typing { display: flex; align-items: center; gap: 10px; min-block-size: 0; font-size: 13px; color: var(--quiet); margin: 0 4px; }
    .typing:not(:empty) { margin-block-start: 12px; }
    .dots { display: flex; gap: 4px; }
    .dots i { inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--edge); animation: breathe 1.4s infinite ease-in-out; }
    .dots i:nth-child(2) { animation-delay: .2s; } .dots i:nth-child(3) { animation-delay: .4s; }
    @keyframes breathe { 0%, 70%, 100% { opacity: .3; } 35% { opacity: 1; } }
    .foot { position: relative; }
    .latest { position: absolute; inset-block-end: calc(100% + 8px); inset-inline: 0; margin-inline: auto; inline-size: 44px; block-size: 44px;
      border-radius: 50%; display: grid; place-items: center; background: var(--paper); box-shadow: var(--shadow); }

    form { display: flex; align-items: flex-end; gap: 8px; padding: 10px 12px; padding-block-end: max(10px, env(safe-area-inset-bottom)); 
      border-block-start: 1px solid var(--line); background: var(--paper); }
    textarea { flex: 1; min-inline-size: 0; min-block-size: 44px; max-block-size: 8.5em; resize: none; padding: 9px 14px; font-size: 16px; line-height: 24px;
      border: 1px solid var(--edge); border-radius: 22px; background: var(--paper); color: var(--ink); }
    textarea:focus-visible { outline-offset: -1px; border-color: var(--own); }
    textarea::placeholder { color: var(--quiet); opacity: 1; }
    .send { flex: none; inline-size: 44px; block-size: 44px; border-radius: 50%; display: grid; place-items: center; background: var(--accent);
      color: var(--accent-ink); border: 1px solid transparent; }
    .send svg { inline-size: 20px; block-size: 20px; }
    :dir(rtl) > .send svg { transform: scaleX(-1); }
    .left { padding: 6px 16px 0; font-size: 13px; color: var(--quiet); text-align: end; }

    @media (prefers-reduced-motion: no-preference) {
      dialog.panel[open] { animation: rise .18s ease-out; }
      .launcher { transition: transform .15s; } .launcher:hover { transform: scale(1.05); }
      @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
    }
    @media (prefers-reduced-motion: reduce) { .dots i { animation: none; opacity: .7; } }
    @media (forced-colors: active) { .panel, .text, .choices button, .face { border: 1px solid CanvasText; } }`;

  const SHAPES = {
    chat: "M4 5h16v11H9.5L5 20v-4H4z",
    down: "M6 9l6 6 6-6",
    close: "M6 6l12 12M18 6L6 18",
    send: "M4 12h15M13 6l6 6-6 6",
  };

  // ---------------------------------------------------------------------------------------------------------- tools

  /** Make an element: h("p", {className: "note", "aria-live": "off"}, "text", child). */
  function h(tag, traits = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(traits)) {
      if (name in node && !name.startsWith("aria-")) node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  function icon(shape) {
    const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", SHAPES[shape]);
    svg.append(path);
    return svg;
  }

  /** A random UUID; `crypto.randomUUID` is missing on pages without TLS. */
  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function parse(text) {
    try {
      return JSON.parse(text) ?? {};
    } catch {
      return {};
    }
  }

  /** The claims of a JWT, unverified: used only to notice an expired token or another customer. */
  function claims(jwt) {
    try {
      return JSON.parse(atob(jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    } catch {
      return {};
    }
  }

  /** Black or white, whichever reads better on the computed colour; nothing when the colour is not plain RGB. */
  function inkOn(color) {
    const rgb = /^rgb/.test(color) && color.match(/[\d.]+/g);
    if (!rgb) return null;
    const [r, g, b] = rgb.slice(0, 3).map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
  }

  const TAGS = new Set("P BR STRONG EM CODE PRE UL OL LI BLOCKQUOTE A TABLE THEAD TBODY TR TH TD".split(" "));

  /** A link that opens elsewhere, or null when the address is not plain web or mail. */
  function link(address, ...children) {
    if (!/^(https?:\/\/|mailto:)/i.test(address ?? "")) return null;
    return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
  }

  /** Copy only the known tags. The server has cleaned the HTML already; this is the second lock. */
  function copy(from, to) {
    for (const node of from.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const known = TAGS.has(node.tagName);
      const made = node.tagName === "A" ? link(node.getAttribute("href")) : known && h(node.tagName);
      if (made) to.append(made);
      if (made || known) copy(node, made || to);
    }
    return to;
  }

  let policy;
  try {
    policy = window.trustedTypes?.createPolicy("throughline", { createHTML: (html) => html });
  } catch {
    policy = undefined; // the page allows no such policy: the text is shown instead
  }

  function bubble(text) {
    return h("div", { className: "text" }, h("div", { dir: "auto" }, text));
  }

  /** The element with the message: HTML when the page lets us parse it (in an inert template), else text. */
  function content(frame) {
    if (!frame.html || frame.author === "user") return bubble(frame.text ?? "");
    try {
      const template = h("template");
      template.innerHTML = policy ? policy.createHTML(frame.html) : frame.html;
      const rich = h("div", { className: "rich", dir: "auto" });
      return h("div", { className: "text" }, copy(template.content, rich));
    } catch {
      return bubble(frame.text ?? "");
    }
  }

  /** A date from milliseconds or ISO text; null where there is none. */
  function moment(at) {
    const date = new Date(at);
    return at == null || Number.isNaN(+date) ? null : date;
  }

  /** Whether a message belongs below another. Those of a conversation that was joined to this one (their numbers are
   *  negative) have their place by time. */
  function below(one, other) {
    const [a, b] = [one, other].map((node) => moment(node.frame.at));
    const joined = Math.min(one.order, other.order) < 0 && Math.max(one.order, other.order) < Infinity;
    return joined && a && b ? a > b : one.order > other.order;
  }

  // -------------------------------------------------------------------------------------------------------- storage

  /** What outlives a reload, per server; in memory only where the browser refuses storage. */
  class Store {
    #memory = null;

    constructor(server) {
      this.key = `throughline:${server}`;
    }

    read() {
      if (this.#memory) return this.#memory;
      try {
        return parse(localStorage.getItem(this.key));
      } catch {
        return (this.#memory = {});
      }
    }

    write(changes) {
      const all = { ...this.read(), ...changes };
      try {
        localStorage.setItem(this.key, JSON.stringify(all));
      } catch {
        this.#memory = all; // private mode or a full disk: the page's own memory serves
      }
    }

    clear() {
      if (this.#memory) this.#memory = {};
      else localStorage.removeItem(this.key);
    }

    keep(entry) {
      this.write({ outbox: [...this.outbox().filter((kept) => kept.id !== entry.id), entry] });
    }

    drop(id) {
      this.write({ outbox: this.outbox().filter((kept) => kept.id !== id) });
    }

    outbox() {
      return this.read().outbox ?? [];
    }
  }

  // ------------------------------------------------------------------------------------------------------ transport

  /** The WebSocket. Both wires take and give the same frames and report their end once, with a close code. */
  function openSocket(base, hello, on) {
    let socket;
    try {
      socket = new WebSocket(`${base.replace(/^http/, "ws")}ws`);
    } catch {
      setTimeout(on.closed, 0, CLOSED.lost); // the page's policy forbids the connection
      return { send() {}, close() {} };
    }
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = (event) => on.frame(parse(event.data));
    socket.onclose = (event) => on.closed(event.code);
    socket.onerror = () => setTimeout(on.closed, 0, CLOSED.lost); // blocked by a policy, it has no close event
    return {
      send: (frame) => socket.send(JSON.stringify(frame)),
      close() {
        socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
        socket.close();
      },
    };
  }

  /** The frames of one server-sent event stream, until it ends or falls silent. */
  async function readEvents(body, frame) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await within(SILENCE, reader.read());
      if (done) return;
      const events = (rest + value).split(/\r?\n\r?\n/);
      rest = events.pop();
      for (const event of events) {
        const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        if (data.length) frame(parse(data.map((line) => line.slice(5)).join("\n")));
      }
    }
  }

  function within(time, promise) {
    let timer;
    const late = new Promise((_, refuse) => {
      timer = setTimeout(() => refuse(new Error("silence")), time);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  /** The same over plain HTTP, for networks that block WebSockets: POST to send, an event stream to receive. */
  function openStream(base, hello, on) {
    const stop = new AbortController();
    let token = hello.visitor;
    let last = Promise.resolve();

    const ask = (path, options = {}) =>
      fetch(base + path, {
        ...options,
        headers: { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) },
        credentials: "omit",
        cache: "no-store",
        signal: stop.signal,
      });

    const post = async (frame) => {
      const headers = { "Content-Type": "application/json" };
      const response = await within(PATIENCE, ask("messages", { method: "POST", headers, body: JSON.stringify(frame) }));
      const answer = parse(await response.text());
      if (!response.ok && (!answer.code || answer.code === "unknown_visitor")) throw new Error(String(response.status));
      return response.ok ? answer : { ...answer, type: "error", id: answer.id ?? frame.id };
    };

    const run = async () => {
      const welcome = await post(hello);
      token = welcome.visitor ?? token;
      on.frame(welcome);
      if (welcome.type === "error") throw new Error(welcome.code);
      const events = await ask(`events?after=${welcome.seq ?? 0}`, { headers: { Accept: "text/event-stream" } });
      if (!events.ok) throw new Error(String(events.status));
      await readEvents(events.body, (frame) => {
        if (frame.type === "welcome") token = frame.visitor ?? token;
        on.frame(frame);
      });
    };

    const lost = () => on.closed(CLOSED.lost);
    run().then(lost, lost);
    return {
      send(frame) {
        last = last.then(() => post(frame)).then(on.frame); // one after the other keeps their order
        last = last.catch(lost);
      },
      close: () => stop.abort(),
    };
  }

  /** Keeps one wire up: tries again with growing, jittered pauses, over HTTP when the WebSocket does not come up. */
  class Link {
    state = "idle"; // idle, connecting, online, waiting or refused
    #base;
    #on;
    #wire = null;
    #timer = 0;
    #round = 0;
    #failures = 0;
    #plain = false; // HTTP worked where the WebSocket did not
    #proven = false; // the WebSocket has worked on this page

    constructor(base, on) {
      this.#base = base;
      this.#on = on;
    }

    get online() {
      return this.state === "online";
    }

    async connect() {
      if (this.state === "connecting" || this.online) return;
      clearTimeout(this.#timer);
      const round = ++this.#round;
      const mine = (act) => (value) => round === this.#round && act.call(this, value);
      this.#become("connecting");
      this.#timer = setTimeout(mine(this.#lost), PATIENCE, CLOSED.lost);
      const hello = await this.#on.hello().catch(() => CLOSED.lost);
      if (round !== this.#round) return;
      if (hello > 0) return this.#lost(hello);
      const http = this.#tryHttp();
      const wire = http ? openStream : openSocket;
      this.#wire = wire(this.#base, hello, { frame: mine((frame) => this.#take(frame, http)), closed: mine(this.#lost) });
    }

    /** After two failures every second try; later where the WebSocket has worked, since then the server is away. */
    #tryHttp() {
      const least = this.#plain ? 0 : this.#proven ? 6 : 2;
      return this.#failures >= least && this.#failures % 2 === 0;
    }

    /** Try at once, if we are only waiting. */
    wake() {
      if (this.state === "waiting") this.connect();
    }

    send(frame) {
      if (!this.online) return;
      try {
        this.#wire.send(frame);
      } catch {
        this.#lost(CLOSED.lost);
      }
    }

    /** The other side is silent or this page goes to sleep: drop the wire and come back. */
    renew() {
      if (this.online || this.state === "connecting") this.#lost(CLOSED.lost);
    }

    stop() {
      this.#drop();
      this.#become("idle");
    }

    #take(frame, http) {
      if (frame.type === "welcome") {
        clearTimeout(this.#timer);
        this.#failures = 0;
        this.#plain = http;
        this.#proven ||= !http;
        this.#become("online");
      }
      if (frame.type === "error" && frame.code === "identity_invalid") return this.#lost(CLOSED.identity);
      this.#on.frame(frame);
    }

    #drop() {
      this.#round += 1;
      clearTimeout(this.#timer);
      this.#wire?.close();
      this.#wire = null;
    }

    #lost(code) {
      const planned = this.online && [...CLOSED.restart, ...CLOSED.slow].includes(code);
      this.#drop();
      if (code === CLOSED.identity) return this.#become("refused");
      if (code === CLOSED.tooLarge) this.#on.tooLarge();
      this.#failures += planned ? 0 : 1;
      const longest = planned ? 4 * AGAIN.least : Math.min(AGAIN.most, AGAIN.least * 2 ** this.#failures);
      this.#timer = setTimeout(() => this.connect(), longest * (0.3 + 0.7 * Math.random()));
      this.#become("waiting");
    }

    #become(state) {
      this.state = state;
      this.#on.state(state);
    }
  }

  // ----------------------------------------------------------------------------------------------------------- view

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);

  /** Everything that is seen. It decides nothing: what people do goes out through `on`. */
  class View {
    #on;
    #words;
    #lang;
    #locale;
    #inline;
    #nodes = new Map(); // message id → its element; the element carries `frame` and `order`
    #open = []; // elements whose choices may still be taken
    #streams = new Map(); // turn → streamed text that is not final yet
    #name = ""; // the bot's, as last heard
    #stuck = true; // the newest message is in sight, and stays so
    #painting = false;
    #quiet = 0;
    #typing = 0;

    constructor(root, { lang, locale, inline, on }) {
      this.#on = on;
      this.#words = WORDS[lang];
      this.#lang = lang;
      this.#locale = locale;
      this.#inline = inline;
      root.adoptedStyleSheets = [sheet];
      root.replaceChildren(this.#build());
      this.#listen();
    }

    // -- the frame around the messages

    #build() {
      const w = this.#words;
      this.title = h("h2", { id: "title" });
      this.mode = h("p", { className: "mode", role: "status" }, w.mode.bot);
      this.shut = h("button", { type: "button", className: "icon", "aria-label": w.close, hidden: this.#inline }, icon("close"));
      this.notice = h("div", { className: "banner", role: "status" });
      this.log = h("div", { role: "log", "aria-label": w.log, "aria-live": "polite" });
      this.intro = h("p", { className: "intro" }, w.intro);
      this.drafts = h("div", { "aria-live": "off" });
      this.busy = h("div", { className: "typing", role: "status" });
      this.scroll = h("div", { className: "scroll", role: "region", "aria-label": w.messages, tabIndex: 0 });
      this.scroll.append(this.intro, this.log, this.drafts, this.busy);
      this.panel = h(this.#inline ? "section" : "dialog", { id: "panel", className: "panel", "aria-labelledby": "title" });
      const who = h("div", { className: "who" }, this.title, this.mode);
      const head = h("header", {}, h("div", { className: "face" }, icon("chat")), who, this.shut);
      this.panel.append(head, this.notice, this.scroll, this.#foot());
      this.count = h("span", { className: "count", hidden: true, "aria-hidden": "true" });
      this.launcher = h("button", { type: "button", className: "launcher", hidden: this.#inline, "aria-haspopup": "dialog" });
      this.heard = h("div", { className: "heard", role: "status" });
      return h("div", { className: "root", lang: this.#lang }, this.panel, this.launcher, this.heard);
    }

    #foot() {
      const w = this.#words;
      this.input = h("textarea", { id: "input", rows: 1, maxLength: LONGEST, placeholder: w.placeholder, dir: "auto" });
      this.input.setAttribute("enterkeyhint", "send");
      this.input.setAttribute("autocomplete", "off");
      this.input.setAttribute("aria-describedby", "left");
      const label = h("label", { className: "heard", htmlFor: "input" }, w.label);
      this.left = h("div", { id: "left", className: "left", hidden: true });
      this.latest = h("button", { type: "button", className: "latest", hidden: true, "aria-label": w.latest }, icon("down"));
      const send = h("button", { type: "submit", className: "send", "aria-label": w.send }, icon("send"));
      this.form = h("form", {}, label, this.input, send);
      return h("div", { className: "foot" }, this.latest, this.left, this.form);
    }

    #listen() {
      this.launcher.addEventListener("click", () => this.#on.toggle());
      this.shut.addEventListener("click", () => this.#on.close());
      this.panel.addEventListener("close", () => this.#on.close()); // a modal dialog closes itself on Escape
      this.panel.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.isComposing || this.#inline) return;
        event.stopPropagation();
        this.#on.close();
      });
      this.input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#submit();
      });
      this.input.addEventListener("input", () => this.#fit());
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#submit();
      });
      this.latest.addEventListener("click", () => {
        this.toEnd();
        this.input.focus();
      });
      this.scroll.addEventListener("scroll", () => this.#look(), { passive: true });
      new ResizeObserver(() => this.#follow()).observe(this.scroll);
    }

    #submit() {
      const text = this.input.value.trim();
      if (!text) return;
      this.input.value = "";
      this.#fit();
      this.#on.say(text);
    }

    #fit() {
      this.input.style.height = "auto";
      this.input.style.height = `${this.input.scrollHeight + 2}px`;
      const left = LONGEST - this.input.value.length;
      this.left.hidden = left > LONGEST / 10;
      this.left.textContent = this.left.hidden ? "" : this.#words.left(left);
    }

    show(title) {
      this.title.textContent = title || this.#words.title;
    }

    /** The text on the accent colour, whatever colour the page has chosen, stays readable. */
    tint() {
      const root = this.launcher.parentNode;
      root.style.removeProperty("--auto-ink");
      const ink = inkOn(getComputedStyle(this.form.lastChild).backgroundColor);
      if (ink) root.style.setProperty("--auto-ink", ink);
    }

    expand(open, focus) {
      if (this.#inline || this.panel.open === open) return;
      if (!open) this.panel.close();
      else if (!focus) this.panel.setAttribute("open", "");
      else if (matchMedia("(max-width: 480px)").matches) this.panel.showModal();
      else this.panel.show();
      if (open && focus) this.input.focus();
      if (open) this.toEnd();
    }

    badge(unread, open) {
      const w = this.#words;
      this.count.hidden = !unread || open;
      this.count.textContent = unread > 99 ? "99+" : String(unread);
      const name = open ? w.hide : w.open;
      this.launcher.replaceChildren(icon(open ? "down" : "chat"), this.count);
      this.launcher.setAttribute("aria-label", unread && !open ? `${name}, ${w.unread(unread)}` : name);
      this.launcher.setAttribute("aria-expanded", String(open));
      this.heard.textContent = unread && !open ? w.unread(unread) : "";
    }

    // -- the state in words

    banner(text, label) {
      this.notice.classList.toggle("shown", Boolean(text));
      if (this.notice.firstChild?.textContent === text) return;
      this.notice.replaceChildren(...(text ? [h("span", {}, text)] : []));
      if (!text || !label) return;
      const button = h("button", { type: "button" }, label);
      button.addEventListener("click", () => this.#on.retry());
      this.notice.append(button);
    }

    status(mode, ticket) {
      const w = this.#words;
      const line = h("p", {}, w.mode[mode]);
      if (ticket) line.append(" · ", h("span", {}, w.ticket(ticket)));
      if (this.mode.textContent !== line.textContent) this.mode.replaceChildren(...line.childNodes);
      this.mode.classList.toggle("staff", mode === "staff");
    }

    typing(on, name) {
      clearTimeout(this.#typing);
      if (!on || this.#streams.size) return this.busy.replaceChildren();
      const dots = h("span", { className: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
      if (!this.busy.firstChild) this.busy.append(dots, this.#words.typing(name || this.#name || this.#words.bot));
      this.#typing = setTimeout(() => this.typing(false), 30_000);
      this.#follow();
    }

    // -- streamed text: outside the live region, until the message replaces it

    stream(turn, text) {
      const known = this.#streams.get(turn);
      const draft = known ?? h("div", { className: "message bot first" });
      if (!known) {
        draft.append(h("div", { className: "by" }, h("b", {}, this.#name || this.#words.bot)), bubble(""));
        this.#streams.set(turn, draft);
        this.drafts.append(draft);
        this.typing(false);
      }
      draft.lastChild.firstChild.append(text);
      this.#follow();
    }

    discard(turn) {
      this.#streams.get(turn)?.remove();
      this.#streams.delete(turn);
    }

    discardAll() {
      for (const turn of [...this.#streams.keys()]) this.discard(turn);
    }

    // -- messages

    clear() {
      this.#nodes.clear();
      this.#open = [];
      this.log.replaceChildren();
      this.intro.hidden = false;
      this.discardAll();
      this.typing(false);
    }

    /** Say nothing aloud while history is painted. */
    silently(paint) {
      this.log.setAttribute("aria-live", "off");
      clearTimeout(this.#quiet);
      this.#painting = true;
      paint();
      this.#painting = false;
      this.#quiet = setTimeout(() => this.log.setAttribute("aria-live", "polite"), 600);
      this.toEnd();
    }

    has(id) {
      return this.#nodes.has(id);
    }

    /** Show a message once; a later frame of the same message settles the first one. */
    put(frame) {
      if (this.has(frame.id)) return this.settle(frame.id, frame);
      if (this.#twin(frame)) return;
      const node = h("div", { className: `message ${frame.author}` });
      node.frame = frame;
      node.order = frame.seq ?? Infinity;
      this.#nodes.set(frame.id, node);
      if (frame.author === "bot") this.#name = frame.name;
      this.#fill(node);
      this.#place(node);
      this.intro.hidden = true;
      if (this.#stuck || frame.author === "user") this.toEnd();
      else this.latest.hidden = false;
    }

    /** The visitor's own message under another id: the server's echo of one that was sent here. */
    #twin({ id, author, seq }) {
      const same = (node) => node.order === seq && node.frame.author === "user" && node.frame.id !== id;
      return author === "user" && seq != null && [...this.#nodes.values()].find(same);
    }

    /** The server knows the message now: its place, perhaps its time. */
    settle(id, { seq, at }) {
      const node = this.#nodes.get(id);
      if (!node) return;
      if (this.#twin({ id, author: node.frame.author, seq })) return this.remove(id);
      Object.assign(node.frame, { seq: seq ?? node.frame.seq, at: at ?? node.frame.at });
      node.order = node.frame.seq ?? Infinity;
      const { previousSibling: before, nextSibling: after } = node;
      if ((before && below(before, node)) || (after && below(node, after))) this.#place(node);
      this.mark(id, "");
    }

    remove(id) {
      const node = this.#nodes.get(id);
      const next = node?.nextSibling;
      node?.remove();
      this.#nodes.delete(id);
      if (next) this.#group(next);
    }

    /** Where a message stands: "" (with the server), "sending", "kept" or "failed". */
    mark(id, state, reason = "") {
      const node = this.#nodes.get(id);
      if (!node) return;
      const w = this.#words;
      const line = node.lastChild;
      line.replaceChildren(...(state ? [`${w[state]} ${reason}`.trim()] : []));
      if (state === "failed" && reason !== w.errors.too_long) {
        const again = h("button", { type: "button" }, w.again);
        again.addEventListener("click", () => this.#on.resend(id));
        line.append(" ", again);
      }
      this.#follow();
    }

    #time(date) {
      const format = new Intl.DateTimeFormat(this.#locale, { hour: "numeric", minute: "2-digit" });
      return h("time", { dateTime: date.toISOString(), title: date.toLocaleString(this.#locale) }, format.format(date));
    }

    #fill(node) {
      const { frame } = node;
      node.append(h("div", { className: "by" }), content(frame));
      if (frame.choices?.length) node.append(this.#choices(node));
      if (frame.citations?.length) node.append(this.#sources(frame));
      node.append(h("div", { className: "state", "aria-live": "off" }));
    }

    #place(node) {
      let after = node === this.log.lastChild ? node.previousSibling : this.log.lastChild;
      while (after && below(after, node)) after = after.previousSibling;
      const next = after ? after.nextSibling : this.log.firstChild;
      if (next !== node) this.log.insertBefore(node, next);
      this.#group(node);
      if (node.nextSibling) this.#group(node.nextSibling);
      this.#close();
    }

    /** Author and time in words, seen once per group and always heard; the day where it changes. */
    #group(node) {
      const w = this.#words;
      const { frame, previousSibling: before } = node;
      const [time, earlier] = [moment(frame.at), moment(before?.frame.at)];
      const newDay = Boolean(time) && time.toDateString() !== earlier?.toDateString();
      const same = before && !newDay && this.#author(before.frame) === this.#author(frame) && !(time - earlier > 300_000);
      const via = w.via[frame.channel];
      const by = node.querySelector(".by");
      by.replaceChildren(h("b", {}, frame.author === "user" ? w.you : frame.name || w[frame.author] || w.system));
      if (frame.author === "staff" && frame.name) by.append(` · ${w.staff}`);
      if (via) by.append(` · ${via}`);
      if (time) by.append(" · ", this.#time(time));
      by.classList.toggle("heard", Boolean(same) || frame.author === "system");
      node.classList.toggle("first", !same);
      node.querySelector(".day")?.remove();
      if (newDay) node.prepend(h("div", { className: "day" }, this.#day(time)));
    }

    #author(frame) {
      return [frame.author, frame.name, this.#words.via[frame.channel]].join("|");
    }

    #day(date) {
      const start = (day) => new Date(day).setHours(0, 0, 0, 0);
      const ago = Math.round((start(Date.now()) - start(date)) / 86_400_000);
      if (ago > 1 || ago < 0) return date.toLocaleDateString(this.#locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
      const word = new Intl.RelativeTimeFormat(this.#lang, { numeric: "auto" }).format(-ago, "day");
      return word[0].toUpperCase() + word.slice(1);
    }

    // -- choices: one use, then they are history

    #choices(node) {
      const group = h("div", { className: "choices", role: "group", "aria-label": this.#words.choices });
      for (const choice of node.frame.choices) {
        const button = h("button", { type: "button" }, choice.label);
        button.addEventListener("click", () => {
          this.#on.choose(choice);
          this.input.focus();
        });
        group.append(button);
      }
      this.#open.push(node);
      return group;
    }

    /** Whoever has answered, by button, by typing or on another channel, has answered. */
    #close() {
      this.#open = this.#open.filter((node) => {
        let next = node.nextSibling;
        while (next && next.frame.author !== "user") next = next.nextSibling;
        if (!next) return true;
        for (const button of node.querySelectorAll(".choices button")) {
          button.disabled = true;
          if (button.textContent !== next.frame.text) continue;
          button.classList.add("chosen");
          button.setAttribute("aria-label", `${button.textContent}, ${this.#words.chosen}`);
        }
        return false;
      });
    }

    #sources({ id, citations }) {
      const line = h("div", { className: "sources", role: "group", "aria-label": this.#words.sources }, this.#words.sources);
      const quotes = citations.map((source, index) => {
        const title = source.title || source.url || "";
        const quote = h("div", { id: `quote-${id}-${index}`, className: "quote", hidden: true, dir: "auto" });
        quote.append(h("p", {}, link(source.url, title) ?? title), h("blockquote", {}, source.quote ?? ""));
        const button = h("button", { type: "button", "aria-label": this.#words.source(source.n, title), "aria-expanded": "false" });
        button.setAttribute("aria-controls", quote.id);
        button.append(String(source.n));
        button.addEventListener("click", () => {
          quote.hidden = !quote.hidden;
          button.setAttribute("aria-expanded", String(!quote.hidden));
          if (!quote.hidden) quote.scrollIntoView({ block: "nearest" });
        });
        line.append(button);
        return quote;
      });
      line.append(...quotes);
      return line;
    }

    // -- scrolling

    #look() {
      this.#stuck = this.#goal() - this.scroll.scrollTop < 80;
      if (this.#stuck) this.latest.hidden = true;
    }

    #follow() {
      if (this.#stuck) this.toEnd();
    }

    toEnd() {
      this.#stuck = true;
      if (!this.#painting) this.scroll.scrollTop = this.#goal();
      this.latest.hidden = true;
    }

    /** Where to look: at the end; or where the newest answer begins, when there is no room for all of it. */
    #goal() {
      const { scrollHeight, clientHeight, scrollTop } = this.scroll;
      const end = scrollHeight - clientHeight;
      const last = this.log.lastElementChild;
      if (!last || last.frame.author === "user") return end;
      return Math.min(end, last.getBoundingClientRect().top - this.scroll.getBoundingClientRect().top + scrollTop - 8);
    }
  }

  // -------------------------------------------------------------------------------------------------------- element

  const script = document.currentScript ?? document.querySelector('script[src*="/chat/widget.js"]');
  const HOME = new URL(".", script?.src || `${location.origin}/chat/`).href;

  class ThroughlineChat extends HTMLElement {
    static observedAttributes = ["open", "name"];

    #words = null;
    #view = null;
    #link = null;
    #store = null;
    #leaving = null; // ends the listeners outside the element
    #identity = null; // a JWT, or a function that fetches one
    #jwt = null;
    #asked = false; // a fresh JWT was fetched since the last welcome
    #pending = new Map(); // id → entry not acknowledged yet
    #cursor = 0; // the newest sequence number seen on this page
    #unread = new Set();
    #mode = "bot";
    #ticket = null;
    #late = 0;
    #told = 0;
    #was = "idle";
    #opener = null;
    #focus = false;

    // -- for the host page

    /** Say who the visitor is: a signed token, or a function that fetches a fresh one whenever it is needed. */
    identify(identity) {
      this.#identity = identity;
      this.#jwt = typeof identity === "string" ? identity : null;
      this.#asked = false;
      this.#link?.stop();
      this.#link?.connect();
    }

    /** Log-out: forget the visitor, the conversation and what was not sent. The next message starts afresh. */
    reset() {
      this.#identity = this.#jwt = null;
      this.#link?.stop();
      this.#store?.clear();
      this.#wipe();
    }

    open() {
      if (this.hasAttribute("open")) return;
      this.#focus = true;
      this.#opener = document.activeElement;
      this.setAttribute("open", "");
    }

    close() {
      this.removeAttribute("open");
    }

    /** Send a text as the visitor; returns the id of the message. */
    send(text) {
      const entry = { type: "message", id: uuid(), text: String(text), at: new Date().toISOString() };
      this.#send(entry);
      return entry.id;
    }

    // -- life

    connectedCallback() {
      const server = this.getAttribute("server");
      const base = server ? `${server.replace(/\/+$/, "")}/chat/` : HOME;
      this.#store = new Store(new URL(base, location.href).origin);
      const setting = this.#setting();
      this.#words = WORDS[setting.lang];
      this.#view = new View(this.shadowRoot ?? this.attachShadow({ mode: "open" }), setting);
      this.#link = new Link(new URL(base, location.href).href, {
        hello: () => this.#hello(),
        frame: (frame) => this.#take(frame),
        state: (state) => this.#linked(state),
        tooLarge: () => this.#tooLarge(),
      });
      this.#view.show(this.getAttribute("name"));
      this.#view.tint();
      this.#watch();
      for (const entry of this.#store.outbox()) this.#hold(entry);
      this.#view.expand(this.hasAttribute("open"), false);
      this.#count();
      // after the page's own script, so that an identify() there makes no second connection
      if (this.#shown || this.#identity || this.#store.read().visitor || this.#pending.size) setTimeout(() => this.#link?.connect());
      window.throughline?.ready?.(this);
    }

    disconnectedCallback() {
      this.#leaving?.abort();
      this.#link?.stop();
      this.#link = null;
      this.#pending.clear();
      this.#cursor = 0;
    }

    attributeChangedCallback(name) {
      if (!this.#link) return;
      if (name === "name") return this.#view.show(this.getAttribute("name"));
      const open = this.hasAttribute("open");
      const inside = this.shadowRoot.activeElement;
      this.#view.expand(open, this.#focus);
      this.#focus = false;
      if (open) this.#link.state === "idle" && this.#link.connect();
      else if (inside && inside !== this.#view.launcher) this.#returnFocus();
      this.#seen();
    }

    get #shown() {
      return this.hasAttribute("inline") || this.hasAttribute("open");
    }

    #setting() {
      const wanted = this.getAttribute("lang") || this.closest("[lang]")?.lang || navigator.language;
      const lang = wanted.toLowerCase().split("-")[0];
      const on = {
        toggle: () => (this.hasAttribute("open") ? this.close() : this.open()),
        close: () => this.close(),
        say: (text) => this.send(text),
        choose: ({ value, label }) => this.#send({ type: "choice", id: uuid(), value, label, at: new Date().toISOString() }),
        resend: (id) => this.#resend(id),
        retry: () => this.#retry(),
      };
      const known = lang in WORDS;
      return { lang: known ? lang : "en", locale: known ? wanted : "en", inline: this.hasAttribute("inline"), on };
    }

    #watch() {
      this.#leaving = new AbortController();
      const { signal } = this.#leaving;
      const on = (target, name, act) => target.addEventListener(name, act, { signal });
      on(window, "online", () => this.#link.wake());
      on(window, "offline", () => this.#link.renew());
      on(window, "pageshow", (event) => event.persisted && this.#link.renew());
      on(document, "visibilitychange", () => document.hidden || (this.#link.wake(), this.#seen()));
      on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.#view.tint());
      on(window, "storage", (event) => (event.key ?? this.#store.key) === this.#store.key && !event.newValue && this.reset());
    }

    #returnFocus() {
      const opener = this.#opener;
      const useful = opener?.isConnected && opener !== this && opener !== document.body;
      (useful ? opener : this.#view.launcher).focus();
    }

    #emit(name, detail) {
      return this.dispatchEvent(new CustomEvent(`throughline:${name}`, { detail, bubbles: true, composed: true }));
    }

    // -- the connection

    /** The first frame, or the code that says why there is none. */
    async #hello() {
      const identity = this.#identity;
      const { exp } = claims(this.#jwt ?? "");
      if (typeof identity === "function" && (!this.#jwt || exp * 1000 < Date.now() + 5000)) {
        this.#asked = true;
        const jwt = await identity();
        if (identity !== this.#identity) return CLOSED.lost; // signed out, or in again, while the token was fetched
        this.#jwt = jwt;
      }
      if (identity && !this.#jwt) return CLOSED.identity;
      this.#recognise(claims(this.#jwt ?? "").sub);
      return { type: "hello", visitor: this.#store.read().visitor ?? null, identity: this.#jwt, after: this.#cursor };
    }

    /** Another customer on the same device sees nothing of the last one. */
    #recognise(sub) {
      if (!sub) return;
      const known = this.#store.read().sub;
      if (known && known !== sub) {
        this.#store.clear();
        this.#wipe();
      }
      this.#store.write({ sub });
    }

    #linked(state) {
      const w = this.#words;
      const [was, view] = [this.#was, this.#view];
      clearTimeout(this.#told);
      if (state === "connecting") this.#told = setTimeout(() => view.banner(w.connecting), was === "idle" ? 1000 : PATIENCE);
      if (state === "waiting") this.#told = setTimeout(() => view.banner(navigator.onLine ? w.waiting : w.offline, w.now), was === "online" ? 400 : 0);
      if (state === "online" && view.notice.firstChild) {
        view.banner(w.back);
        this.#told = setTimeout(() => view.banner(""), 2500);
      }
      if (state === "idle") view.banner("");
      if (state === "refused") this.#refused();
      if (state !== "online") this.#adrift();
      if (state !== "connecting") this.#was = state;
      this.#emit("status", { mode: this.#mode, connection: state });
    }

    #adrift() {
      clearTimeout(this.#late);
      this.#view.discardAll();
      this.#view.typing(false);
      if (this.#link.state === "connecting") return;
      for (const [id, entry] of this.#pending) if (!entry.failed) this.#view.mark(id, "kept");
    }

    /** The server does not take the identity. Fetch a fresh one once, if we can; else it is up to the page. */
    #refused() {
      if (typeof this.#identity === "function" && !this.#asked) {
        this.#jwt = null;
        setTimeout(() => this.#link?.state === "refused" && this.#link.connect());
        return;
      }
      this.#view.banner(this.#words.refused, this.#words.again);
      this.#emit("identity-invalid", {});
    }

    #retry() {
      if (this.#link.state !== "refused") return this.#link.wake();
      this.#asked = false;
      if (typeof this.#identity === "function") this.#jwt = null;
      this.#link.connect();
    }

    #wipe() {
      this.#pending.clear();
      this.#unread.clear();
      this.#cursor = 0;
      this.#mode = "bot";
      this.#ticket = null;
      this.#view?.clear();
      this.#view?.status("bot");
      this.#count();
    }

    // -- frames in

    #take(frame) {
      const view = this.#view;
      if (frame.type === "welcome") this.#welcome(frame);
      else if (frame.type === "ack") this.#ack(frame);
      else if (frame.type === "message") this.#message(frame, false);
      else if (frame.type === "typing") view.typing(frame.on ?? true, frame.name);
      else if (frame.type === "delta") view.stream(frame.turn, frame.text ?? "");
      else if (frame.type === "discard") view.discard(frame.turn);
      else if (frame.type === "status") this.#status(frame.mode);
      else if (frame.type === "error") this.#error(frame);
    }

    #welcome(frame) {
      const { visitor, seq, messages = [] } = frame;
      this.#asked = false;
      if (frame.reset) this.#restart(seq);
      this.#store.write({ visitor });
      this.#view.silently(() => {
        for (const message of messages) this.#message(message, true);
        for (const [id, entry] of this.#pending) if (!this.#view.has(id)) this.#paint(entry);
      });
      this.#cursor = Math.max(this.#cursor, seq ?? 0);
      this.#seen();
      this.#status(frame.mode ?? this.#mode);
      this.#emit("welcome", { visitor, seq, messages });
      for (const entry of this.#pending.values()) this.#transmit(entry);
    }

    /** The server moved this visitor to another conversation: its messages come with the same frame. */
    #restart(seq) {
      this.#view.clear();
      this.#unread.clear();
      this.#cursor = 0;
      this.#store.write({ seen: seq });
    }

    #message(frame, missed) {
      const seen = this.#store.read().seen ?? 0;
      frame.id ??= `seq-${frame.seq}`;
      frame.at ??= missed ? undefined : new Date().toISOString();
      if (this.#pending.has(frame.id)) this.#done(frame.id);
      if (frame.author !== "user") this.#arrived(frame, seen);
      this.#view.put(frame);
      this.#cursor = Math.max(this.#cursor, frame.seq ?? 0);
      if (!missed) this.#seen();
      this.#emit("message", { frame });
    }

    #arrived(frame, seen) {
      this.#view.discardAll();
      this.#view.typing(false);
      if (!this.#view.has(frame.id) && (frame.seq ?? Infinity) > seen) this.#unread.add(frame.id);
      if (frame.ticket) this.#ticket = frame.ticket.number ?? frame.ticket;
      if (frame.ticket) this.#view.status(this.#mode, this.#ticket);
    }

    #ack({ id, seq }) {
      this.#done(id);
      this.#cursor = Math.max(this.#cursor, seq ?? 0);
      this.#view.settle(id, { seq });
    }

    #done(id) {
      this.#pending.delete(id);
      this.#store.drop(id);
      if (!this.#pending.size) clearTimeout(this.#late);
    }

    #status(mode) {
      if (mode !== "staff" && mode !== "bot") return;
      this.#mode = mode;
      this.#view.status(mode, this.#ticket);
      this.#emit("status", { mode, connection: this.#link.state });
    }

    #error({ code, message, id }) {
      const { errors } = this.#words;
      const text = errors[code] ?? (message || errors.other);
      this.#view.typing(false);
      if (this.#pending.has(id)) return this.#fail(id, text);
      this.#view.put({ id: uuid(), author: "system", text, seq: this.#cursor });
    }

    // -- messages out

    #send(entry) {
      this.#store.keep(entry);
      this.#hold(entry);
      if (this.#link.state === "idle") this.#link.connect();
      this.#link.wake();
      this.#transmit(entry);
    }

    #hold(entry) {
      this.#pending.set(entry.id, entry);
      this.#paint(entry);
    }

    #paint({ id, text, label, at, failed }) {
      const state = failed ? "failed" : ["waiting", "refused"].includes(this.#link.state) ? "kept" : "";
      this.#view.put({ id, author: "user", text: text ?? label, at, channel: "web" });
      this.#view.mark(id, state, failed || "");
    }

    #transmit({ type, id, text, value, failed }) {
      if (failed || !this.#link.online) return;
      setTimeout(() => this.#slow(id), 1500);
      this.#link.send(type === "choice" ? { type, id, value } : { type, id, text });
      clearTimeout(this.#late);
      this.#late = setTimeout(() => this.#link.renew(), PATIENCE); // a wire without answers is a dead one
    }

    #slow(id) {
      const waits = this.#pending.has(id) && !this.#pending.get(id).failed && this.#link.online;
      if (waits) this.#view.mark(id, "sending");
    }

    #fail(id, reason) {
      this.#pending.get(id).failed = reason;
      this.#store.drop(id);
      this.#view.mark(id, "failed", reason);
      clearTimeout(this.#late);
    }

    #resend(id) {
      const entry = this.#pending.get(id);
      entry.failed = false;
      this.#store.keep(entry);
      this.#view.mark(id, "kept");
      this.#link.wake();
      this.#transmit(entry);
      this.#view.input.focus();
    }

    /** The server closed because of a frame's size: sending the longest again would close it again. */
    #tooLarge() {
      const [longest] = [...this.#pending.values()].sort((a, b) => (b.text?.length ?? 0) - (a.text?.length ?? 0));
      this.#error({ code: "too_long", id: longest?.id });
    }

    // -- what was read

    #seen() {
      if (this.#shown && !document.hidden) {
        this.#unread.clear();
        if (this.#cursor > (this.#store.read().seen ?? 0)) this.#store.write({ seen: this.#cursor });
      }
      this.#count();
    }

    #count() {
      this.#view?.badge(this.#unread.size, this.hasAttribute("open"));
    }
  }

  // ----------------------------------------------------------------------------------------------------------- page

  /** `window.throughline`: a queue while there is no element, then the element's methods. */
  function publish() {
    const queue = Array.isArray(window.throughline) ? window.throughline : [];
    let element = null;
    const api = {
      push: ([method, ...rest]) => (element?.isConnected ? element[method](...rest) : void queue.push([method, ...rest])),
      ready(chat) {
        if (!element?.isConnected) element = chat;
        for (const call of queue.splice(0)) api.push(call);
      },
    };
    for (const method of ["identify", "reset", "open", "close", "send"]) api[method] = (...rest) => api.push([method, ...rest]);
    window.throughline = api;
  }

  /** Without an element of the page's own, make the launcher; `data-…` of the script tag become its attributes. */
  function launch() {
    if (!script || "manual" in script.dataset || document.querySelector(TAG)) return;
    const chat = document.createElement(TAG);
    for (const name of ["name", "lang", "theme", "server", "open"]) {
      if (name in script.dataset) chat.setAttribute(name, script.dataset[name]);
    }
    document.body.append(chat);
  }

  if (customElements.get(TAG)) return;
  publish();
  customElements.define(TAG, ThroughlineChat);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", launch);
  else setTimeout(launch); // after the load handler of a script that was added late
})();
