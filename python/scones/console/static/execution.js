// One execution, live: graph, states, log lines, trace, events.

import { ask, at, byId, chip, clock, copy, folded, h, listen, LongTable, post, precise, remember, remembered, say, seconds, STATUS, trying } from "./common.js";
import { Picture } from "./graph.js";

const place = byId("execution");
const { arn } = place.dataset;
const runs = new Map();
const events = [];
let picture = null;
let chosen = remembered("state");
let tab = remembered("tab") || "log";
let drawn = "";

const table = new LongTable(byId("event-list"), byId("event-rows"), 37, (event) =>
  h("tr", {},
    h("td", { class: "number" }, h("button", { type: "button", class: "copy", onclick: () => showEvent(event.id), "aria-label": `Event ${event.id}` }, String(event.id))),
    h("td", {}, event.type), h("td", {}, event.state || ""), h("td", {}, event.about), h("td", {}, precise(event.at))));

async function showEvent(id) {
  const found = await trying(() => ask(at("/execution/event", { arn, id })));
  if (found) byId("event-detail").replaceChildren(h("h3", {}, `Event ${id}`), folded(found));
}

const last = (name) => [...runs.values()].filter((run) => run.name === name).at(-1);

function choose(name, where = null, entered = null) {
  chosen = name;
  if (where) tab = where;
  remember({ state: name, tab });
  picture?.mark(name);
  show(entered);
}

/** Show the chosen tab of the chosen state. */
async function show(entered = null) {
  if (!chosen) return;
  const run = entered ? runs.get(entered) : last(chosen);
  const mark = JSON.stringify([chosen, tab, run?.entered, run?.status, run?.attempts]);
  if (mark === drawn) return;
  drawn = mark;
  byId("chosen").textContent = chosen;
  for (const button of document.querySelectorAll("[data-tab]")) {
    const here = button.dataset.tab === tab;
    button.setAttribute("aria-selected", here);
    button.tabIndex = here ? 0 : -1;
  }
  byId("panel").setAttribute("aria-labelledby", `tab-${tab}`);
  const parts = await trying(() => PANELS[tab](run));
  if (drawn === mark && parts) byId("panel").replaceChildren(...parts);
}

const nothing = (text) => [h("p", { class: "faint" }, text)];
const unreached = () => nothing("This execution has not come here.");

const PANELS = {
  async log(run) {
    if (!run) return unreached();
    const found = await ask(at("/execution/log", { arn, entered: run.entered }));
    const error = run.error ? [h("p", { class: "notice bad" }, reason(run))] : [];
    if (!found.group) return [...error, ...nothing("This state calls no function, so there are no lines.")];
    const tools = h("div", { class: "tools" }, h("code", {}, found.group), h("button", { type: "button", onclick: () => copy(found.command) }, "Copy the CLI command"));
    if (!found.lines.length) return [...error, tools, ...nothing("The function has written no line that names this execution. CloudWatch Logs may be a moment late.")];
    const lines = found.lines.map((line) => h("div", { class: bad(line.message) ? "bad" : "" }, h("time", {}, precise(line.at)), h("span", {}, line.message)));
    return [...error, tools, h("div", { class: "lines", tabindex: 0, role: "group", "aria-label": "The function's lines" }, ...lines)];
  },
  async input(run) {
    return run ? [folded((await ask(at("/execution/state", { arn, entered: run.entered }))).input)] : unreached();
  },
  async output(run) {
    if (!run) return unreached();
    const found = await ask(at("/execution/state", { arn, entered: run.entered }));
    return found.error && !found.output ? [h("p", { class: "notice bad" }, reason(found))] : [folded(found.output)];
  },
  async definition() {
    return [folded(await ask(at("/execution/definition", { arn, state: chosen })))];
  },
  async test(run) {
    const given = run ? (await ask(at("/execution/state", { arn, entered: run.entered }))).input : "{}";
    let pretty = given || "{}";
    try {
      pretty = JSON.stringify(JSON.parse(pretty), null, 2);
    } catch { /* it stays as it is */ }
    const text = h("textarea", { spellcheck: "false", "aria-label": "The state's input, as JSON" });
    text.value = pretty;
    const answer = h("div", {});
    const test = async () => {
      answer.replaceChildren(...nothing("Runs…"));
      const found = await trying(() => post(at("/execution/test", { arn }), { state: chosen, input: text.value }));
      answer.replaceChildren(...(found ? [h("p", {}, chip(found.status), " ", [found.error, found.cause].filter(Boolean).join(": ")), found.nextState ? h("p", {}, `Next: ${found.nextState}`) : null, folded(found.output ?? null)].filter(Boolean) : []));
    };
    return [h("p", { class: "faint" }, "TestState really runs this state alone, with the input below."), text, h("div", { class: "tools" }, h("button", { type: "button", class: "main", onclick: test }, "Test the state")), answer];
  },
};

/** An error and its cause. Lambda's cause is JSON, whose message is what one reads. */
function reason({ error, cause }) {
  const told = /^\{"errorMessage":"((?:[^"\\]|\\.)*)"/.exec(cause || "");
  return [error, told ? JSON.parse(`"${told[1]}"`) : cause].filter(Boolean).join(": ");
}

const bad = (message) => /"level": ?"ERROR"|\bERROR\b|Traceback|Task timed out/.test(message);

const MOST_RUNS = 200;
function showRuns() {
  const all = [...runs.values()];
  const shown = all.length > MOST_RUNS ? all.slice(-MOST_RUNS) : all;
  const rows = shown.map((run) => h("tr", {},
    h("td", {}, h("button", { type: "button", onclick: () => choose(run.name, null, run.entered) }, run.name)),
    h("td", {}, chip(run.status)),
    h("td", { class: "number" }, seconds(run.seconds)),
    h("td", { class: "number" }, run.attempts || ""),
    h("td", {}, run.error || ""),
    h("td", {}, run.function ? h("button", { type: "button", onclick: () => { choose(run.name, "log", run.entered); byId("detail").scrollIntoView({ block: "nearest" }); }, "aria-label": `The log of ${run.name}` }, "Log") : "")));
  if (shown.length < all.length) rows.unshift(h("tr", {}, h("td", { colspan: 6, class: "faint" }, `${(all.length - shown.length).toLocaleString()} earlier ones are in the events below`)));
  byId("runs").replaceChildren(...rows);
}

function showExecution(execution, answer) {
  const status = byId("status");
  status.textContent = execution.status;
  status.className = `chip ${STATUS[execution.status] || ""}`;
  byId("sentence").textContent = answer.sentence;
  const took = execution.stopDate ? (new Date(execution.stopDate) - new Date(execution.startDate)) / 1000 : null;
  byId("times").textContent = `Started ${clock(execution.startDate)}${took === null ? "" : `, took ${seconds(took)} s`}`;
  byId("failure").hidden = !execution.error;
  byId("failure").replaceChildren([execution.error, execution.cause].filter(Boolean).join(": "), " ", execution.error ? h("button", { type: "button", id: "to-log", onclick: toLog }, "Show the failing log line") : "");
  const buttons = Object.fromEntries([...document.querySelectorAll("[data-action]")].map((one) => [one.dataset.action, one]));
  const running = execution.status === "RUNNING";
  if (!buttons.stop.title) {
    buttons.stop.disabled = !running;
    buttons.redrive.disabled = execution.redriveStatus !== "REDRIVABLE";
    byId("why").textContent = running || execution.redriveStatus === "REDRIVABLE" ? "" : `No redrive: ${execution.redriveStatusReason || "the execution has succeeded"}`;
  }
}

/** The function's line of the last error, in one click. */
function toLog() {
  const failed = [...runs.values()].filter((run) => run.error && run.function).at(-1) || [...runs.values()].filter((run) => run.error).at(-1);
  if (!failed) return;
  choose(failed.name, "log", failed.entered);
  byId("detail").scrollIntoView({ block: "nearest" });
}

async function showTrace() {
  const found = await trying(() => ask(at("/execution/trace", { arn })));
  if (!found || !found.segments.length) return;
  byId("trace-card").hidden = false;
  const begin = Math.min(...found.segments.map((one) => one.began));
  const length = Math.max(...found.segments.map((one) => one.began + one.seconds)) - begin || 1;
  byId("spans").className = "spans";
  byId("spans").replaceChildren(...found.segments.map((one) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 1000 14");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ x: (1000 * (one.began - begin)) / length, width: Math.max(3, (1000 * one.seconds) / length), y: 2, height: 10, rx: 2 })) bar.setAttribute(name, value);
    svg.append(bar);
    const name = h("span", { title: one.name }, one.name);
    name.style.paddingLeft = `${one.depth * 14}px`;
    return h("div", { class: `span ${one.failed ? "bad" : ""}` }, name, svg, h("span", { class: "number" }, `${seconds(one.seconds)} s`));
  }));
}

async function showMaps() {
  const found = await trying(() => ask(at("/execution/map-runs", { arn })));
  byId("maps").hidden = !found?.length;
  byId("map-list").replaceChildren(...(found || []).map((run) => h("div", {},
    h("p", {}, chip(run.status), ` ${run.items.succeeded} of ${run.items.total} items succeeded, ${run.items.failed} failed`),
    h("ul", {}, ...run.children.map((child) => h("li", {}, h("a", { href: at("/execution", { arn: child.arn }) }, child.name), " ", chip(child.status)))))));
}

const ASKED = {
  stop: ["Stop this execution?", "It ends as ABORTED.", "Stop it", "Stopping costs nothing."],
  redrive: ["Redrive this execution?", "It goes on from the state that failed.", "Redrive it", null],
  again: ["Start it again?", "A new execution gets the same input.", "Start it", null],
};

function confirmed(action) {
  const [title, text, yes, price] = ASKED[action];
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-price").textContent = place.dataset.costs === "yes" ? price || place.dataset.price : "Nothing costs money here.";
  byId("ask-yes").textContent = yes;
  const dialog = byId("ask");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", async () => {
    const { action } = button.dataset;
    if (!(await confirmed(action))) return;
    const found = await trying(() => post(at(`/execution/${action}`, { arn })));
    if (!found) return;
    if (found.arn) location.href = at("/execution", { arn: found.arn });
    else {
      say(action === "stop" ? "stopped" : "redriven");
      follow();
    }
  });
}
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button.dataset.copy));
const tabs = [...document.querySelectorAll("[data-tab]")];
for (const [index, button] of tabs.entries()) {
  button.addEventListener("click", () => choose(chosen, button.dataset.tab));
  button.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) tabs.at((index + step) % tabs.length).focus();
  });
}

/** Draw what is new. A long history comes in many messages: the browser draws when it is ready to. */
let due = false;
function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    const bottom = byId("event-list");
    const follows = bottom.scrollTop + bottom.clientHeight > bottom.scrollHeight - 60;
    table.show(events);
    if (follows && events.length < 5000) bottom.scrollTop = bottom.scrollHeight;
    byId("event-count").textContent = events.length.toLocaleString();
    picture?.colour([...runs.values()]);
    if (chosen) picture?.mark(chosen);
    showRuns();
    if (chosen) show();
  });
}

let end = () => {};
function follow() {
  end();
  let execution = null;
  end = listen(at("/execution/news", { arn }), (news) => {
    if (news.graph) { // all of it is told anew
      runs.clear();
      events.length = 0;
      picture = new Picture(byId("graph"), news.graph, (name) => choose(name));
      byId("definition").replaceChildren(folded(news.definition));
    }
    for (const run of news.runs || []) runs.set(run.entered, run);
    if (news.events) {
      events.push(...news.events);
      draw();
    }
    execution = news.execution || execution;
    if (news.answer && execution) showExecution(execution, news.answer);
  }, {
    after: () => {
      showTrace();
      if ([...runs.values()].some((run) => run.map_run)) showMaps();
      if (chosen) show();
    },
  });
}
follow();
