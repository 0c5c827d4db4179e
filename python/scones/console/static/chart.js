// Charts of lines, drawn by uPlot (vendor/uplot.js sets window.uPlot).

import { h } from "./common.js";

const COLOURS = ["--accent", "--warn", "--good", "--bad"];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const HIGH = 210;

/**
 * A chart that can be given new numbers.
 * place: the element to draw in. labels: a name for each line. options: title, x (name of the axis), time (whether x is
 * in seconds since 1970), whole (x has no fractions), value (writes a number), least and most (of the values), mark (an x that has a line of its own).
 */
export class Chart {
  constructor(place, labels, options = {}) {
    Object.assign(this, { place, labels, options, data: [[]] });
    this.frame = h("div", { role: "img" });
    place.replaceChildren(...(options.title ? [h("h3", {}, options.title)] : []), this.frame);
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  size() {
    return { width: Math.max(220, this.place.clientWidth), height: HIGH };
  }

  /** data: the x values, then the values of each line; null where there is none. */
  show(data) {
    this.data = data;
    const write = this.options.value || String;
    const last = this.labels.map((label, index) => [label, data[index + 1].findLast((value) => value !== null)]);
    this.frame.setAttribute("aria-label", [this.options.title, ...last.map(([label, value]) => `${label}: ${value === undefined ? "no value" : write(value)}`)].filter(Boolean).join("; "));
    if (this.plot) this.plot.setData(data);
    else this.draw();
    this.tell();
  }

  /** The legend has the last values, unless the pointer is on others. */
  tell() {
    if (this.plot.cursor.idx === null || this.plot.cursor.idx === undefined) this.plot.setLegend({ idx: this.data[0].length - 1 });
  }

  draw() {
    this.plot?.destroy();
    const { time = false, value = String, least = 0, most = null, mark = null, x = "", whole = false } = this.options;
    const [ink, line] = [colour("--faint"), colour("--line")];
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    this.plot = new window.uPlot({
      ...this.size(),
      scales: {
        x: { time, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
        y: { range: (_, low, high) => [least ?? low, most ?? Math.max(high, 0) * 1.1 + (high > 0 ? 0 : 1)] },
      },
      axes: [whole ? { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100] } : axis, { ...axis, size: 62, values: (_, ticks) => ticks.map((one) => value(one)) }],
      series: [
        { label: x || (time ? "time" : "x"), value: (_, one) => (one === null ? "" : time ? new Date(one * 1000).toLocaleTimeString() : String(one)) },
        ...this.labels.map((label, index) => ({ label, stroke: colour(COLOURS[index % COLOURS.length]), width: 2, spanGaps: true, points: { show: this.data[index + 1].filter((one) => one !== null).length < 60, size: 5, fill: colour("--card") }, value: (_, one) => (one === null || one === undefined ? "" : value(one)) })),
      ],
      hooks: {
        setCursor: [() => this.plot && this.tell()],
        ...(mark === null ? {} : { draw: [(plot) => this.markAt(plot, mark)] }),
      },
    }, this.data, this.frame);
  }

  markAt(plot, value) {
    const at = Math.round(plot.valToPos(value, "x", true));
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--bad");
    ctx.setLineDash([5, 4]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}
