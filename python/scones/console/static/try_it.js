// Try it: a picture goes to the workflow, and its answer comes back.

import { ask, at, bars, byId, chip, h, listen, post, say, trying, WORDS, STATUS, remember, remembered } from "./common.js";
import { Picture } from "./graph.js";

const place = byId("try");
const writes = place.dataset.writes === "yes";
let end = () => {};

function threshold() {
  const slider = byId("threshold");
  return slider && slider.value !== place.dataset.threshold ? Number(slider.value) : null;
}

async function uploaded(file) {
  const name = encodeURIComponent(file.name || "pasted.png");
  return (await ask("/try/upload", { method: "POST", body: file, headers: { "X-Name": name } })).url;
}

/** Run one picture, and show all of it. */
async function runOne(url, preview) {
  byId("waiting").textContent = "The workflow begins…";
  byId("waiting").hidden = false;
  byId("answer").hidden = true;
  const started = await trying(() => post("/try/start", { url, threshold: threshold() }));
  if (!started) {
    byId("waiting").textContent = "It was not started.";
    return;
  }
  follow(started.arn, preview || at("/picture", { url }));
}

function follow(arn, preview) {
  end();
  remember({ arn });
  byId("waiting").hidden = true;
  byId("answer").hidden = false;
  byId("shown").src = preview;
  byId("open").href = at("/execution", { arn });
  byId("running").hidden = false;
  byId("bars").replaceChildren();
  const runs = new Map();
  let picture = null;
  end = listen(at("/execution/news", { arn }), (news) => {
    if (news.graph) { // all of it is told anew
      runs.clear();
      picture = new Picture(byId("graph"), news.graph, (state) => (location.href = at("/execution", { arn, state })));
    }
    for (const run of news.runs || []) runs.set(run.entered, run);
    if (news.runs) picture?.colour([...runs.values()]);
    if (news.answer) show(news.answer);
  });
}

function show(answer) {
  byId("verdict").textContent = WORDS[answer.verdict];
  byId("verdict").className = `verdict ${STATUS[answer.verdict]}`;
  byId("sentence").textContent = answer.sentence;
  byId("bars").replaceChildren(...bars(answer.probabilities));
}

/** Run many pictures, a few at once, and show a row for each. */
async function runMany(files) {
  byId("many").hidden = false;
  const waiting = files.map((file) => {
    const row = h("tr", {}, h("td", {}, file.name), h("td", {}, ""), h("td", {}, ""), h("td", {}, "waits"));
    byId("rows").append(row);
    return { file, row };
  });
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) await runRow(one);
  };
  await Promise.all([work(), work(), work(), work()]);
}

async function runRow({ file, row }) {
  const [, answer, confidence, result] = row.children;
  result.textContent = "runs…";
  try {
    const url = await uploaded(file);
    const { arn } = await post("/try/start", { url, threshold: threshold() });
    const found = await new Promise((done) => {
      let last = null;
      listen(at("/execution/news", { arn }), (news) => { last = news.answer || last; }, { after: () => done(last) });
    });
    answer.textContent = found.label || "";
    confidence.textContent = found.confidence === null ? "" : found.confidence.toFixed(3);
    result.replaceChildren(h("a", { href: at("/execution", { arn }), title: found.sentence }, chip(WORDS[found.verdict], STATUS[found.verdict])));
  } catch (problem) {
    result.textContent = problem.message;
  }
}

async function take(files) {
  const pictures = [...files];
  if (!pictures.length) return;
  if (pictures.length > 1) {
    await runMany(pictures);
    return;
  }
  byId("waiting").textContent = `Sending ${pictures[0].name || "the picture"}…`;
  const url = await trying(() => uploaded(pictures[0]));
  if (url) await runOne(url);
  else byId("waiting").textContent = "It was not taken.";
}

if (writes) {
  const drop = byId("drop");
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files); });
  // A picture that misses the field must not replace the page.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  byId("files").addEventListener("change", (event) => { take(event.target.files); event.target.value = ""; });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) take(files);
    else if (event.target.tagName !== "INPUT") say("the clipboard holds no picture");
  });
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.addEventListener("click", () => trying(async () => {
      const content = await (await fetch(button.dataset.sample)).blob();
      await take([new File([content], button.dataset.sample.split("/").at(-1), { type: "image/png" })]);
    }));
  }
  byId("named").addEventListener("submit", (event) => { event.preventDefault(); runOne(byId("url").value.trim()); });
  byId("threshold").addEventListener("input", (event) => { byId("least").textContent = Number(event.target.value).toFixed(2); });
}

if (remembered("arn")) {
  const arn = remembered("arn");
  trying(async () => {
    const found = await ask(at("/execution/about", { arn }));
    follow(arn, found.url ? at("/picture", { url: found.url }) : "/static/icon.svg");
  });
}
