// Draws a state machine's graph, laid out by dagre, and colours it by what has happened.

import { Graph, layout } from "./vendor/dagre.js";

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 46;

function s(name, properties = {}, ...inside) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

// dagre takes no node without a name, as the start is.
const id = (name) => `state ${name}`;

const wide = (name) => Math.max(110, Math.min(300, 34 + name.length * 7.3));

export class Picture {
  /** frame: the element to draw in. graph: boxes and ways, as the server gives them. choose: called with a state's name. */
  constructor(frame, graph, choose) {
    Object.assign(this, { frame, graph, choose, boxes: new Map(), ways: [] });
    this.draw();
  }

  draw() {
    const plan = new Graph({ compound: true, multigraph: true });
    plan.setGraph({ rankdir: "TB", nodesep: 26, ranksep: 40, edgesep: 12, marginx: 10, marginy: 14 });
    plan.setDefaultEdgeLabel(() => ({}));
    plan.setNode(id(""), { width: 14, height: 14 });
    plan.setNode(id("*"), { width: 14, height: 14 });
    const parents = new Set(this.graph.boxes.map((box) => box.inside).filter(Boolean));
    for (const box of this.graph.boxes) {
      plan.setNode(id(box.name), parents.has(box.name) ? {} : { width: wide(box.name), height: HIGH });
    }
    for (const box of this.graph.boxes) if (box.inside) plan.setParent(id(box.name), id(box.inside));
    // dagre takes no way to or from a group: it goes to the group's first state instead.
    const inner = (name) => (parents.has(name) ? inner(this.graph.boxes.find((box) => box.inside === name).name) : name);
    const joined = new Map();
    for (const way of this.graph.ways) {
      const key = JSON.stringify([inner(way.start), inner(way.end), way.caught]);
      const found = joined.get(key);
      if (found) found.labels.push(way.label);
      else joined.set(key, { ...way, start: inner(way.start), end: inner(way.end), from: way.start, to: way.end, labels: [way.label] });
    }
    for (const [key, way] of joined) {
      // The errors that lead somewhere are told when one asks: there are too many of them to read at once.
      const label = way.caught ? "" : way.labels.filter(Boolean).join(" or ").slice(0, 40);
      plan.setEdge(id(way.start), id(way.end), { width: label ? label.length * 5.2 : 0, height: label ? 12 : 0, labelpos: "c", weight: way.caught ? 1 : 12, label, way }, key);
    }
    layout(plan);
    const size = plan.graph();
    const svg = s("svg", { viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, role: "group", "aria-label": "The state machine" });
    const arrow = (name) => s("marker", { id: name, class: name === "taken" ? "taken" : "", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { d: "M0 0L8 4L0 8z" }));
    svg.append(s("defs", {}, arrow("arrow"), arrow("taken")));
    for (const name of parents) {
      const { x, y, width, height } = plan.node(id(name));
      svg.append(s("g", { class: "group" }, s("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 12 })));
    }
    for (const edge of plan.edges()) {
      const found = plan.edge(edge);
      const [first, ...rest] = found.points;
      const line = s("path", { class: `way ${found.way.caught ? "caught" : ""}`, "marker-end": "url(#arrow)", d: `M${first.x} ${first.y}${rest.map((point) => `L${point.x} ${point.y}`).join("")}` });
      if (found.way.caught) line.append(s("title", {}, `caught: ${found.way.labels.join("; ")}`));
      svg.append(line);
      if (found.label) svg.append(s("text", { class: "label", x: found.x, y: found.y + 3 }, found.label));
      this.ways.push({ line, from: found.way.from, to: found.way.to });
    }
    for (const name of ["", "*"]) {
      const { x, y } = plan.node(id(name));
      svg.append(s("g", { class: "end" }, s("circle", { cx: x, cy: y, r: 6 }), s("title", {}, name ? "End" : "Start")));
    }
    for (const box of this.graph.boxes) {
      const { x, y, width, height } = plan.node(id(box.name));
      const group = parents.has(box.name);
      const top = group ? y - height / 2 + 15 : y - 3;
      const drawn = s("g", { class: "box", tabindex: 0, role: "button", "aria-label": `${box.name}, ${box.kind}` });
      if (group) drawn.append(s("rect", { x: x - width / 2, y: y - height / 2, width, height: 26, rx: 8 }));
      else drawn.append(s("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 9 }));
      drawn.append(s("text", { x, y: group ? top + 2 : top }, box.name.length > 38 ? `${box.name.slice(0, 37)}…` : box.name));
      if (!group) drawn.append(s("text", { x, y: y + 14, class: "kind" }, box.kind));
      drawn.append(s("title", {}, [box.name, box.comment].filter(Boolean).join(": ")));
      drawn.addEventListener("click", () => this.choose?.(box.name));
      drawn.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          this.choose?.(box.name);
        }
      });
      svg.append(drawn);
      this.boxes.set(box.name, drawn);
    }
    this.frame.replaceChildren(svg);
  }

  /** Colour the states by their last run, and the ways that were taken. runs: oldest first. */
  colour(runs) {
    const last = new Map(runs.map((run) => [run.name, run]));
    for (const [name, drawn] of this.boxes) {
      const run = last.get(name);
      drawn.setAttribute("class", `box ${run ? run.status : ""} ${name === this.chosen ? "chosen" : ""}`);
      const box = this.graph.boxes.find((one) => one.name === name);
      drawn.setAttribute("aria-label", `${name}, ${box.kind}${run ? `, ${run.status}` : ", not reached"}`);
    }
    const taken = new Set();
    let before = "";
    for (const run of runs) {
      taken.add(JSON.stringify([before, run.name]));
      before = run.name;
    }
    const over = runs.length && runs.at(-1).status !== "running";
    if (over) taken.add(JSON.stringify([before, "*"]));
    for (const way of this.ways) {
      const here = taken.has(JSON.stringify([way.from, way.to]));
      way.line.classList.toggle("taken", here);
      way.line.setAttribute("marker-end", here ? "url(#taken)" : "url(#arrow)");
    }
  }

  mark(name) {
    this.chosen = name;
    for (const [other, drawn] of this.boxes) drawn.classList.toggle("chosen", other === name);
  }
}
