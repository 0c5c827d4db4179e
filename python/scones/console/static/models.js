// Models: the threshold's picture, commands to copy, and the plan that would follow.

import { Chart } from "./chart.js";
import { at, byId, enliven, h, percent, post, say } from "./common.js";

enliven();

const KINDS = { destroy: "bad", replace: "warn", create: "good", update: "run" };

function shown(plan) {
  if (!plan.changes.length && !plan.notice) return [h("p", {}, "An apply would change nothing.")];
  return [
    h("h3", {}, "An apply would"),
    ...plan.changes.map((one) => h("div", { class: "change" }, h("span", {}, h("span", { class: `chip ${KINDS[one.action] || ""}` }, one.action)), h("span", {}, h("code", {}, one.address), one.attributes.length ? h("span", { class: "faint" }, ` ${one.attributes.join(", ")}`) : null))),
    plan.notice ? h("p", { class: "notice" }, plan.notice) : null,
    h("details", {}, h("summary", {}, "Terraform's own words"), h("pre", { tabindex: 0 }, plan.text)),
  ].filter(Boolean);
}

byId("plan")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  byId("planned").replaceChildren(h("p", { class: "faint" }, "Terraform plans with this version; that takes up to a minute, and changes nothing…"));
  try {
    byId("planned").replaceChildren(...shown(await post(at("/models/plan", { version: button.dataset.version }))));
  } catch (problem) {
    byId("planned").replaceChildren(h("p", { class: "notice bad" }, problem.message));
    say("there is no plan");
  }
  button.disabled = false;
});

const place = byId("threshold-chart");
if (place) {
  const points = JSON.parse(place.dataset.points);
  const chart = new Chart(place, ["answered", "right, of what is answered"], { x: "threshold", value: percent, most: 1.02, mark: Number(place.dataset.threshold) });
  chart.show([points.map((one) => one.threshold), points.map((one) => one.share), points.map((one) => one.accuracy)]);
}
