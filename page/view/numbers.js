// Numbers for people, in the forms that the post uses (scripts/trap/report/prose.py).

const NO_BREAK = "\u00a0";

/** "41 %"; a share that is small but not zero, or all but whole, keeps one decimal. */
export function percent(share) {
  if (share === null || share === undefined) return "not measured";
  const value = 100 * share;
  const digits = (Math.abs(value) > 0 && Math.abs(value) < 0.95) || (value > 99.05 && value < 100) ? 1 : 0;
  return `${value.toFixed(digits)}${NO_BREAK}%`;
}

/** "[35–47]", in percent. */
export function interval(low, high) {
  if (low === null || low === undefined || high === null || high === undefined) return "";
  const digits = high > 0 && high < 0.0995 ? 1 : 0;
  return `[${(100 * low).toFixed(digits)}–${(100 * high).toFixed(digits)}]`;
}

/** A number in its unit: a share in percent, all else with two decimals at most. */
export const quantity = (value, unit = "share") => (unit === "share" ? percent(value) : value === null || value === undefined ? "not measured" : points(value));

/** "41 % [35–47]" of a share, "2.41 [2.36–2.46]" of another number. */
export function estimate(row, unit = "share") {
  if (!row) return "not measured";
  if (unit === "share") return `${percent(row.value)} ${interval(row.low, row.high)}`.trim();
  const ends = row.low === null || row.high === null ? "" : ` [${points(row.low)}${row.low < 0 ? " to " : "–"}${points(row.high)}]`;
  return `${points(row.value)}${ends}`;
}

/** "+0.6 points [−0.8 to 2.1]" of a difference of shares; of other numbers "+0.12 [0.04–0.2]". */
export function difference(row, unit = "share") {
  if (row?.value === null || row?.value === undefined) return "not measured";
  if (unit !== "share") return `${row.value > 0 ? "+" : ""}${estimate(row, unit)}`;
  const tenths = (share) => (Math.round(1000 * share) / 10).toFixed(1).replace("-0.0", "0.0");
  const size = tenths(Math.abs(row.value));
  const sign = size === "0.0" ? "±" : row.value > 0 ? "+" : "−";
  if (row.low === null || row.high === null) return `${sign}${size}${NO_BREAK}points`;
  const [low, high] = [tenths(row.low), tenths(row.high)];
  const joint = low.startsWith("-") || high.startsWith("-") ? " to " : "–";
  return `${sign}${size}${NO_BREAK}points [${low}${joint}${high}]`.replaceAll("-", "−");
}

/** "n = 1000 × 6 seeds". */
export function sample(row) {
  if (!row?.n) return "";
  const seeds = row.seeds ? ` × ${count(row.seeds, "seed")}` : "";
  return `n${NO_BREAK}=${NO_BREAK}${row.n}${seeds}`;
}

/** A number: sign kept, two decimals at most, a real minus. */
export const points = (value) => String(Math.round(100 * value) / 100).replace("-", "−");

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)}${NO_BREAK}MB`;

/** "1 line", "2 lines". */
export const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
