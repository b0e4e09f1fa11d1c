// Start: what was found, and the game that shows how: guess, then be the reward.
import { keepAddress } from "../../address.js";
import { el } from "../../view/dom.js";
import { explained } from "../../view/terms.js";
import { Dial, dialCard } from "../../tabs/distribution/dial.js";
import { Game } from "./game.js";

const WORDS = ["arm", "seed", "hop", "SFT", "RSFT", "faithful", "contaminated", "rotary positions"];

class Start {
  constructor(panel, store, { recording }) {
    const seen = new Set();
    if (store.site.dial) this.dial = new Dial(store, { recording });
    this.game = new Game(store, (place) => keepAddress({ tab: "start", ...place }));
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "What was found"),
      ...store.site.finding.map((sentence, i) => el("p", { class: i ? "more" : "lead" }, explained(sentence, seen))),
      el("p", { class: "muted" }, "Words of this page: ", WORDS.flatMap((word, i) => [i ? ", " : "", ...explained(word)]), "."),
      this.game.node,
      ...(this.dial ? [dialCard(this.dial)] : []));
  }

  leave() {
    this.dial?.leave();
  }

  visit(address) {
    this.dial?.visit();
    return this.game.open(address);
  }

  key(event) {
    this.game.key(event);
  }
}

export const open = (panel, store, options) => new Start(panel, store, options);
