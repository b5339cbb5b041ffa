// The shapes that the lab's modules hand to each other. For readers and `tsc --checkJs`; the browser never loads this file.
import type { Message } from "../types.js";

export type Kind = "polling" | "long-polling" | "websocket";

/** Sums since the last reset. Bytes are those of the text in UTF-8. */
export type Counts = {
  /** HTTP requests that were begun, a WebSocket's handshake among them. */
  requests: number;
  /** Answers to a poll that had no event in them. */
  empty: number;
  /** Answers that were errors, requests without an answer, and connections that were lost. */
  failed: number;
  framesUp: number;
  framesDown: number;
  /** What the chat says: bodies of requests and answers, payloads of frames. */
  bodyUp: number;
  bodyDown: number;
  /** What HTTP and WebSocket add: request lines, status lines, headers, the heads of frames. */
  headUp: number;
  headDown: number;
  /** For how long connections were held: two of them for a second are 2,000. */
  heldMs: number;
  /** Messages whose sending was seen here and that arrived. */
  delivered: number;
};

export type SpanKind = "empty" | "news" | "other" | "failed" | "pending" | "socket";
/** Something that lasted, on the page's clock; `to` is null while it lasts. */
export type Span = { from: number; to: number | null; kind: SpanKind };
/** A message's way, on the page's clock. */
export type Flight = { sentAt: number; at: number };

/** One second, or longer where the browser let the page wait, of one way. */
export type Sample = {
  /** Milliseconds since the epoch, at its end. */
  time: number;
  kind: Kind;
  /** The interval of polls or the longest wait, in seconds; null where there is none. */
  setting: number | null;
  seconds: number;
  /** What came to `Counts` in this time. */
  counts: Counts;
  heldNow: number;
  /** Of the last deliveries up to then, in milliseconds; null before the first. */
  p50: number | null;
  p99: number | null;
};

export type Sizes = { head: number; body: number };

/** What a member tells of itself. */
export type Observer = {
  /** A request has begun. What is returned is to be called once, with its end. */
  request(sizes: Sizes): (end: { kind: SpanKind } & Partial<Sizes>) => void;
  /** A socket is there; to be called once it is gone. */
  held(): () => void;
  frame(way: "up" | "down", sizes: Sizes): void;
  lost(): void;
  message(message: Message): void;
  status(status: Status): void;
};

export type Status = {
  state: "connecting" | "asking" | "resting" | "open" | "refused" | "away" | "stopped";
  /** HTTP status or error code, where one was refused. */
  reason?: string;
  /** On the page's clock: when the next attempt is made. */
  until?: number;
};

export type Place = { room: string; name: string; ticket: string };

/** One of the three in the room. */
export type Member = {
  start(): void;
  stop(): void;
  ready(): boolean;
  /** The message is on its way; whether it arrives is seen by its coming back. */
  say(id: string, content: string): void;
};
