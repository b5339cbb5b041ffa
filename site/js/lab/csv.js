/** The figures as a table for other programs: RFC 4180, one row for each second and way. */

/** @import { Sample } from "./types.js" */

/** @type {[name: string, value: (sample: Sample) => string | number | null][]} */
const COLUMNS = [
  ["time", ({ time }) => new Date(time).toISOString()],
  ["transport", ({ kind }) => kind],
  ["setting_s", ({ setting }) => setting],
  ["seconds", ({ seconds }) => seconds.toFixed(3)],
  ["requests", ({ counts }) => counts.requests],
  ["empty_answers", ({ counts }) => counts.empty],
  ["failures", ({ counts }) => counts.failed],
  ["frames_up", ({ counts }) => counts.framesUp],
  ["frames_down", ({ counts }) => counts.framesDown],
  ["body_bytes_up", ({ counts }) => counts.bodyUp],
  ["body_bytes_down", ({ counts }) => counts.bodyDown],
  ["header_bytes_up", ({ counts }) => counts.headUp],
  ["header_bytes_down", ({ counts }) => counts.headDown],
  ["held_now", ({ heldNow }) => heldNow],
  ["held_ms", ({ counts }) => Math.round(counts.heldMs)],
  ["delivered", ({ counts }) => counts.delivered],
  ["latency_p50_ms", ({ p50 }) => p50 && p50.toFixed(1)],
  ["latency_p99_ms", ({ p99 }) => p99 && p99.toFixed(1)],
];

/** @param {string | number | null} value */
function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {readonly Sample[]} samples in order of time */
export function csv(samples) {
  const rows = [COLUMNS.map(([name]) => name), ...samples.map((sample) => COLUMNS.map(([, value]) => value(sample)))];
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
