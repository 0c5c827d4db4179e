// Health: alarms, queues, budget and refusals, live.

import { ask, byId, chip, clock, copy, enliven, h, listen, percent, trying } from "./common.js";

enliven();

function alarm(one) {
  return h("div", { class: `alarm ${one.kind}` },
    h("p", {}, chip(one.words, one.kind), " ", h("strong", {}, one.short), one.muted ? " " : null, one.muted ? chip("muted", "warn") : null, h("span", { class: "faint" }, one.since ? ` since ${clock(one.since)}` : "")),
    one.says ? h("p", {}, one.says) : null,
    h("p", { class: "faint" }, one.reason));
}

function showAlarms(alarms) {
  const rings = alarms.filter((one) => one.state === "ALARM");
  const quiet = alarms.filter((one) => one.state === "OK");
  const others = alarms.filter((one) => !rings.includes(one) && !quiet.includes(one));
  const words = rings.length ? `${rings.length} of ${alarms.length} alarms ${rings.length === 1 ? "rings" : "ring"}.` : alarms.length ? "No alarm rings." : "There are no alarms.";
  byId("verdict").replaceChildren(chip(rings.length ? "look here" : "well", rings.length ? "bad" : "good"), " ", words);
  byId("alarm-count").textContent = alarms.length || "";
  const loud = [...rings, ...others].map(alarm);
  byId("loud").replaceChildren(...(rings.length ? [...loud, h("p", { class: "faint" }, "What to do about each is in docs/operations.md, under Alarms.")] : loud));
  byId("quiet").hidden = !quiet.length;
  byId("quiet-words").textContent = `${quiet.length} quiet`;
  byId("quiet-list").replaceChildren(...quiet.map(alarm));
}

const age = (value) => (value === null ? "" : value < 120 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`);

function showQueues(queues) {
  if (!byId("queues")) return;
  byId("queues").replaceChildren(...queues.map((one) => h("tr", {},
    h("td", {}, one.name),
    h("td", { class: "number" }, String(one.waiting)),
    h("td", { class: "number" }, age(one.oldest)),
    h("td", { class: "number" }, String(one.in_flight)),
    h("td", { class: "number" }, one.dead ? chip(String(one.dead), "bad") : "0"))));
  const dead = queues.reduce((sum, one) => sum + one.dead, 0);
  byId("queue-words").textContent = dead ? "Given up after several tries. invoke inbox says why; invoke inbox.retry tries again." : "Nothing was given up.";
}

function showRefusals(refusals) {
  if (!byId("refusals")) return;
  byId("refused-count").textContent = refusals.length || "";
  if (!refusals.length) {
    byId("refusals").replaceChildren(h("p", { class: "faint" }, "Nothing was refused lately."));
    return;
  }
  const open = new Set([...document.querySelectorAll(".refusal[open]")].map((one) => one.dataset.about));
  byId("refusals").replaceChildren(...refusals.map((one) => {
    const text = one.statement ? JSON.stringify(one.statement, null, 2) : "";
    const about = [one.who, one.action, one.resource].join(" ");
    return h("details", { class: "refusal", "data-about": about, open: open.has(about) },
      h("summary", {}, h("code", {}, one.action), " ", h("span", {}, one.who), " ", h("span", { class: "faint" }, `${one.count} ×${one.at ? `, last ${clock(one.at)}` : ""}`)),
      h("table", { class: "facts" }, h("tbody", {}, ...[["resource", one.resource], ["why", one.reason], [one.statement ? "the statement belongs" : "what to do", one.place]].map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, name === "resource" ? h("code", {}, value) : value))))),
      ...(text ? [h("div", { class: "tools" }, h("button", { type: "button", onclick: () => copy(text) }, "Copy the statement")), h("pre", { tabindex: 0 }, text)] : []));
  }));
}

async function showBudget() {
  const found = await trying(() => ask("/health/budget"));
  if (!found) {
    byId("budget-words").textContent = "The budget cannot be read.";
    return;
  }
  if (found.none) {
    byId("budget-words").replaceChildren(h("p", {}, `${found.none}.`), ...(found.hint ? [h("p", {}, "Next step: ", found.hint)] : []));
    return;
  }
  byId("budget-words").className = "";
  byId("budget-words").replaceChildren(
    h("p", {}, `USD ${found.spent.toFixed(2)} of ${found.limit.toFixed(2)} this month, ${percent(found.share)}.`),
    h("meter", { class: "whole", min: 0, max: 1, high: 0.8, value: Math.min(1, found.share), "aria-label": "spent of the budget" }),
    h("p", { class: "faint" }, `It counts ${found.counts}.`),
    ...found.faults.map((one) => h("p", { class: "notice" }, one)));
}

listen("/health/news", (news) => {
  if (news.alarms) showAlarms(news.alarms);
  if (news.queues) showQueues(news.queues);
  if (news.refusals) showRefusals(news.refusals);
});
showBudget();
