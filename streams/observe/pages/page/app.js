// The dashboard: asks for what stands, listens to what happens.
import { accountView } from "./account.js";
import { ask, byId, left, make, meter, money, trouble } from "./dom.js";
import { isLoud, line, sentence } from "./facts.js";

const EVERY_MS = 2000;
const AFTER_FACT_MS = 200;
const KEPT = 100;

let chosen = decodeURIComponent(location.hash.slice(1));
let desk = null; // the desk's clock: its time in microseconds, and when we heard it
let soon = null;
let paused = false;

// ---- what stands ----

function health(ready) {
  const parts = [ready.stopping ? "stopping" : ready.ready ? "ready" : "not ready"];
  const agent = ready.parts.agent;
  if (agent && agent.of) {
    const lags = agent.partitions.map((one) => one.lag);
    const lag = lags.includes(null) || !lags.length ? "unknown" : lags.reduce((sum, one) => sum + one, 0);
    parts.push(`lag ${lag} ${lag === 1 ? "frame" : "frames"}`, `${agent.partitions.length} of ${agent.of} partitions here`);
  }
  const sequencer = ready.parts.sequencer;
  if (sequencer && sequencer.events !== undefined) parts.push(`${sequencer.events.toLocaleString("en-US")} events framed, ${sequencer.refused.toLocaleString("en-US")} refused`);
  const told = parts.join(" · ");
  const place = byId("health");
  place.className = ready.ready ? "good" : "warn";
  if (place.textContent !== told) place.textContent = told;
}

function accountLine(one) {
  const told = [`${one.orders} working`, `${one.waiting} waiting`];
  if (one.steals) told.push(`${one.steals} ${one.steals === 1 ? "steal" : "steals"} in flight`);
  if (one.halted) told.push("HALTED");
  if (one.awaiting_reconciliation) told.push("awaits a snapshot");
  return make("li", {}, make("button", { type: "button", "data-account": one.account, "aria-current": one.account === chosen ? "true" : null, onclick: () => choose(one.account) },
    make("span", { class: "line" }, make("strong", {}, one.account), make("span", {}, `${money(one.reserved_micros)} of ${money(one.equity_micros)}`)),
    meter(one.reserved_micros, one.equity_micros, `capital in use of ${one.account}`),
    make("span", { class: one.halted ? "bad" : null }, told.join(" · "))));
}

function showAccounts(listed) {
  const list = byId("accounts");
  const held = document.activeElement && document.activeElement.dataset.account;
  list.replaceChildren(...listed.accounts.map(accountLine));
  if (held !== undefined) {
    const again = [...list.querySelectorAll("button")].find((button) => button.dataset.account === held);
    if (again) again.focus({ preventScroll: true });
  }
  const more = listed.found - listed.accounts.length;
  byId("more").textContent = listed.found === 0 ? "No account yet." : more > 0 ? `and ${more.toLocaleString("en-US")} more; find them by name` : "";
  byId("where").textContent = `${listed.deployment.bootstrap} · topics ${listed.deployment.topic_prefix}… · group ${listed.deployment.group}`;
  if (!chosen && listed.accounts.length) choose(listed.accounts[0].account);
}

async function showAccount() {
  if (!chosen) return;
  const asked = chosen;
  const view = await ask(`/accounts/${encodeURIComponent(asked)}`);
  if (asked !== chosen) return;
  desk = { us: view.as_of.time_us, at: performance.now() };
  byId("account-title").textContent = asked;
  byId("view").replaceChildren(...accountView(view));
}

function choose(name) {
  chosen = name;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  for (const button of byId("accounts").querySelectorAll("button")) button.setAttribute("aria-current", button.dataset.account === name);
  guarded(showAccount);
}

async function look() {
  health(await ask("/readyz", [503]));
  showAccounts(await ask(`/accounts?find=${encodeURIComponent(byId("find").value)}`));
  await showAccount();
}

// Do something that asks the server, and say what went wrong if it does.
async function guarded(what) {
  try {
    await what();
    trouble("");
  } catch (error) {
    const away = error instanceof TypeError || error.name === "TimeoutError";
    trouble(away ? "The worker does not answer; what you see is old." : error.message);
    if (away) {
      byId("health").className = "warn";
      byId("health").textContent = "not known";
    }
  }
}

async function regularly() {
  if (!document.hidden) await guarded(look);
  setTimeout(regularly, EVERY_MS);
}

function tick() {
  if (desk === null) return;
  const now = desk.us + (performance.now() - desk.at) * 1000;
  for (const count of document.querySelectorAll("[data-until]")) {
    const told = left(Number(count.dataset.until) - now);
    if (count.textContent !== told) count.textContent = told;
  }
}

// ---- what happens ----

let fresh = [];
let drawing = false;
let heard = new Set(); // a worker that was started again says some once more

function hear(fact) {
  if (heard.has(fact.id)) return;
  heard.add(fact.id);
  if (heard.size > 4000) heard = new Set([...heard].slice(-2000));
  if (fact.account === chosen && soon === null) {
    soon = setTimeout(() => { soon = null; guarded(showAccount); }, AFTER_FACT_MS);
  }
  fresh.push(fact);
  if (fresh.length > KEPT * 4) fresh = fresh.slice(-KEPT * 4);
  if (!drawing) {
    drawing = true;
    // Not a frame of the screen's: a page in the background gets none.
    setTimeout(draw, 0);
  }
}

function draw() {
  drawing = false;
  if (paused) return;
  const all = byId("all").checked;
  const shown = fresh.filter((fact) => all || isLoud(fact)).slice(-KEPT);
  fresh = [];
  const list = byId("live");
  list.prepend(...shown.map((fact) => line(fact)).reverse());
  while (list.children.length > KEPT) list.lastChild.remove();
  const steal = shown.findLast((fact) => fact.type === "steal.started");
  if (steal) byId("said").textContent = `Steal on ${steal.account}: ${sentence(steal)}`;
}

// A browser opens six connections to a server and no more: a page that nobody sees gives its own back,
// and goes on from the last fact when it is looked at again.
let events = null;
let last = "";

function listen() {
  const told = (text) => { byId("line").textContent = text; };
  if (events) events.close();
  events = null;
  if (document.hidden) return;
  events = new EventSource(last ? `/events?after=${encodeURIComponent(last)}` : "/events");
  events.onopen = () => told("listening");
  events.onmessage = (event) => {
    last = event.lastEventId;
    hear(JSON.parse(event.data));
  };
  events.addEventListener("missed", (event) => {
    const { missed } = JSON.parse(event.data);
    byId("live").prepend(make("li", { class: "warn", "data-missed": missed === null ? "some" : missed },
      missed === null ? "Some facts went by while this page was not connected." : `${missed} facts went by: they came faster than this page took them.`));
  });
  events.onerror = ({ target }) => {
    told("the line is down; trying again …");
    if (target.readyState === EventSource.CLOSED && target === events) setTimeout(listen, 5000);
  };
}

byId("pause").addEventListener("click", () => {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", paused);
  byId("pause").textContent = paused ? "Go on" : "Pause";
  if (!paused) draw();
});
byId("find").addEventListener("input", () => guarded(look));
document.addEventListener("visibilitychange", () => {
  listen();
  if (!document.hidden) guarded(look);
});
addEventListener("hashchange", () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name && name !== "main" && name !== chosen) choose(name);
});
setInterval(tick, 500);
listen();
regularly();
