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
export type SystemLine = { type: "system"; room_id: string; content: string; timestamp: string };
export type Presence = { type: "presence"; users: string[]; timestamp: string; total?: number };
export type Fault = { type: "error"; code: string; content: string; timestamp: string; id?: string };
export type Pong = { type: "pong"; last_seq: number; timestamp: string };
export type Page = { type: "page"; messages: Message[]; last_seq: number; timestamp: string; more: boolean };
/** The server's codes (functions/chat/errors.py), then those that only the page itself reports. */
export type ErrorCode =
  | "room_too_long" | "room_invalid" | "client_too_long" | "client_invalid" | "client_reserved"
  | "content_missing" | "content_invalid" | "content_too_long" | "frame_too_large" | "frame_too_deep"
  | "action_unknown" | "sync_invalid" | "id_invalid" | "not_a_member" | "unavailable"
  | "gateway_fault" | "unreachable";

export type WireEvent = Message | SystemLine | Presence | Fault | Pong | Page;

// The state, and what else changes it

export type LinkStatus = "connecting" | "online" | "waiting" | "offline";
export type LinkChange = { status: LinkStatus; retryAt?: number };
export type Notice = { code: string; content: string };
export type Problems = { name?: string; room?: string };

/** A message of mine on its way: `sent` while an answer to it is due on this connection. */
export type Outgoing = { id: string; content: string; at: number; sent: boolean; error: Notice | null };

export type State = {
  view: "entry" | "room";
  name: string;
  room: string;
  leftRoom: string;
  problems: Problems;
  link: { status: LinkStatus; retryAt: number; everOpen: boolean; failures: number };
  /** A page of the log is on its way. */
  syncing: boolean;
  /** The seq up to which nothing is missing; null until the first page has come. */
  cursor: number | null;
  /** In order of seq. */
  messages: Message[];
  /** In order of time. */
  lines: SystemLine[];
  users: string[];
  total: number;
  outbox: Map<string, Outgoing>;
  notices: Notice[];
};

export type Event =
  | WireEvent
  | { type: "refused"; problems: Problems }
  | { type: "entered"; name: string; room: string }
  | { type: "left" }
  | ({ type: "link" } & LinkChange)
  | { type: "sync_began" }
  | { type: "composed"; id: string; content: string; at: number }
  | { type: "sent"; id: string }
  | { type: "retried"; id: string }
  | { type: "discarded"; id: string }
  | { type: "dismissed"; code: string };

/** Part of the reducer: the state that an event makes of another. */
export type Step<E> = (state: State, event: E) => State;

// The rows of the log

export type DayRow = { kind: "day"; key: string; at: number };
export type LineRow = { kind: "line"; key: string; at: number; content: string };
export type MessageRow = {
  kind: "message";
  key: string;
  at: number;
  sender: string;
  content: string;
  mine: boolean;
  /** Opens a group of messages of one sender. */
  first: boolean;
  id: string;
  progress: "" | "waiting" | "sending" | "failed";
  error: Notice | null;
};
export type Row = DayRow | LineRow | MessageRow;

// Languages

/** A piece of the page's own text, or of a user's, which needs isolation. */
export type Part = string | { user: string };
export type Values = Record<string, string | number>;
export type Template = string | { one: string; other: string };
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
  time(at: number): string;
  day(at: number, now: number): string;
  /** `fallback` is the server's own words, for a code that this page is too old to know. */
  error(code: string, fallback: string): string;
  /** A system line, translated if it has exactly the known form for this room. */
  systemLine(content: string, room: string): Part[];
};

// The page

export type Show = (state: State, speak: Speaker) => void;

/** What a person can do. */
export type Actions = {
  enter(name: string, room: string): void;
  leave(): void;
  send(content: string): void;
  retry(id: string): void;
  discard(id: string): void;
  dismiss(code: string): void;
  speakIn(code: string): void;
};

// The connection

export type ConnectionOptions = {
  onLink(change: LinkChange): void;
  onFrame(data: string): void;
  heartbeat(): string;
  connect?(url: string): WebSocket;
  random?(): number;
  now?(): number;
  isOnline?(): boolean;
};
