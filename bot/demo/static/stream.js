// Lines as they come, by server-sent events. The browser reconnects by itself and says what it had last.

const PATIENCE = 3000; // milliseconds without a connection before the page says so
const AGAIN = 2000; // milliseconds until we try again where the browser has given up

export class Stream {
  /** `onLine` gets every line, some of them twice; `onOffline` whether the connection is missing. */
  constructor(onLine, onOffline) {
    this.onLine = onLine;
    this.onOffline = onOffline;
    this.last = 0;
    document.addEventListener("visibilitychange", () => this.connect());
  }

  /** Listen to these rooms, from their history on. */
  open(rooms) {
    this.rooms = rooms;
    this.last = 0;
    this.connect();
  }

  connect() {
    this.close();
    const query = new URLSearchParams({ rooms: this.rooms.join(","), after: this.last });
    // A browser keeps six connections to one host: a tab that nobody looks at must not hold one.
    if (document.hidden) query.set("brief", "1");
    this.source = new EventSource(`events?${query}`);
    this.source.onopen = () => this.online();
    this.source.onerror = () => this.interrupted();
    this.source.onmessage = (event) => {
      const line = JSON.parse(event.data);
      this.last = Math.max(this.last, line.id);
      this.onLine(line);
    };
  }

  close() {
    this.source?.close();
    clearTimeout(this.retry);
  }

  online() {
    clearTimeout(this.complaint);
    this.complaint = null;
    this.onOffline(false);
  }

  /** Every response ends after a while; only a connection that stays away is worth a word. */
  interrupted() {
    if (!document.hidden) this.complaint ??= setTimeout(() => this.onOffline(true), PATIENCE);
    if (this.source.readyState === EventSource.CLOSED) this.retry = setTimeout(() => this.connect(), AGAIN);
  }
}
