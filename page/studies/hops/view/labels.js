// Where names stand beside their dots so that none covers another, nor another's dot.

const LETTER = 8.4, HEIGHT = 19, DOT = 8; // user units, of 15 px type; rather too wide than too narrow
const STEPS = [0, 1, -1, 2, -2, 3, -3, 4, -4];

const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** {name, x, y, anchor} of each [name, {x, y}]: right of its dot or left of it, moved up or down until it is free. */
export function placed(names, { width, height }) {
  const taken = names.map(([, { x, y }]) => ({ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT }));
  return names.map(([name, dot], own) => {
    const long = name.length * LETTER;
    const choices = STEPS.flatMap((step) => ["start", "end"].map((anchor) => {
      const [x, y] = [dot.x + (anchor === "start" ? 11 : -11), dot.y + 5 + step * HEIGHT];
      const left = anchor === "start" ? x : x - long;
      return { name, x, y, anchor, box: { left, right: left + long, top: y - HEIGHT + 5, bottom: y + 5 } };
    })).filter(({ box }) => box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height);
    const free = choices.find(({ box }) => !taken.some((other, i) => i !== own && meet(box, other))) ?? choices[0]
      ?? { name, x: dot.x + 11, y: dot.y + 5, anchor: "start", box: taken[own] };
    taken.push(free.box);
    return free;
  });
}
