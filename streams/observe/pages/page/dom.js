// What both pages use: elements without markup in strings, numbers for people, questions to the server.

export const byId = (id) => document.getElementById(id);

// Make an element.  Children are elements or text; text is never read as markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const FIGURE = /^[+−-]?\$?\d[\d,.]*( ?[%×])?( \(old quote\))?$/;
const LONG = /\S{25,}/; // a name that may break anywhere, lest it push the others out
const isFigure = (cell) => (cell instanceof Element ? cell.matches(".count") : FIGURE.test(cell));

// A table that becomes cards on a narrow screen; the roles keep it a table for screen readers.  Figures
// end at one column and are never broken.
export function table(title, headers, rows, marked = () => false) {
  const figures = headers.map((_, at) => {
    const cells = rows.map((row) => row[at]).filter((cell) => cell !== "");
    return cells.length > 0 && cells.every(isFigure) ? "figure" : null;
  });
  const head = make("tr", { role: "row" }, ...headers.map((name, at) => make("th", { role: "columnheader", scope: "col", class: figures[at] }, name)));
  const lines = rows.map((cells) =>
    make("tr", { role: "row", class: marked(cells) ? "taken" : null },
      ...cells.map((cell, at) => make("td", { role: "cell", "data-label": headers[at], class: figures[at] || (LONG.test(cell) ? "long" : null) }, ...(cell === "" ? [] : [cell])))));
  return make("table", { role: "table" },
    make("caption", {}, title),
    make("thead", { role: "rowgroup" }, head),
    make("tbody", { role: "rowgroup" }, ...lines));
}

// How much of a limit is in use.
export function meter(used, limit, label) {
  const known = limit !== null && limit > 0;
  const part = known ? Math.min(1, Math.max(0, used / limit)) : 0;
  const fill = make("div");
  fill.style.width = `${part * 100}%`;
  return make("div", {
    class: known && used >= limit ? "meter full" : "meter", role: "meter", "aria-label": label,
    "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(part * 100),
    "aria-valuetext": `${money(used)} of ${money(limit)}`,
  }, fill);
}

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const plain = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 8 });

export const money = (micros) => (micros === null || micros === undefined ? "unknown" : dollars.format(micros / 1e6));
export const number = (value) => (value === null || value === undefined ? "" : plain.format(value));
export const percent = (value) => (value === null || value === undefined ? "no price" : `${(value * 100).toFixed(2)} %`);
export const words = (text) => String(text).replaceAll("_", " ");

// A time in microseconds since 1970, in UTC as everywhere in this software.
export function clock(us) {
  return us === null || us === undefined ? "" : new Date(us / 1000).toISOString().slice(11, 23);
}

export function moment(us) {
  return us === null || us === undefined ? "" : `${new Date(us / 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

// Seconds until a time, as a countdown shows them.
export function left(us) {
  const seconds = Math.max(0, Math.ceil(us / 1e6));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] > 48) return `${Math.floor(parts[0] / 24)} days`;
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, "0"));
  return parts[0] ? `${hours}:${minutes}:${rest}` : `${minutes}:${rest}`;
}

export class Refused extends Error {
  constructor(status, body) {
    super(body.error || `the server answered ${status}`);
    this.status = status;
    this.reason = body.reason;
  }
}

// Ask the server.  503 is an answer where `also` says so.
export async function ask(path, also = []) {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
  const body = await answer.json();
  if (!answer.ok && !also.includes(answer.status)) throw new Refused(answer.status, body);
  return body;
}

export function trouble(told) {
  const place = byId("trouble");
  place.hidden = !told;
  if (place.textContent !== told) place.textContent = told;
}
