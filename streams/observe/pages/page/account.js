// One account: capital, orders, entries, steals, cooldowns, fights.
import { left, make, meter, money, number, percent, table, words } from "./dom.js";

// A countdown: `app.js` lets all of them run on the desk's clock.
export const until = (us, now) => make("span", { "data-until": us, class: "count" }, left(us - now));

function capital(held) {
  const rows = Object.entries(held.by_class).map(([name, one]) =>
    [name, money(one.positions_micros), money(one.orders_micros), `${number(one.leverage)} ×`, money(one.reserved_micros)]);
  return make("div", { id: "capital" },
    make("p", { class: "line" },
      make("strong", {}, `${money(held.reserved_micros)} in use of ${money(held.equity_micros)}`),
      make("span", {}, `free ${money(held.free_micros)}`)),
    meter(held.reserved_micros, held.equity_micros, "capital in use"),
    table("Capital", ["class", "positions", "orders", "leverage", "in use"], rows));
}

const mark = (one) => `${one.side} ${one.symbol}`;
const stale = (one) => (one.price === null ? "no price" : one.fresh ? percent(one.distance) : `${percent(one.distance)} (old quote)`);

function orders(view) {
  const rows = view.orders.map((one) => [
    one.order, mark(one), number(one.limit), stale(one), money(one.reserved_micros), one.state,
    one.spared ? `spared: ${words(one.spared)}` : "may be stolen"]);
  return rows.length
    ? table("Working orders, who would give way first stands first", ["order", "what", "limit", "distance", "binds", "state", "protection"], rows)
    : make("p", { class: "muted" }, "No working orders.");
}

function why(one) {
  if (one.state !== "waiting") return one.state;
  if (one.blocked) return `${words(one.blocked)}: ${one.blocked_because}`;
  return one.distance === null ? "no price yet" : `not at its trigger (within ${percent(one.tolerance)})`;
}

function entries(view, now) {
  const rows = view.entries.map((one) => [
    one.entry, mark(one), number(one.limit), stale(one), money(one.needed_micros),
    make("span", {}, why(one), one.retry_us ? make("span", {}, ", again in ", until(one.retry_us, now)) : ""),
    one.expires_us ? until(one.expires_us, now) : ""]);
  return rows.length
    ? table("Entries and why they wait", ["entry", "what", "limit", "distance", "needs", "why", "expires in"], rows)
    : make("p", { class: "muted" }, "No entries.");
}

function steals(view, now) {
  if (!view.steals.length) return null;
  return table("Steals in flight", ["steal", "entry", "phase", "from", "awaited", "held", "answer due in"],
    view.steals.map((one) => [one.steal, `${one.entry} (${one.symbol})`, one.phase, one.victims.join(", "), one.pending.join(", "),
      money(one.held_micros), one.deadline_us ? until(one.deadline_us, now) : ""]));
}

function cooldowns(view, now) {
  if (!view.cooldowns.length) return null;
  return table("Cooldowns", ["symbol", "spared for"], view.cooldowns.map((one) => [one.symbol, until(one.until_us, now)]));
}

function fights(view, now) {
  if (!view.fights.length) return null;
  return table("Pairs that took from each other", ["pair", "steals", "fight", "forgotten in"],
    view.fights.map((one) => [one.pair.join(" and "), `${one.steals} of ${one.threshold}`, one.fight ? "the next one needs the better forecast" : "not yet",
      until(one.until_us, now)]));
}

export function accountView(view) {
  const now = view.as_of.time_us;
  const alarms = [];
  if (view.halted) alarms.push(make("p", { class: "bad" }, `Halted: ${view.halted}. The desk decides nothing more for it.`));
  if (view.awaiting_reconciliation) alarms.push(make("p", { class: "warn" }, "An order's fate is unknown; it waits for a snapshot that lists the orders."));
  return [
    make("p", { class: "muted" }, `as of ${view.as_of.time}, journal partition ${view.as_of.journal_partition}, policy ${view.policy.name}${view.policy.own ? " (its own)" : ""}`),
    ...alarms, capital(view.capital), orders(view), entries(view, now), steals(view, now), cooldowns(view, now), fights(view, now),
  ].filter(Boolean);
}
