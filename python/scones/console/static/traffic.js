// Captured traffic, live: confidence over time, another threshold, the least sure pictures.

import { at, byId, chip, clock, h, listen, remember, remembered } from "./common.js";

const form = byId("filters");
const COLOURS = ["#1f6fd6", "#d97a06", "#0c8f78", "#9a4fd0", "#c2417c"];
const STEP = 24;
let events = [];
let shown = [];
let many = STEP;
let chart = null;
let end = () => {};

const value = (name) => form.elements[name].value;
const threshold = () => Number(byId("threshold").value);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function names(field) {
  return [...new Set(events.map((event) => event[field]))].sort();
}

function fill(name, all) {
  const select = form.elements[name];
  if (select.options.length === all.length + 1) return;
  const wanted = select.value || remembered(name);
  select.replaceChildren(h("option", { value: "" }, "all"), ...all.map((one) => h("option", { value: one }, one)));
  select.value = all.includes(wanted) ? wanted : "";
}

function refresh() {
  fill("model", names("model"));
  fill("label", names("label"));
  shown = events.filter((event) => (!value("model") || event.model === value("model")) && (!value("label") || event.label === value("label")));
  const last = events.at(-1);
  byId("count").textContent = events.length ? `${events.length.toLocaleString()} answers, the last one ${clock(last.at)}.` : "Nothing was captured in this period. Send a picture: Try it.";
  draw();
  judge();
  picture();
}

/** One point an answer, a colour a model. */
function draw() {
  const models = names("model");
  const sorted = [...shown].sort((one, other) => (one.at < other.at ? -1 : 1));
  const times = sorted.map((event) => new Date(event.at) / 1000);
  const lines = models.map((model) => sorted.map((event) => (event.model === model ? event.confidence : null)));
  const data = [times, ...lines];
  if (chart && chart.series.length === data.length) {
    chart.setData(data);
    return;
  }
  chart?.destroy();
  byId("chart").replaceChildren();
  const faint = getComputedStyle(document.body).getPropertyValue("--faint");
  const grid = getComputedStyle(document.body).getPropertyValue("--line");
  const axis = { stroke: faint, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
  chart = new uPlot({
    width: byId("chart").clientWidth || 600,
    height: 280,
    scales: { y: { range: [0, 1.02] } },
    axes: [axis, { ...axis, values: (_, marks) => marks.map((mark) => mark.toFixed(1)) }],
    series: [{}, ...models.map((model, index) => ({ label: model, stroke: COLOURS[index % COLOURS.length], paths: uPlot.paths.points(), points: { show: false, size: 6, space: 0, fill: COLOURS[index % COLOURS.length] } }))],
    hooks: { draw: [(plot) => {
      const y = plot.valToPos(threshold(), "y", true);
      plot.ctx.save();
      plot.ctx.strokeStyle = "#c0262d";
      plot.ctx.setLineDash([6, 5]);
      plot.ctx.beginPath();
      plot.ctx.moveTo(plot.bbox.left, y);
      plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
      plot.ctx.stroke();
      plot.ctx.restore();
    }] },
  }, data, byId("chart"));
}

/** Whether an answer passes. The class of what is none of the others never does. */
const passes = (event) => event.wanted && event.confidence >= threshold();

/** What a threshold would do to what was asked. */
function judge() {
  const passed = shown.filter(passes);
  const known = passed.filter((event) => event.right !== null);
  byId("share").textContent = shown.length ? `${percent(passed.length / shown.length)} would be answered` : "";
  byId("right").textContent = !shown.length ? "" : known.length
    ? `Of the answers, ${percent(known.filter((event) => event.right).length / known.length)} would be right: ${known.length.toLocaleString()} are of pictures whose class is known.`
    : "How often they would be right is not known: none of these pictures is one of the data set's.";
}

function picture() {
  const least = [...shown].sort((one, other) => one.confidence - other.confidence);
  byId("pictures").replaceChildren(...least.slice(0, many).map((event) => h("li", {},
    event.picture ? h("img", { src: at("/traffic/picture", { of: event.id }), alt: "", width: 96, height: 96, loading: "lazy" }) : h("span", { class: "none" }, "no picture"),
    h("strong", {}, `${event.label} ${event.confidence.toFixed(3)}`),
    h("span", {}, passes(event) ? chip("passed", "good") : chip("refused", "warn"), " ", event.right === false ? chip("wrong", "bad") : null),
    h("small", { title: event.title }, event.title),
    h("small", {}, event.model))));
  byId("more").hidden = least.length <= many;
}

function follow() {
  end();
  events = [];
  const seen = new Set();
  end = listen(at("/traffic/news", { since: value("since") }), (news) => {
    for (const event of news.events) {
      if (!seen.has(event.id)) events.push(event);
      seen.add(event.id);
    }
    events.sort((one, other) => (one.at < other.at ? -1 : 1));
    refresh();
  });
}

if (remembered("since")) form.elements.since.value = remembered("since");
if (remembered("threshold")) {
  byId("threshold").value = remembered("threshold");
  byId("least").textContent = threshold().toFixed(2);
}
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => {
  remember({ since: value("since"), model: value("model"), label: value("label") });
  many = STEP;
  if (event.target.name === "since") follow();
  else refresh();
});
byId("threshold").addEventListener("input", () => {
  byId("least").textContent = threshold().toFixed(2);
  remember({ threshold: byId("threshold").value });
  judge();
  picture();
  chart?.redraw();
});
byId("more").addEventListener("click", () => { many += STEP; picture(); });
new ResizeObserver(() => chart?.setSize({ width: byId("chart").clientWidth, height: 280 })).observe(byId("chart"));
follow();
