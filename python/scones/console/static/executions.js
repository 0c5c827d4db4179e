// The list of executions: read page by page, kept up to date, filtered in the browser.

import { ask, at, byId, chip, clock, h, listen, LongTable, remember, remembered, seconds, trying } from "./common.js";

const form = byId("filters");
const NAMES = ["machine", "search", "status", "error", "label", "least", "most", "since"];
const AT_ONCE = 50;
const rows = new Map(); // by ARN, newest first after sorting
const known = new Map(); // what an execution has answered, by ARN and time of its end
let order = [];
let shown = [];
let whole = false;
let end = () => {};

const key = (row) => `${row.arn}|${row.ended || ""}`;
const about = (row) => known.get(key(row));
const wanted = new Set();

const table = new LongTable(byId("list"), byId("rows"), 37, (row) => {
  const found = about(row);
  const took = row.ended ? (new Date(row.ended) - new Date(row.began)) / 1000 : null;
  return h("tr", {},
    h("td", {}, h("a", { href: at("/execution", { arn: row.arn }) }, row.name)),
    h("td", {}, chip(row.status)),
    h("td", {}, found ? found.error || found.label || "" : row.ended ? "…" : ""),
    h("td", { class: "number" }, found && found.confidence !== null ? found.confidence.toFixed(3) : ""),
    h("td", {}, clock(row.began)),
    h("td", { class: "number" }, seconds(took)));
});
table.seen = (list) => need(list);

function value(name) {
  return form.elements[name].value.trim();
}

const asks = () => ["error", "label", "least", "most"].some((name) => value(name));

function fits(row) {
  if (value("search") && !row.name.toLowerCase().includes(value("search").toLowerCase())) return false;
  if (value("status") && row.status !== value("status")) return false;
  if (value("since") && new Date(row.began) < new Date(value("since"))) return false;
  if (!asks()) return true;
  const found = about(row);
  if (!found) return false;
  if (value("error") && !(found.error || "").toLowerCase().includes(value("error").toLowerCase())) return false;
  if (value("label") && found.label !== value("label")) return false;
  const sure = found.confidence;
  if (value("least") && !(sure !== null && sure >= Number(value("least")))) return false;
  return !value("most") || (sure !== null && sure <= Number(value("most")));
}

let due = false;
function refresh() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    shown = order.filter(fits);
    table.show(shown);
    const read = order.filter(about).length;
    const reading = whole ? "" : ", more are read…";
    const judged = asks() && read < order.length ? `; answers read: ${read.toLocaleString()}` : "";
    byId("count").textContent = `${shown.length.toLocaleString()} of ${order.length.toLocaleString()} executions${reading}${judged}`;
  });
}

function add(found) {
  for (const row of found) rows.set(row.arn, row);
  order = [...rows.values()].sort((one, other) => (one.began < other.began ? 1 : -1));
  if (asks()) need(order);
  refresh();
}

/** Ask for the answers of executions that are seen or filtered by. */
function need(list) {
  for (const row of list) if (row.ended && !about(row)) wanted.add(row);
  fetchSome();
}

let busy = false;
async function fetchSome() {
  if (busy || !wanted.size) return;
  busy = true;
  const some = [...wanted].slice(0, AT_ONCE);
  const found = await trying(() => ask(`/executions/details?${new URLSearchParams(some.map((row) => ["of", key(row)]))}`));
  for (const row of some) {
    wanted.delete(row);
    if (found) known.set(key(row), found[row.arn]);
  }
  for (const [list, name] of [["errors", "error"], ["labels", "label"]]) {
    const names = new Set([...known.values()].map((one) => one[name]).filter(Boolean));
    if (byId(list).children.length !== names.size) byId(list).replaceChildren(...[...names].sort().map((one) => h("option", { value: one })));
  }
  busy = false;
  if (found) {
    refresh();
    fetchSome();
  } else wanted.clear();
}

async function read() {
  const machine = value("machine");
  rows.clear();
  order = [];
  whole = false;
  end();
  let next = "";
  do {
    const found = await trying(() => ask(at("/executions/list", { machine, ...(next ? { next } : {}) })));
    if (!found || machine !== value("machine")) return;
    next = found.next;
    whole = !next;
    add(found.rows);
  } while (next);
  end = listen(at("/executions/news", { machine }), add);
}

for (const name of NAMES) if (remembered(name)) form.elements[name].value = remembered(name);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => {
  remember(Object.fromEntries(NAMES.map((name) => [name, value(name)])));
  if (event.target.name === "machine") read();
  else {
    if (asks()) need(order);
    refresh();
  }
});
read();
