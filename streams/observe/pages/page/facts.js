// A fact in a sentence, and whether it is about a steal.
import { clock, make, money, words } from "./dom.js";

const LOUD = ["steal.started", "steal.settled", "steal.lost", "steal.expired", "fight.detected",
  "deleverage.started", "account.halted"];

export const isLoud = (fact) => LOUD.includes(fact.type);

const SAID = {
  "steal.started": (f) => `${f.symbol} entry ${f.entry} takes from ${f.victims.map((v) => `${v.order} (${v.symbol}, ${(v.distance * 100).toFixed(2)} % away)`).join(", ")}; needs ${money(f.needed_micros)}, free ${money(f.free_micros)}`,
  "steal.settled": (f) => `steal ${f.steal}: the venue took order ${f.order} of entry ${f.entry}`,
  "steal.lost": (f) => `steal ${f.steal} of entry ${f.entry}: ${words(f.reason)}`,
  "steal.expired": (f) => `steal ${f.steal}: no answer for ${f.unanswered.join(", ")}`,
  "entry.blocked": (f) => `${f.symbol} entry ${f.entry}: ${words(f.reason)}${f.detail ? `, ${words(f.detail)}` : ""}; needs ${money(f.needed_micros)}, free ${money(f.free_micros)}`,
  "entry.ended": (f) => `${f.symbol} entry ${f.entry}: ${words(f.reason)}`,
  "fight.detected": (f) => `${f.pair.join(" and ")}: ${f.steals} steals, ${f.won ? "won by the better forecast" : "lost"}`,
  "cooldown.started": (f) => `${f.symbol} is spared until ${clock(f.until_us).slice(0, 8)}`,
  "deleverage.started": (f) => `${money(f.over_micros)} too much for the night`,
  "account.halted": (f) => `${words(f.reason)}: ${f.detail}`,
  "event.refused": (f) => `${words(f.reason)}: ${f.detail}`,
};

export const sentence = (fact) => (SAID[fact.type] ? SAID[fact.type](fact) : "");

const TONE = { "steal.started": "warn", "steal.settled": "good", "steal.lost": "bad", "steal.expired": "bad", "account.halted": "bad" };

// One line of a list of facts.
export function line(fact, tag = "li") {
  return make(tag, { "data-id": fact.id, "data-type": fact.type, class: "new" },
    make("b", { class: TONE[fact.type] || null }, fact.type.replace(".", " ")),
    make("span", {}, [fact.account, sentence(fact)].filter(Boolean).join(": ")),
    make("div", { class: "muted" }, make("time", {}, clock(fact.ts_us)), " ", make("span", { class: "id" }, fact.id)));
}
