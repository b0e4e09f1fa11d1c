// The rooms of a puzzle in rows and columns, one plan for each time, with what is known to stand in them.
import { el, spoken } from "../../view/dom.js";

const ABOUT = {
  killer: () => "The murderer",
  weapon: () => "The murder weapon",
  room: () => "The place of the murder",
  time: () => "The time of the murder",
  why: () => "The motive of the murder",
  motive: ({ piece }) => `The motive of ${piece}`,
};
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const once = (facts) => facts.filter((fact, i) => facts.findIndex((other) => same(fact, other)) === i);

/** A name; struck, and said to be not so, where it is denied. */
function named(fact, now, tag, kind = "") {
  const fresh = now && same(fact, now);
  return el(tag, { class: `piece ${kind} ${fact.denied ? "denied" : ""} ${fresh ? "fresh" : ""}` },
    fact.denied ? [spoken("not "), el("s", {}, fact.name)] : fact.name, fresh ? spoken(" (new)") : null);
}

/** Plans of the floor, north above, one for each time. known: facts of sound lines; now: the fact of this line. */
export function drawFloor({ rooms, columns, times }, known, now) {
  const facts = once(known);
  const when = times.length ? facts.find(({ about, denied }) => about === "time" && !denied)?.time : 0;
  const murder = (room, time) => facts.filter((fact) => fact.about === "room" && fact.room === room && !fact.denied && time === when);
  const cell = (room, time) => (room < rooms.length ? el("td", {},
    el("span", { class: "room" }, rooms[room]),
    murder(room, time).map(() => el("span", { class: "piece body" }, "✘ the murder")),
    facts.filter((fact) => fact.about === "at" && fact.room === room && fact.time === time).map((fact) => named(fact, now, "span", fact.piece)))
    : el("td", { class: "outside" }));
  const rows = Array.from({ length: Math.ceil(rooms.length / columns) }, (_, row) => row * columns);
  return (times.length ? times : [""]).map((name, time) => el("table", { class: "plan" },
    el("caption", {}, name ? `The floor at ${name}, north above` : "The floor, north above"),
    el("tbody", {}, rows.map((first) => el("tr", {}, Array.from({ length: columns }, (_, i) => cell(first + i, time)))))));
}

/** What is known of the murder and of motives, as terms and descriptions. */
export function othersKnown(known, now) {
  const groups = new Map();
  for (const fact of once(known)) {
    const about = ABOUT[fact.about]?.(fact);
    if (about) groups.set(about, [...(groups.get(about) ?? []), fact]);
  }
  return [...groups].flatMap(([about, facts]) => [el("dt", {}, about), el("dd", {}, facts.map((fact) => named(fact, now, "span")))]);
}
