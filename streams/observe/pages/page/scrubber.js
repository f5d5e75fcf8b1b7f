// Steps through a recording: what each frame held, what was weighed in it, what followed.
import { ask, byId, clock, make, meter, moment, money, table, trouble } from "./dom.js";
import { sentence } from "./facts.js";

let recording = null;
let at = { partition: 0, step: 0 };
let shown = null;
let wanted = null; // where to go next, while an answer is awaited: the last wish counts
let going = false;

const partition = () => recording.partitions.find((one) => one.partition === at.partition);

function command(said) {
  const words = [said.order, said.symbol, said.side, said.qty, said.limit, said.reason].filter((one) => one !== undefined && one !== null);
  return words.join(" ");
}

function saidLine(one) {
  return make("li", { "data-id": one.id },
    make("b", {}, one.type), " ", [one.account, sentence(one) || command(one)].filter(Boolean).join(": "), " ", make("span", { class: "id muted" }, one.id));
}

function decision(told) {
  const { ladder, candidates } = told.columns;
  const parts = [
    make("h3", {}, told.headline),
    make("p", {}, told.summary),
    make("p", { class: "muted" }, "said ", make("span", { class: "id" }, told.ids.join(" ")), ", account ", told.account),
  ];
  if (told.candidates.length) {
    parts.push(table(told.candidates_title, candidates, told.candidates, (cells) => cells.at(-1).startsWith("victim")));
  }
  parts.push(make("details", { open: told.outcome !== "submitted" }, make("summary", {}, "The ladder of checks"),
    table("ladder of checks", ladder, told.ladder, (cells) => cells[1].startsWith("FAILED"))));
  return make("section", { class: "panel decision", "data-ids": told.ids.join(" "), "data-outcome": told.outcome }, ...parts);
}

function accountLine(one) {
  return make("div", {},
    make("p", { class: "line" }, make("strong", {}, one.account), make("span", {}, `${money(one.reserved_micros)} in use of ${money(one.equity_micros)} after this frame`)),
    meter(one.reserved_micros, one.equity_micros, `capital in use of ${one.account}`));
}

function events(step) {
  const counts = Object.entries(step.kinds).map(([kind, count]) => `${count} ${kind}`).join(", ") || "no events: time passed";
  const lines = step.events.map((event) => make("li", {}, make("b", {}, event.type), ` ${JSON.stringify({ ...event, type: undefined, v: undefined })}`));
  return make("section", { class: "panel" }, make("h2", {}, "Events"), make("p", {}, counts),
    lines.length ? make("details", {}, make("summary", {}, `the first ${lines.length} that are no quotes`), make("ul", { class: "said" }, ...lines)) : null);
}

function show(step) {
  shown = step;
  const one = partition();
  byId("slider").max = one.frames - 1;
  byId("slider").value = step.step;
  byId("slider").setAttribute("aria-valuetext", `frame ${step.step + 1} of ${one.frames}, ${moment(step.ts_us)}`);
  byId("place").textContent = `frame ${step.step + 1} of ${one.frames} · offset ${step.offset} · ${moment(step.ts_us).slice(0, 10)} ${clock(step.ts_us)} UTC · steal frame ${step.steals_before} of ${one.steal_frames} so far`;
  for (const button of document.querySelectorAll("[data-go]")) button.disabled = target(button.dataset.go) === null;
  const said = step.said.length
    ? make("ul", { class: "said" }, ...step.said.map(saidLine))
    : make("p", { class: "muted" }, "Nothing was said.");
  const more = [];
  if (step.said_in_all > step.said.length) more.push(`The first ${step.said.length} of ${step.said_in_all} are listed.`);
  if (step.decisions_in_all > step.decisions.length) more.push(`The first ${step.decisions.length} of ${step.decisions_in_all} decisions are shown.`);
  if (step.silent_tries) more.push(`${step.silent_tries} more ${step.silent_tries === 1 ? "try was" : "tries were"} refused for the reason already stated.`);
  byId("step").replaceChildren(
    ...step.decisions.map(decision),
    make("section", { class: "panel" }, make("h2", {}, "What the desk said"), said, more.length ? make("p", { class: "muted" }, more.join(" ")) : null, ...step.accounts.map(accountLine)),
    events(step));
  byId("step").dataset.step = step.step;
  const steal = step.decisions.find((told) => told.outcome === "steal");
  byId("said").textContent = `frame ${step.step + 1}${steal ? `: ${steal.headline}` : ""}`;
  history.replaceState(null, "", `#${at.partition}/${at.step}`);
}

function target(word) {
  if (!shown) return null;
  const last = partition().frames - 1;
  const places = { previous: shown.step - 1, next: shown.step + 1, first: 0, last, previous_steal: shown.previous_steal, next_steal: shown.next_steal };
  const place = places[word];
  return place === null || place < 0 || place > last ? null : place;
}

async function go(number, step) {
  wanted = { partition: number, step };
  if (going) return;
  going = true;
  try {
    while (wanted) {
      const place = wanted;
      wanted = null;
      const found = await ask(`/recording/${place.partition}/${place.step}`);
      at = place;
      trouble("");
      show(found);
    }
  } catch (error) {
    trouble(error instanceof TypeError ? "The server does not answer; was it stopped?" : error.message);
  } finally {
    going = false;
    wanted = null;
  }
}

function walk(word) {
  const place = target(word);
  if (place !== null) go(at.partition, place);
}

async function find(id) {
  try {
    const found = await ask(`/recording/find?id=${encodeURIComponent(id)}`);
    byId("partition").value = found.partition;
    await go(found.partition, found.step);
  } catch (error) {
    trouble(error.message);
  }
}

const KEYS = { ArrowLeft: "previous", ArrowRight: "next", n: "next_steal", p: "previous_steal", Home: "first", End: "last" };

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.altKey || event.metaKey) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    walk(KEYS[event.key]);
  }
});
for (const button of document.querySelectorAll("[data-go]")) button.addEventListener("click", () => walk(button.dataset.go));
byId("slider").addEventListener("input", () => go(at.partition, Number(byId("slider").value)));
byId("partition").addEventListener("change", () => go(Number(byId("partition").value), 0));
byId("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find(byId("id").value.trim());
});

async function start() {
  recording = await ask("/recording");
  const frames = recording.partitions.reduce((sum, one) => sum + one.frames, 0);
  const steals = recording.partitions.reduce((sum, one) => sum + one.steals, 0);
  document.title = `${recording.name} · worksteal`;
  byId("what").textContent = `${recording.name}: ${frames.toLocaleString("en-US")} frames, ${steals.toLocaleString("en-US")} steals`;
  byId("notes").textContent = recording.notes.join(" · ");
  byId("partition").replaceChildren(...recording.partitions.map((one) => make("option", { value: one.partition }, `${one.partition} (${one.steals} ${one.steals === 1 ? "steal" : "steals"})`)));
  const [number, step] = location.hash.slice(1).split("/").map(Number);
  const known = recording.partitions.find((one) => one.partition === number && step >= 0 && step < one.frames);
  const first = recording.partitions.find((one) => one.steals) || recording.partitions.find((one) => one.frames);
  const place = known ? { partition: number, step } : { partition: first.partition, step: first.first_steal ?? 0 };
  byId("partition").value = place.partition;
  await go(place.partition, place.step);
}

start().catch((error) => trouble(error.message));
