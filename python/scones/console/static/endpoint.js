// Endpoint: variants, the stages of an update, and the last hours, live.

import { Chart } from "./chart.js";
import { at, byId, chip, clock, enliven, h, listen, percent, precise } from "./common.js";

enliven();

const CHARTS = {
  requests: { title: "Requests a minute" },
  errors: { title: "Errors a minute" },
  latency: { title: "Latency of the model, in ms", value: (one) => (one > 0 && one < 10 ? one.toFixed(1) : one.toFixed(0)) },
};
const drawn = new Map();

const going = (now, wanted) => (now === null || now === undefined ? `${wanted ?? ""}` : wanted === null || wanted === undefined || wanted === now ? String(now) : `${now} → ${wanted}`);

function model(one) {
  if (one.version !== null) return h("a", { href: at("/models", { version: one.version }) }, `version ${one.version}`);
  return h("span", {}, one.model || "unknown");
}

function row(one, middle) {
  return h("tr", {},
    h("td", {}, one.name, one.shadow ? " " : null, one.shadow ? chip("shadow") : null),
    h("td", {}, model(one)),
    middle,
    h("td", { class: "number" }, going(one.weight, one.wanted_weight)),
    h("td", { class: "number" }, going(one.instances, one.wanted_instances)),
    h("td", {}, one.instance_type));
}

function show({ endpoint, stages, gone }) {
  if (gone) {
    byId("status").textContent = "not there";
    byId("status").className = "chip warn";
    byId("said").textContent = "There is no endpoint now: it may be outside its hours, or not be applied.";
    byId("rows").replaceChildren();
    byId("stages").replaceChildren();
    byId("pending").hidden = true;
    return;
  }
  byId("status").textContent = endpoint.status;
  byId("status").className = `chip ${endpoint.kind}`;
  byId("said").textContent = `${endpoint.name}, changed ${clock(endpoint.changed)}`;
  byId("reason").hidden = !endpoint.reason;
  byId("reason").textContent = endpoint.reason || "";
  byId("stages").replaceChildren(...stages.map((one) => h("span", { class: "step" }, chip(one.name, one.kind), h("span", { class: "faint" }, `since ${precise(one.since).slice(0, 8)}`))));
  byId("configuration").textContent = endpoint.configuration || "";
  byId("rows").replaceChildren(...endpoint.variants.map((one) => row(one, h("td", { class: "number" }, one.share === null ? "copies" : percent(one.share)))));
  byId("pending").hidden = !endpoint.pending;
  if (endpoint.pending) {
    byId("coming-configuration").textContent = endpoint.pending.configuration;
    byId("coming-rows").replaceChildren(...endpoint.pending.variants.map((one) => row(one, h("td", {}, ...one.stages.map((stage) => chip(stage.status, "run"))))));
  }
  const { capture } = endpoint;
  byId("capture-said").replaceChildren(chip(capture.on ? "on" : "off", capture.on ? "good" : "warn"), capture.on ? ` ${capture.percent} % of the requests are kept in ` : " No request is kept.", capture.on ? h("code", {}, capture.place) : "");
  byId("guards-said").replaceChildren(endpoint.guards.length ? "An update is rolled back if one of these rings: " : "The last update had no alarms that would roll it back.", ...endpoint.guards.flatMap((one, index) => [index ? ", " : "", h("code", {}, one)]));
}

function draw(charts) {
  for (const [name, { labels, columns }] of Object.entries(charts)) {
    const known = drawn.get(name);
    if (!known || known.labels.join() !== labels.join()) {
      drawn.set(name, new Chart(document.querySelector(`[data-chart="${name}"]`), labels, { time: true, x: "time", ...CHARTS[name] }));
    }
    drawn.get(name).show(columns);
  }
}

listen("/endpoint/news", show);
listen("/endpoint/charts", draw);
