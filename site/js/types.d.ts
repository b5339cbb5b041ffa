// The shapes that the modules hand to each other. For readers and `tsc --checkJs`; the browser never loads this file.

// On the wire

export type Message = {
  type: "message";
  room_id: string;
  client_id: string;
  content: string;
  timestamp: string;
  seq: number;
  id?: string;
};
/** A summary, of many who came or went at once, names the first of them. */
export type Summary = { event: "joined" | "left"; clients: string[]; total: number };
export type SystemLine = { type: "system"; room_id: string; content: string; timestamp: string } & Partial<Summary>;
export type Presence = { type: "presence"; users: string[]; timestamp: string; total?: number };
export type Fault = {
  type: "error";
  code: string;
  content: string;
  timestamp: string;
  id?: string;
  retry_after_ms?: number;
};
export type Pong = { type: "pong"; last_seq: number; timestamp: string };
/** Every number from `from` to `through` is in `messages` or was never used. */
export type Page = {
  type: "page";
  messages: Message[];
  from: number;
  through: number;
  last_seq: number;
  more: boolean;
  timestamp: string;
  id?: string;
};
/** The server's codes (functions/chat/errors.py), then those that only the page itself reports. */
export type ErrorCode =
  | "room_too_long" | "room_invalid" | "client_too_long" | "client_invalid" | "client_reserved"
  | "content_missing" | "content_invalid" | "content_too_long" | "frame_too_large" | "frame_too_deep"
  | "action_unknown" | "sync_invalid" | "id_invalid" | "not_a_member" | "rate_limited" | "unavailable"
  | "not_admitted" | "too_many_connections" | "key_missing"
  | "gateway_fault" | "unreachable" | "ticket_expired";

export type WireEvent = Message | SystemLine | Presence | Fault | Pong | Page;

// The state, and what else changes it

export type LinkStatus = "connecting" | "online" | "waiting" | "offline";
/** `refusal` is why the server let nobody in. */
export type LinkChange = {
  status: LinkStatus;
  transport?: Kind;
  retryAt?: number;
  ticketExpired?: boolean | undefined;
  refusal?: Notice | undefined;
};
/** One that `hinders` is why there is no way in just now; it goes by itself. */
export type Notice = { code: string; content: string; hinders?: boolean };

/** Numbers whose messages are gone, first and last. */
export type Gap = { from: number; to: number };

export type Log = {
  /** The seq up to which nothing is missing; null until the first page has come. */
  cursor: number | null;
  /** What is shown, in order of seq, up to the cursor. */
  messages: Message[];
  /** Above a hole, in order of seq. */
  held: Message[];
  gaps: Gap[];
  /** The lowest seq that is held or known to be void. */
  first: number;
  /** There are messages before `first`. */
  earlier: boolean;
  /** The highest seq that was told of. */
  last: number;
  /** Something contradicts what is known. */
  doubtful: boolean;
};

/** Which messages are drawn: from a number, 0 for the beginning, to a number, or Infinity. */
export type Span = { from: number; to: number };

export type Reading = {
  /** The end of the log is in sight, and so is what comes there. */
  following: boolean;
  /** The last number that was seen; null until there are messages. */
  seen: number | null;
  /** How many of others' came since. */
  unread: number;
  /** The first of them; it stays when they have been seen, until there is something else to say. */
  divider: number | null;
};

/** A message of mine on its way. Times are those of `Moment`. */
export type Outgoing = {
  id: string;
  content: string;
  at: number;
  /** Set while an answer to it is due on this connection. */
  sentAt: number | null;
  notBefore: number;
  tries: number;
  /** Its number once it is stored: it waits here until the log shows it. */
  seq: number | null;
  error: Notice | null;
};
export type Outbox = Map<string, Outgoing>;

export type Sync = {
  /** A page is to be asked for. */
  due: boolean;
  /** What was said while the connection was away has been fetched. */
  current: boolean;
  asked: { id: string; at: number } | null;
  /** Questions in a row without a proper answer. */
  tries: number;
  notBefore: number;
  /** When a hole is asked about, if it is still there. */
  holeAt: number;
  /** Somebody wants to see earlier messages. */
  earlier: boolean;
  /** Who is here is to be asked. */
  presence: boolean;
  beatAt: number;
  /** The server does not know this connection any more. */
  evicted: boolean;
};

export type State = {
  name: string;
  room: string;
  link: { status: LinkStatus; transport: Kind; retryAt: number; everOpen: boolean; failures: number };
  log: Log;
  reading: Reading;
  /** In order of time. */
  lines: SystemLine[];
  users: string[];
  total: number;
  /** When that was so, by the server. */
  presentAt: string;
  outbox: Outbox;
  sync: Sync;
  notices: Notice[];
};

/** What of a state outlasts a reload. */
export type Kept = { log: Log; outbox: Outbox };

/** Milliseconds of a clock that only goes forward, and a number in [0, 1) for whatever needs luck. */
export type Moment = { now: number; luck: number };

export type FrameAsk =
  | { type: "message"; id: string; content: string }
  | { type: "sync"; id: string; after?: number; before?: number }
  | { type: "ping" }
  | { type: "presence" };
export type Ask =
  | FrameAsk
  /** An answer is overdue. */
  | { type: "silence"; id: string }
  | { type: "reconnect" };
export type Plan = { at: number; ask: Ask };

export type Event =
  | WireEvent
  | { type: "entered"; name: string; room: string; kept: Kept | null }
  | ({ type: "link" } & LinkChange)
  | { type: "relieved"; transport: Kind }
  | { type: "asked"; ask: Ask }
  | { type: "earlier" }
  | { type: "looked"; seq: number; following: boolean }
  | { type: "hid" }
  | { type: "composed"; id: string; content: string; at: number }
  | { type: "retried"; id: string }
  | { type: "discarded"; id: string }
  | { type: "dismissed"; code: string };

// The rows of the log

export type DayRow = { kind: "day"; key: string; at: number };
export type LineRow = { kind: "line"; key: string; at: number; content: string; told: Summary | null };
/** Many lines; `told` is what they come to. */
export type CrowdRow = { kind: "crowd"; key: string; at: number; lines: LineRow[]; told: Summary[] };
/** Where the new messages begin. */
export type UnreadRow = { kind: "unread"; key: string; at: number };
export type GapRow = { kind: "gap"; key: string; at: number; count: number };
export type MessageRow = {
  kind: "message";
  key: string;
  at: number;
  /** Null while it is on its way. */
  seq: number | null;
  sender: string;
  content: string;
  mine: boolean;
  /** Opens a group of messages of one sender. */
  first: boolean;
  /** Closes it. */
  last: boolean;
  id: string;
  progress: "" | "waiting" | "sending" | "stored" | "failed";
  error: Notice | null;
};
export type Row = DayRow | LineRow | CrowdRow | GapRow | UnreadRow | MessageRow;

// What a message is made of

export type Link = { text: string; href: string };
export type Piece = string | Link;
export type Quote = { name: string; text: string };

// Languages

/** A piece of the page's own text, or of a user's, which needs isolation. */
export type Part = string | { user: string };
export type Values = Record<string, string | number | Part[]>;
/** One text, or one for each plural form that the language has (`Intl.PluralRules`). */
export type Template = string | ({ other: string } & { [form in Intl.LDMLPluralRule]?: string });
export type Language = {
  code: string;
  dir: "ltr" | "rtl";
  texts: Record<string, Template>;
  errors: Record<ErrorCode, string>;
};
export type Speaker = {
  language: Language;
  parts(key: string, values?: Values): Part[];
  /** As one string, for attributes and titles: user texts between Unicode isolates. */
  plain(key: string, values?: Values): string;
  number(value: number): string;
  /** Recent ones by how long ago, others by the clock. */
  ago(at: number, now: number): string;
  /** Day and time in full. */
  exact(at: number): string;
  day(at: number, now: number): string;
  /** `fallback` is the server's own words, for a code that this page is too old to know. */
  error(code: string, fallback: string): string;
  /** Who came or went, or what else was said. */
  line(line: Pick<LineRow, "told" | "content">): Part[];
  /** Who came and who went. */
  summary(told: Summary[]): Part[];
};

// The page

/** A row's element, kept for as long as it is shown. */
export type Drawn = {
  node: HTMLElement;
  update?: (row: Row) => void;
  /** Time has passed. */
  tick?: () => void;
};
export type Show = (state: State, speak: Speaker) => void;

/** Who is where. */
export type Place = { name: string; room: string };
/** What to say on the entry screen: codes of errors, and the room one has just left. */
export type Told = { name?: string | undefined; room?: string | undefined; failed?: boolean; left?: string };

/** What a person can do in a room. */
export type Actions = {
  leave(): void;
  send(content: string): void;
  /** What is being written, to be kept. */
  draft(text: string): void;
  retry(id: string): void;
  discard(id: string): void;
  earlier(): void;
  /** The last number in sight, and whether the end of the log is. */
  looked(seq: number, following: boolean): void;
  /** The page is out of sight. */
  hid(): void;
  reload(): void;
  dismiss(code: string): void;
};

// The connection

export type Kind = "websocket" | "long-polling" | "polling";

/**
 * One entry into a room by one means, until it ends. `send` takes a frame of the protocol, and says whether it could be
 * handed to the network; `close` leaves.
 */
export type Transport = { send(frame: string): boolean; close(): void };
/** "refused" is the server's word; "missing": there is no such server; "cut": something in between cuts long requests. */
export type End = "lost" | "refused" | "missing" | "cut";
/** Called until the first `onEnd`, or `close`. A frame is an event as JSON, or an array of several, or of none. */
export type TransportEvents = { onOpen(): void; onFrame(data: string): void; onEnd(end: End, refusal?: Notice): void };
export type Entry = {
  room: string;
  name: string;
  /** "" where there is none. */
  ticket(): string;
  /** Told of each HTTP request when it begins, and again, with the same object, when it is over. */
  observe?: (exchange: Exchange) => void;
  pace?: Pace;
};
/** How polling is paced. It is read anew each time. */
export type Pace = {
  /** How long the server may hold a long poll, in seconds. */
  wait?: number;
  /** Between two polls, while people talk and when they have been quiet, in milliseconds. */
  soonest?: number;
  latest?: number;
};
export type Exchange = {
  request: "enter" | "leave" | "members" | "events" | "messages";
  method: string;
  /** Of this host: a path and a query. */
  url: string;
  /** The two bodies. */
  sent: string;
  received: string;
  /** How long the server was allowed to hold it, in seconds. */
  wait: number;
  /** 0 where no answer came, or not yet. */
  status: number;
  headers: [string, string][];
  /** By `performance.now()`; 0 until it is over. */
  startedAt: number;
  endedAt: number;
};
export type EventsQuery = { after?: number; before?: number; id?: string; noticed?: number | null; wait?: number };
export type Answer = { status: number; body: any };

/** What the two kinds of polling have in common. */
export type Poller = {
  isOver(): boolean;
  end(reason: End): void;
  pause(wait: () => number): Promise<boolean>;
  poll(wait: number): Promise<"news" | "quiet" | "failed" | "busy">;
};
export type Loop = (poller: Poller) => Promise<void>;

export type ConnectionOptions = {
  dial(kind: Kind, events: TransportEvents): Transport;
  onLink(change: LinkChange): void;
  /** `first` is false for a transport that has not taken over yet. */
  onFrame(data: string, first: boolean): void;
  /** Another transport has taken over. */
  onRelief(kind: Kind): void;
  heartbeat(): string;
  /** What a transport that is to take over asks first, and whether a frame is the answer. */
  greeting(): string;
  isWelcome(data: string): boolean;
  /** The only kind that is used, if any. */
  forced?: Kind | undefined;
  /** The kind that is tried first. */
  first?: Kind | undefined;
  random?(): number;
  now?(): number;
  isOnline?(): boolean;
};
