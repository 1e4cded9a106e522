// Times, days, phone numbers and codes as people in Vietnam write them, wherever the browser is.

const ZONE = "Asia/Ho_Chi_Minh";
const SECONDS = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTES = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, day: "2-digit", month: "2-digit" });

export const toSeconds = (at) => formatted(SECONDS, at);
export const toMinutes = (at) => formatted(MINUTES, at);

// With the day if it is not the day of `now`.
export function toSecondsOf(at, now) {
  const day = formatted(DAY, at);
  return day === formatted(DAY, now) ? toSeconds(at) : `${toSeconds(at)} ${day}`;
}

// In milliseconds; 0 for no time.
export const instant = (at) => Date.parse(at ?? "") || 0;

// 2026-11-25 → 25/11/2026
export const dayInWords = (day) => day.split("-").reverse().join("/");

// 0912345678 → 0912 345 678
export const spacedPhone = (phone) => phone.replace(/^(0\d{3})(\d{3})(\d{3})$/, "$1 $2 $3");

// People type a receipt code in any case, with spaces around it.
export const canonical = (code) => code.normalize("NFKC").trim().toUpperCase();

function formatted(format, at) {
  const milliseconds = Date.parse(at ?? "");
  return Number.isNaN(milliseconds) ? "" : format.format(milliseconds);
}
