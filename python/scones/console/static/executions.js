// The list of executions: read page by page, kept up to date, filtered in the browser.
// A row: its ARN, name, status, and when it began and ended, in ms since 1970.

import { ask, at, byId, chip, clock, h, listen, LongTable, remember, remembered, seconds, trying } from "./common.js";

const form = byId("filters");
const NAMES = ["machine", "search", "status", "error", "label", "least", "most", "since"];
const AT_ONCE = 50;
const rows = new Map(); // by ARN
const known = new Map(); // what an execution has answered, by ARN and time of its end
let order = []; // newest first
let shown = [];
let whole = false;
let end = () => {};

const key = (row) => `${row.arn}|${row.ended || ""}`;
const about = (row) => known.get(key(row));
const wanted = new Set();

const table = new LongTable(byId("list"), byId("rows"), 37, (row) => {
  const found = about(row);
  const took = row.ended ? (row.ended - row.began) / 1000 : null;
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

/** What tells whether a row fits the filters; null if all of them do. */
function filter() {
  const [search, status, error, label, least, most, since] = NAMES.slice(1).map(value);
  if (![search, status, error, label, least, most, since].some(Boolean)) return null;
  const [letters, words, begin, judged] = [search.toLowerCase(), error.toLowerCase(), since && new Date(since).getTime(), asks()];
  return (row) => {
    if (search && !row.name.toLowerCase().includes(letters)) return false;
    if (status && row.status !== status) return false;
    if (since && row.began < begin) return false;
    if (!judged) return true;
    const found = about(row);
    if (!found) return false;
    if (error && !(found.error || "").toLowerCase().includes(words)) return false;
    if (label && found.label !== label) return false;
    const sure = found.confidence;
    if (least && !(sure !== null && sure >= Number(least))) return false;
    return !most || (sure !== null && sure <= Number(most));
  };
}

let due = false;
let grown = true; // since the last time, the list has only become longer
function refresh(longer = false) {
  grown &&= longer;
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    const fits = filter();
    shown = fits ? order.filter(fits) : order;
    table.show(shown, grown);
    grown = true;
    const reading = whole ? "" : ", more are read…";
    const read = asks() ? order.filter(about).length : 0;
    const judged = asks() && read < order.length ? `; answers read: ${read.toLocaleString()}` : "";
    byId("count").textContent = `${shown.length.toLocaleString()} of ${order.length.toLocaleString()} executions${reading}${judged}`;
  });
}

function add({ prefix, rows: found }) {
  const fresh = [];
  for (const [name, status, began, ended] of found) {
    const arn = prefix + name;
    const known = rows.get(arn);
    if (known) Object.assign(known, { status, began, ended });
    else {
      const row = { arn, name, status, began, ended };
      rows.set(arn, row);
      fresh.push(row);
    }
  }
  // The pages come newest first, so most of the time there is nothing to sort.
  const sorted = !order.length || !fresh.length || fresh[0].began <= order.at(-1).began;
  order.push(...fresh);
  if (!sorted) order.sort((one, other) => other.began - one.began);
  if (asks()) need(order);
  refresh(sorted && fresh.length === found.length);
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

function read() {
  end();
  rows.clear();
  order = [];
  whole = false;
  end = listen(at("/executions/news", { machine: value("machine") }), (news) => {
    whole = !news.more;
    add(news);
  });
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
