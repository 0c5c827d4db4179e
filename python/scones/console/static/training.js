// Training: one job, live: its steps, its curves and its log; or a tuning job's trials.

import { Chart } from "./chart.js";
import { at, byId, chip, clock, enliven, h, listen, percent } from "./common.js";

enliven();

const place = byId("job");
const MOST = 400; // lines
const ENTROPY = "cross-entropy";
const charts = new Map();

function showStatus(found, words) {
  byId("status").textContent = found.status;
  byId("status").className = `chip ${found.kind}`;
  byId("said").textContent = words;
  byId("reason").hidden = !found.reason;
  byId("reason").textContent = found.reason || "";
}

function showJob(job, cost) {
  const step = job.running && job.step !== job.status ? `${job.step}. ` : "";
  showStatus(job, `${step}${job.seconds.toLocaleString()} s on ${job.instances}; cost so far: ${cost}.`);
  byId("steps").replaceChildren(...job.steps.map((one) => h("span", { class: "step", title: one.words }, h("span", {}, one.status), h("span", { class: "faint" }, `${one.seconds} s`))));
}

function showCurves(found) {
  for (const [name, data] of Object.entries(found)) {
    if (!charts.has(name)) {
      if (!charts.size) byId("charts").replaceChildren();
      const frame = h("div", { class: "chart" });
      byId("charts").append(frame);
      const share = name.endsWith("accuracy");
      charts.set(name, new Chart(frame, ["training images", "validation images"], { title: name, x: "epoch", whole: true, value: share ? percent : (one) => one.toFixed(3), ...(share ? { most: 1.02 } : {}) }));
    }
    charts.get(name).show(data);
  }
  byId("no-entropy").hidden = charts.has(ENTROPY) || !charts.size;
}

let fresh = true; // the next lines are the first ones
function showLines(lines) {
  const frame = byId("lines");
  if (fresh) frame.replaceChildren();
  fresh = false;
  frame.append(...lines.map((line) => h("div", { class: /\bERROR\b|Traceback/.test(line) ? "bad" : "" }, h("span", {}, line))));
  while (frame.children.length > MOST) frame.firstElementChild.remove();
  if (byId("follow").checked) frame.scrollTop = frame.scrollHeight;
}

/** A hyperparameter's value; a long number with four digits. */
const short = (value = "") => (value.length > 8 && Number.isFinite(Number(value)) ? String(Number(Number(value).toPrecision(4))) : value);

function showTuning(job) {
  const searched = job.searched.length ? `It searches ${job.searched.join("; ")}.` : "";
  showStatus(job, `${job.strategy}: ${job.trials.length}${job.most ? ` of at most ${job.most}` : ""} trials.`);
  byId("searched").textContent = searched;
  byId("trial-head").replaceChildren(h("tr", {}, ...["trial", "outcome"].map((one) => h("th", {}, one)), ...job.names.map((one) => h("th", { class: "number" }, one)), ...["epochs", "validation accuracy", "seconds"].map((one) => h("th", { class: "number" }, one))));
  byId("trial-rows").replaceChildren(...job.trials.map((one) => h("tr", { class: one.best ? "chosen" : "" },
    h("td", {}, h("a", { href: at("/training", { job: one.name }) }, one.name), one.best ? " " : null, one.best ? chip("best", "good") : null),
    h("td", { title: one.reason }, chip(one.outcome, one.kind)),
    ...job.names.map((name) => h("td", { class: "number", title: one.values[name] }, short(one.values[name]))),
    h("td", { class: "number" }, one.epochs),
    h("td", { class: "number" }, one.objective === null ? "" : one.objective.toFixed(3)),
    h("td", { class: "number" }, String(one.seconds)))));
}

function showJobs(jobs) {
  const name = place?.dataset.name;
  if (!byId("jobs")) {
    if (jobs.length) location.reload(); // the first job has begun
    return;
  }
  const focused = document.activeElement?.closest("#jobs a")?.textContent;
  byId("jobs").replaceChildren(...jobs.map((one) => h("tr", { class: one.name === name ? "chosen" : "" },
    h("td", {}, h("a", { href: at("/training", { job: one.name }), "aria-current": one.name === name ? "true" : null }, one.name)),
    h("td", {}, one.kind),
    h("td", {}, chip(one.status, one.colour)),
    h("td", {}, clock(one.created)),
    h("td", { class: "number" }, String(one.seconds)))));
  if (focused) [...document.querySelectorAll("#jobs a")].find((one) => one.textContent === focused)?.focus();
}
listen("/training/jobs", showJobs);

if (place) {
  const { name, kind } = place.dataset;
  if (kind === "tuning") listen(at("/training/trials", { job: name }), showTuning);
  else {
    listen(at("/training/news", { job: name }), (news) => {
      if (news.job) showJob(news.job, news.cost);
      if (news.curves) showCurves(news.curves);
      if (news.lines) showLines(news.lines);
    }, { anew: () => { fresh = true; } });
  }
}
