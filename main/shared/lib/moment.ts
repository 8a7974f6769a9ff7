const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:07`, with thousandths `14:03:07.250`, in the time zone of the person. @param atMs since the epoch */
export function clockText(atMs: number, withMs = false): string {
  const at = new Date(atMs);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withMs ? `${text}.${String(at.getMilliseconds()).padStart(3, '0')}` : text;
}

/** Whether two moments lie on different days, in the time zone of the person. */
export function isOtherDay(atMs: number, nowMs: number): boolean {
  return new Date(atMs).toDateString() !== new Date(nowMs).toDateString();
}

/** The same, with its date where it is not today: `24 Nov 14:03:07`, in another year `3 Jan 2027 14:03:07`. */
export function momentText(atMs: number, nowMs: number, withMs = false): string {
  const clock = clockText(atMs, withMs);
  return isOtherDay(atMs, nowMs) ? `${dateText(atMs, nowMs)} ${clock}` : clock;
}

/** `24 Nov`, in another year `3 Jan 2027`. */
export function dateText(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const year = at.getFullYear() === new Date(nowMs).getFullYear() ? '' : ` ${at.getFullYear()}`;
  return `${at.getDate()} ${months[at.getMonth()]}${year}`;
}
