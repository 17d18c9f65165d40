/** Numbers and times as people read them. */

const PLACES = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return PLACES.format(value);
}

/** Letters of a name's end that stay in sight where it is cut: those that kirie tells runs apart by, and a hyphen. */
const TAIL = 5;

/** A name as its beginning, which may be cut, and its end, which may not. */
export function ends(name: string): [string, string] {
  const letters = [...name];
  if (letters.length <= 2 * TAIL) return [name, ""];
  return [letters.slice(0, -TAIL).join(""), letters.slice(-TAIL).join("")];
}

/** Four significant digits; exponents only where plain digits would not do. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return PLACES.format(value).replace("-", "−");
  const text = size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(2) : trimmed(value, size);
  return text.replace("-", "−");
}

/** A value of a log: NaN is one there, and no dash for what is missing. */
export function logged(value: number): string {
  return Number.isNaN(value) ? "NaN" : number(value);
}

function trimmed(value: number, size: number): string {
  if (size >= 1000) return value.toFixed(1);
  const digits = size >= 100 ? 2 : size >= 10 ? 3 : size >= 0.1 ? 4 : size >= 0.01 ? 5 : 6;
  return String(Number(value.toFixed(digits)));
}

/** All digits, for what is copied. */
export function exact(value: number): string {
  return String(value);
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Unix seconds as local date and time, to the minute. */
export function moment(seconds: number | null | undefined): string {
  if (!seconds) return "–";
  const at = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function ago(seconds: number, now = Date.now() / 1000): string {
  const gone = Math.max(0, now - seconds);
  if (gone < 60) return "just now";
  if (gone < 3600) return `${Math.floor(gone / 60)} min ago`;
  if (gone < 86400) return `${Math.floor(gone / 3600)} h ago`;
  return `${Math.floor(gone / 86400)} d ago`;
}

export function plural(many: number, one: string, more = `${one}s`): string {
  return `${count(many)} ${many === 1 ? one : more}`;
}

/** Seconds as `0:08`, `1:02:03`, `3 d 1:00`: short, for axes. */
export function clock(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  const sign = seconds < 0 ? "−" : "";
  if (days > 0) return `${sign}${days} d ${hours}:${two(minutes)}`;
  return sign + (hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`);
}
