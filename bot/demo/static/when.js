// Time as WeChat shows it, in China's time wherever the browser is.

const ZONE = "Asia/Shanghai";
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, month: "long", day: "numeric" });
const date = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
const relative = new Intl.RelativeTimeFormat("zh-CN", { numeric: "auto" });

/** “14:05”, “昨天 14:05” or “11月20日 14:05”. */
export function stamp(at) {
  const ago = daysAgo(at);
  if (ago === 0) return clock.format(at);
  return `${ago === 1 ? relative.format(-1, "day") : day.format(at)} ${clock.format(at)}`;
}

/** The same, shorter, for the list of chats. */
export function short(at) {
  const ago = daysAgo(at);
  if (ago === 0) return clock.format(at);
  return ago === 1 ? relative.format(-1, "day") : day.format(at);
}

function daysAgo(at) {
  return Math.round((Date.parse(date.format(new Date())) - Date.parse(date.format(at))) / 86400000);
}
