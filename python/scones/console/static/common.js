// What the pages share. Text from AWS is only ever set as text, never as markup.

/** An element: h("p", {class: "faint"}, "text", other). A property that begins with "on" is a listener. */
export function h(name, properties = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Ask the server. What it refuses is an Error with its words. */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json", ...options.headers }, ...options });
  } catch {
    throw new Error(GONE);
  }
  const found = (answer.headers.get("content-type") || "").includes("json") ? await answer.json() : null;
  if (!answer.ok) throw new Error(found ? [found.error, found.hint].filter(Boolean).join(". ") : `the console answers ${answer.status}`);
  return found;
}

export const post = (path, body = {}) => ask(path, { method: "POST", body: JSON.stringify(body) });

export const at = (path, parameters) => `${path}?${new URLSearchParams(parameters)}`;

/** Say something in the corner for some seconds. */
export function say(text) {
  const note = h("p", {}, text);
  byId("notices").append(note);
  setTimeout(() => note.remove(), 7000);
}

/** Do something, and say what is refused. */
export async function trying(what) {
  try {
    return await what();
  } catch (problem) {
    say(problem.message);
    return undefined;
  }
}

const AGAIN = 5000; // ms until the next try
const GONE = "The console does not answer. Is it still running? Start it with: invoke console";

/** What is wrong for now stands at the top of the page, until it is mended. */
const troubles = new Map();
function trouble(of, text) {
  if (text) troubles.set(of, text);
  else if (!troubles.delete(of)) return;
  const texts = [...new Set(troubles.values())];
  let note = byId("trouble");
  if (!note) document.querySelector("main").prepend((note = h("p", { id: "trouble", class: "notice bad", role: "alert" })));
  note.hidden = !texts.length;
  note.textContent = texts.join(" ");
}

/**
 * Listen to the server's messages while the page is seen. What goes wrong is said, and tried again.
 * anew: called each time it begins, because the server then tells all of it anew. after: called when all is told.
 * Returns a function that ends it.
 */
export function listen(path, take, { anew = () => {}, after = () => {} } = {}) {
  let source = null;
  let timer = null;
  let over = false;
  const begin = () => {
    clearTimeout(timer);
    if (over || source) return;
    anew();
    source = new EventSource(path);
    source.onmessage = (message) => {
      trouble(path, null);
      take(JSON.parse(message.data));
    };
    source.onerror = () => again(GONE);
    source.addEventListener("problem", (message) => {
      const found = JSON.parse(message.data);
      again([found.error, found.hint].filter(Boolean).join(". "));
    });
    source.addEventListener("last", () => {
      end();
      after();
    });
  };
  const pause = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const again = (text) => {
    pause();
    trouble(path, text);
    timer = setTimeout(begin, AGAIN);
  };
  const seen = () => (document.hidden ? pause() : begin());
  const end = () => {
    over = true;
    pause();
    trouble(path, null);
    document.removeEventListener("visibilitychange", seen);
  };
  document.addEventListener("visibilitychange", seen);
  begin();
  return end;
}

/** Change the address's parameters without a new page, so that it can be sent. */
export function remember(values) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history.replaceState(null, "", address);
}

export const remembered = (name) => new URLSearchParams(location.search).get(name) || "";

export const STATUS = {
  SUCCEEDED: "good", succeeded: "good", passed: "good", caught: "warn", refused: "warn", foreign: "warn", PENDING_REDRIVE: "warn",
  RUNNING: "run", running: "run", FAILED: "bad", failed: "bad", TIMED_OUT: "bad", ABORTED: "bad", aborted: "bad",
};

export const chip = (text, kind = STATUS[text]) => h("span", { class: `chip ${kind || ""}` }, text);

export const seconds = (value) => (value === null || value === undefined ? "" : value < 10 ? value.toFixed(3) : value.toFixed(1));

export const percent = (share) => `${Math.round(1000 * share) / 10} %`;

export const clock = (value) => {
  const moment = new Date(value);
  return `${moment.toLocaleDateString()} ${moment.toLocaleTimeString()}`;
};

export const precise = (value) => {
  const moment = new Date(value);
  return `${moment.toTimeString().slice(0, 8)}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
};

/** Copy a text, and say so. */
export async function copy(text) {
  await navigator.clipboard.writeText(text);
  say("copied");
}

/** What the server has written: its buttons copy, and its times are those of the clock here. */
export function enliven() {
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button.dataset.copy));
  for (const time of document.querySelectorAll("time[datetime]")) time.textContent = clock(time.dateTime);
}

/** A JSON text that can be folded and copied. */
export function folded(text) {
  if (text === null || text === undefined) return h("p", { class: "faint" }, "There is none.");
  let value;
  try {
    value = typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    return h("pre", {}, text);
  }
  const pretty = JSON.stringify(value, null, 2);
  const tools = h("div", { class: "tools" }, h("button", { type: "button", onclick: () => copy(pretty) }, "Copy"));
  return h("div", {}, tools, h("div", { class: "fold", tabindex: "0", role: "group", "aria-label": "JSON" }, ...shown(value, 0)));
}

function shown(value, depth) {
  if (value === null || typeof value !== "object") {
    return [h("span", { class: typeof value === "string" ? "text" : "" }, JSON.stringify(value))];
  }
  const entries = Object.entries(value);
  const brackets = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (!entries.length) return [brackets.join("")];
  const about = Array.isArray(value) ? `${entries.length} items` : `${entries.length} fields`;
  const inner = h("div", { class: "inner" });
  for (const [key, one] of entries) {
    inner.append(h("div", {}, h("span", { class: "key" }, Array.isArray(value) ? `${key}: ` : `${JSON.stringify(key)}: `), ...shown(one, depth + 1)));
  }
  return [h("details", { open: depth < 3 && entries.length <= 40 }, h("summary", {}, `${brackets[0]} ${about} ${brackets[1]}`), inner)];
}

/** Bars of probabilities. */
export function bars(probabilities) {
  return Object.entries(probabilities)
    .sort((one, other) => other[1] - one[1])
    .map(([name, share]) =>
      h("div", { class: "bar" }, h("span", {}, name), h("meter", { min: 0, max: 1, value: share, "aria-label": name }), h("span", {}, `${(100 * share).toFixed(1)} %`)));
}

export const WORDS = { passed: "Passed", refused: "Refused: not sure enough", foreign: "Refused: not one of the classes", failed: "Failed", running: "Running" };

/** A long table of which only the rows in sight are drawn: rows(list, make) where make gives the cells. */
export class LongTable {
  constructor(frame, body, height, make) {
    Object.assign(this, { frame, body, height, make, list: [] });
    frame.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(frame);
  }

  /** grown: only the end of the list is new, so what is drawn stays as it is. */
  show(list, grown = false) {
    this.list = list;
    this.draw(!grown);
  }

  draw(anew = false) {
    const first = Math.max(0, Math.floor(this.frame.scrollTop / this.height) - 8);
    const last = Math.min(this.list.length, first + Math.ceil(this.frame.clientHeight / this.height) + 24);
    const room = (rows) => `${rows * this.height}px`;
    if (!anew && this.first === first && this.last === last) {
      if (this.under) this.under.style.height = room(this.list.length - last);
      return;
    }
    Object.assign(this, { first, last });
    const spacer = (rows) => {
      const cell = h("td", { class: "room", colspan: 9 });
      cell.style.height = room(rows);
      return cell;
    };
    const above = first ? spacer(first) : null;
    this.under = last < this.list.length ? spacer(this.list.length - last) : null;
    const rows = this.list.slice(first, last).map((one) => this.make(one));
    const spaced = (cell) => (cell ? [h("tr", { "aria-hidden": "true" }, cell)] : []);
    this.body.replaceChildren(...spaced(above), ...rows, ...spaced(this.under));
    this.seen?.(this.list.slice(first, last));
  }
}
