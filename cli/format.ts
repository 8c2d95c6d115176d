// Times, durations, money and counts as people read them.

/** `4 s`, `12 m`, `2 h 14 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 1) return `${Math.max(0, Math.round(ms))} ms`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} m`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** `+00:12:03` since the start of a run; hours go on past 24. */
function sinceStart(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `+${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** `14:05:30`, in the reader's time zone. */
function clockTime(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Dollars; small sums keep the digits that matter. */
export function money(dollars: number): string {
  return dollars !== 0 && Math.abs(dollars) < 0.1 ? `$${dollars.toFixed(4)}` : `$${dollars.toFixed(2)}`;
}

/** `18 204`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** `1 retry`, `2 retries`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Says when something happened: relative to the start for simulated time, by the clock otherwise. */
export type When = (at: number) => string;

export function whenOf(start: number, relative: boolean): When {
  return relative ? (at) => sinceStart(at - start) : clockTime;
}
