/* What the panes have seen, in one place, so that the guided tour can wait for real events. It decides nothing. */

/** Filled by the panes: the session's events and state, Acme's ledger, messages by phone, mail and Slack. */
export const world = { events: [], session: null, people: null, ledger: [], phone: new Map(), mails: new Map(), slack: new Map(), status: {} };

const told = new EventTarget();

/** Say that something changed. */
export const tell = () => told.dispatchEvent(new Event("change"));

/** Wait until `found()` gives something true, and resolve to that; to null when it takes longer than `patience`. */
export function until(found, { patience = 20_000, signal } = {}) {
  return new Promise((done) => {
    const end = (value) => {
      clearTimeout(timer);
      told.removeEventListener("change", look);
      signal?.removeEventListener("abort", gone);
      done(value);
    };
    const look = () => {
      const value = found();
      if (value) end(value);
    };
    const gone = () => end(null);
    const timer = setTimeout(gone, patience);
    told.addEventListener("change", look);
    signal?.addEventListener("abort", gone);
    look();
  });
}

/** Follow every change. */
export const listen = (heard) => told.addEventListener("change", heard);
