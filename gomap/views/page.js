// Fills the page from the JSON in #data: a drawing of each map, drawn only where it is seen, tables, and the search.
// Text gets into the page by textContent, and never as HTML.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const said = document.getElementById("said");

function element(name, parent, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

/** A table whose rows the search looks at; CELLS: a row's texts, or elements that are put in as they are. */
function table(parent, caption, columns, rows, note) {
  const around = element("div", parent, undefined, { class: "table", tabindex: "0", role: "region", "aria-label": caption });
  const made = element("table", around);
  element("caption", made, caption);
  const head = element("tr", element("thead", made));
  for (const column of columns) element("th", head, column, { scope: "col" });
  const body = element("tbody", made);
  for (const cells of rows) {
    const row = element("tr", body, undefined, { class: "found" });
    for (const cell of cells) {
      if (cell instanceof Node) element("td", row).append(cell);
      else element("td", row, cell, { class: cell === "error" ? "short error" : cell.length < 32 ? "short" : "" });
    }
  }
  if (note) element("p", parent, note, { class: "note" });
}

// ---- one map's drawing

const CELL = 11, GAP = 1, BETWEEN = 14, ROW = 17, LEFT = 8;

/** What stands for a state: a colour of the style sheet, and a shape, for who cannot tell colours. */
function look(state) {
  if (state === "full" || state === "entry") return ["--full", "fill"];
  if (state === "shared" || state === "indirect") return ["--other", "fill"];
  if (state === "emptyOne") return ["--one", "fill"];
  if (state.startsWith("empty")) return ["--empty", "fill"];
  if (state.startsWith("evacuated")) return ["--moved", "slash"];
  if (state === "illegal") return ["--illegal", "cross"];
  if (state === "overflow") return ["--full", "ring"];
  return ["--deleted", "cross"];
}

function paintCell(context, x, y, size, [colour, shape], colours) {
  context.fillStyle = colours(colour);
  context.fillRect(x, y, size, size);
  if (shape === "fill") return;
  context.strokeStyle = colours("--page");
  context.lineWidth = 1.5;
  context.beginPath();
  if (shape === "ring") context.rect(x + 2.5, y + 2.5, size - 5, size - 5);
  if (shape !== "ring") { context.moveTo(x + 2, y + size - 2); context.lineTo(x + size - 2, y + 2); }
  if (shape === "cross") { context.moveTo(x + 2, y + 2); context.lineTo(x + size - 2, y + size - 2); }
  context.stroke();
}

function colourReader() {
  const style = getComputedStyle(document.documentElement), known = new Map();
  return (name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim());
    return known.get(name);
  };
}

async function unpacked(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Drawing {
  constructor(map, parent) {
    this.map = map;
    this.grid = map.grid;
    this.width = map.grid.width;
    this.parent = parent;
    this.texts = new Map(map.grid.entries.map(([block, slot, key, elem]) => [block * this.width + slot, [key, elem]]));
    this.marked = new Map();
    map.grid.findings.forEach(([block, slot], number) => {
      if (block < 0) return;
      if (!this.marked.has(block)) this.marked.set(block, []);
      this.marked.get(block).push([slot, number]);
    });
    this.cursor = { position: 0, slot: 0 };
  }

  async begin() {
    const grid = this.grid;
    this.heads = grid.runs.reduce((sum, run) => sum + run.count, 0);
    const blocks = this.heads + grid.links.length;
    const bytes = await unpacked(grid.packed);
    this.states = bytes.subarray(0, blocks * this.width);
    this.marks = bytes.subarray(blocks * this.width);
    this.arrange();
    this.show();
  }

  /** The order of blocks in which they are drawn, each head before its chain; where in it each run begins. */
  arrange() {
    const { grid, heads } = this, blocks = heads + grid.links.length;
    this.order = new Int32Array(blocks);
    this.place = new Int32Array(blocks);
    this.runAt = [];
    let link = 0, at = 0, head = 0;
    for (const run of grid.runs) {
      this.runAt.push({ run, start: at, head });
      for (let n = 0; n < run.count; n++, head++) {
        this.place[head] = at;
        this.order[at++] = head;
        for (; link < grid.links.length && grid.links[link][0] === head; link++) {
          this.place[heads + link] = at;
          this.order[at++] = heads + link;
        }
      }
    }
  }

  show() {
    const { map, grid, parent } = this;
    const counts = new Array(grid.states.length).fill(0);
    for (const code of this.states) counts[code]++;
    const legend = element("ul", parent, undefined, { class: "legend", "aria-label": "States of slots" });
    this.swatches = [];
    grid.states.forEach((state, code) => {
      if (!code || !counts[code]) return;
      const item = element("li", legend);
      const swatch = element("canvas", item, undefined, { width: 12, height: 12, "aria-hidden": "true" });
      this.swatches.push([swatch, state]);
      item.append(`${state} ${counts[code].toLocaleString("en")}`);
    });
    const help = element("p", parent,
      "Arrow keys go from slot to slot, Page Up and Page Down by screens, Home and End to the first and the last, " +
      "N and P to the next and the previous finding.", { class: "note", id: `help-${map.number}` });
    this.scroller = element("div", parent, undefined, {
      class: "scroller", tabindex: "0", role: "application", "aria-describedby": help.id,
      "aria-label": `Slots of ${map.path || map.type}`,
    });
    this.canvas = element("canvas", this.scroller, undefined, { "aria-hidden": "true" });
    this.spacer = element("div", this.scroller);
    this.detail = element("p", parent, "", { class: "detail" });
    if (grid.left) element("p", parent, grid.left, { class: "note" });
    for (const note of grid.notes) element("p", parent, note, { class: "note" });
    this.hover = element("div", document.body, "", { class: "hover", hidden: "" });
    this.scroller.addEventListener("scroll", () => { this.hover.hidden = true; this.later(); });
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    this.scroller.addEventListener("focus", () => this.tell());
    this.canvas.addEventListener("mousemove", (event) => this.point(event));
    this.canvas.addEventListener("mouseleave", () => { this.hover.hidden = true; });
    this.canvas.addEventListener("click", (event) => {
      const hit = this.hit(event);
      if (hit) { this.cursor = hit; this.tell(); this.later(); }
    });
    new ResizeObserver(() => this.layout()).observe(this.scroller);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.layout());
    this.layout();
  }

  /** Rows: a label in front of each run, then as many blocks as fit. */
  layout() {
    const width = this.scroller.clientWidth;
    const block = this.width * (CELL + GAP) + BETWEEN;
    this.block = block;
    this.across = Math.max(1, Math.floor((width - LEFT) / block));
    const key = `${width}`;
    if (this.laid !== key) {
      this.laid = key;
      this.rows = [];
      const names = this.runAt;
      names.forEach(({ run, start }, number) => {
        const end = number + 1 < names.length ? names[number + 1].start : this.order.length;
        this.rows.push([-1, number]);
        for (let at = start; at < end; at += this.across) this.rows.push([at, Math.min(at + this.across, end)]);
      });
      this.spacer.style.height = `${this.rows.length * ROW + 8}px`;
      this.scroller.style.height = `${Math.min(this.rows.length * ROW + 10, Math.max(240, innerHeight * 0.6))}px`;
    }
    const tall = this.scroller.clientHeight, ratio = devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = tall * ratio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${tall}px`;
    this.draw();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const context = this.canvas.getContext("2d"), ratio = devicePixelRatio || 1, colours = colourReader();
    const looks = this.grid.states.map(look);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colours("--page");
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const top = this.scroller.scrollTop, first = Math.floor(top / ROW);
    const end = Math.min(this.rows.length, first + Math.ceil(this.scroller.clientHeight / ROW) + 1);
    for (let row = first; row < end; row++) {
      const y = row * ROW - top + 4, [start, stop] = this.rows[row];
      if (start < 0) {
        context.fillStyle = colours("--text");
        context.font = "12px ui-monospace, 'DejaVu Sans Mono', monospace";
        context.fillText(this.label(this.runAt[stop].run), LEFT, y + 10);
        continue;
      }
      for (let at = start; at < stop; at++) this.drawBlock(context, at, LEFT + (at - start) * this.block, y, looks, colours);
    }
    for (const [swatch, state] of this.swatches) {
      paintCell(swatch.getContext("2d"), 0, 0, 12, look(state), colours);
    }
  }

  drawBlock(context, position, x, y, looks, colours) {
    const block = this.order[position], base = block * this.width;
    if (block >= this.heads) {
      context.strokeStyle = colours("--chain");
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x - BETWEEN + 1, y + CELL / 2);
      context.lineTo(x - 2, y + CELL / 2);
      context.moveTo(x - 5, y + 2);
      context.lineTo(x - 1, y + CELL / 2);
      context.lineTo(x - 5, y + CELL - 2);
      context.stroke();
    }
    for (let slot = 0; slot < this.width; slot++) {
      const code = this.states[base + slot];
      if (code) paintCell(context, x + slot * (CELL + GAP), y, CELL, looks[code], colours);
    }
    context.lineWidth = 2;
    for (const [slot] of this.marked.get(block) || []) {
      context.strokeStyle = colours("--bad");
      const left = slot < 0 ? 0 : slot * (CELL + GAP), wide = slot < 0 ? this.width * (CELL + GAP) - GAP : CELL;
      context.strokeRect(x + left - 1, y - 1, wide + 2, CELL + 2);
    }
    if (position === this.cursor.position && document.activeElement === this.scroller) {
      context.strokeStyle = colours("--cursor");
      context.strokeRect(x + this.cursor.slot * (CELL + GAP) - 3, y - 3, CELL + 6, CELL + 6);
    }
  }

  label(run) {
    const last = run.first + run.count - 1, of = run.place ? `${run.place}: ` : "";
    const number = run.count > 1 ? `${run.role}s ${run.first} to ${last}` : `${run.role} ${run.first}`;
    return `${of}${number} at ${run.address}`;
  }

  hit(event) {
    const around = this.canvas.getBoundingClientRect();
    const row = this.rows[Math.floor((event.clientY - around.top + this.scroller.scrollTop - 2) / ROW)];
    if (!row || row[0] < 0) return null;
    const x = event.clientX - around.left - LEFT, place = Math.floor(x / this.block);
    const position = row[0] + place, slot = Math.floor((x - place * this.block) / (CELL + GAP));
    if (x < 0 || position >= row[1] || slot >= this.width) return null;
    return { position, slot };
  }

  point(event) {
    const hit = this.hit(event);
    this.hover.hidden = !hit;
    if (!hit) return;
    this.hover.textContent = this.describe(hit);
    const wide = this.hover.offsetWidth, tall = this.hover.offsetHeight;
    this.hover.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
    const below = event.clientY + 18;
    this.hover.style.top = `${below + tall < innerHeight ? below : event.clientY - tall - 10}px`;
  }

  describe({ position, slot }) {
    const { grid, width } = this, block = this.order[position], at = block * width + slot;
    let where, address;
    let head = block, depth = 0;
    if (block >= this.heads) {
      head = grid.links[block - this.heads][0];
      depth = position - this.place[head];
      address = BigInt(grid.links[block - this.heads][1]);
    }
    const { run, head: first } = this.runOf(head);
    where = `${run.place ? `${run.place} ` : ""}${run.role} ${run.first + head - first}`;
    if (depth) where += `, overflow ${depth}`;
    else address = BigInt(run.address) + BigInt(head - first) * BigInt(grid.size);
    const state = grid.states[this.states[at]] || "none";
    const { offset, stride, marks } = grid.slot;
    const lines = [`${where} at 0x${address.toString(16)}, slot ${slot}: ${state}`];
    if (marks >= 0) lines[0] += `, mark ${this.marks[at].toString(16).padStart(2, "0")}`;
    lines[0] += `, slot at 0x${(address + BigInt(offset + slot * stride)).toString(16)}`;
    const texts = this.texts.get(at);
    if (texts) lines.push(`key ${texts[0]}`, `element ${texts[1]}`);
    else if (state === "full") lines.push("key and element are not in this page; gomap-walk shows them");
    for (const [in_slot, number] of this.marked.get(block) || []) {
      if (in_slot === slot || in_slot < 0) {
        const finding = this.map.findings[number];
        lines.push(`${finding.severity} ${finding.rule}: ${finding.text}`);
      }
    }
    return lines.join("\n");
  }

  runOf(head) {
    let low = 0, high = this.runAt.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.runAt[middle].head <= head) low = middle; else high = middle - 1;
    }
    return this.runAt[low];
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.order.length) return;
    const screen = this.across * Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 1);
    const last = this.order.length - 1, { position, slot } = this.cursor;
    const to = (place, at) => ({ position: Math.max(0, Math.min(last, place)), slot: at });
    const moves = {
      ArrowRight: () => (slot + 1 < this.width ? to(position, slot + 1) : position < last ? to(position + 1, 0) : this.cursor),
      ArrowLeft: () => (slot ? to(position, slot - 1) : position ? to(position - 1, this.width - 1) : this.cursor),
      ArrowDown: () => to(position + this.across, slot),
      ArrowUp: () => to(position - this.across, slot),
      PageDown: () => to(position + screen, slot),
      PageUp: () => to(position - screen, slot),
      Home: () => to(0, 0),
      End: () => to(last, this.width - 1),
      n: () => this.finding(1),
      p: () => this.finding(-1),
    };
    const move = moves[event.key] || moves[event.key.toLowerCase()];
    if (!move) return;
    event.preventDefault();
    this.go(move());
  }

  /** The next finding behind the cursor, or the one before it. */
  finding(step) {
    const places = [];
    for (const [block, marks] of this.marked) {
      for (const [slot] of marks) places.push([this.place[block], Math.max(slot, 0)]);
    }
    places.sort((one, other) => step * (one[0] - other[0] || one[1] - other[1]));
    const { position, slot } = this.cursor;
    const next = places.find(([at, in_slot]) => step * (at - position || in_slot - slot) > 0) || places[0];
    return next ? { position: next[0], slot: next[1] } : this.cursor;
  }

  go(cursor) {
    this.cursor = cursor;
    const row = this.rowOf(cursor.position), y = row * ROW, tall = this.scroller.clientHeight;
    const top = this.scroller.scrollTop;
    if (y < top + ROW) this.scroller.scrollTop = y - ROW;
    else if (y + 2 * ROW > top + tall) this.scroller.scrollTop = y + 2 * ROW - tall;
    this.tell();
    this.later();
  }

  rowOf(position) {
    let low = 0, high = this.rows.length - 1;
    const start = (row) => (this.rows[row][0] < 0 ? this.runAt[this.rows[row][1]].start - 0.5 : this.rows[row][0]);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (start(middle) <= position) low = middle; else high = middle - 1;
    }
    return low;
  }

  tell() {
    if (!this.order.length) return;
    const text = this.describe(this.cursor);
    this.detail.textContent = text;
    said.textContent = text;
    this.later();
  }

  showFinding(number) {
    const [block, slot] = this.grid.findings[number];
    this.scroller.focus({ preventScroll: true });
    this.scroller.scrollIntoView({ block: "center" });
    this.go({ position: this.place[block], slot: Math.max(slot, 0) });
  }
}

// ---- the page

async function showMap(map, number) {
  map.number = number;
  const section = element("section", main, undefined, { "aria-labelledby": `map-${number}`, class: "map" });
  element("h2", section, map.path ? `Map ${map.path}` : "Map", { id: `map-${number}`, class: "found" });
  element("p", section, `${map.type} at ${map.address} (${map.kind}): ${map.summary}`, { class: "found" });
  for (const text of map.without) element("p", section, text, { class: "note" });
  const drawing = new Drawing(map, section);
  if (map.findings.length) {
    for (const [kind, address, text] of map.causes) element("p", section, `cause ${kind} at ${address}: ${text}`);
    const rows = map.findings.map((finding, index) => {
      const cells = [finding.severity, finding.rule, finding.address, finding.text];
      if (map.grid.findings[index][0] < 0) return [...cells, ""];
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "show";
      button.setAttribute("aria-label", `show ${finding.rule} at ${finding.address} in the drawing`);
      button.addEventListener("click", () => drawing.showFinding(index));
      return [...cells, button];
    });
    table(section, `Findings in ${map.path || map.type}`, ["severity", "rule", "address", "what", "slot"], rows);
  }
  const more = element("details", section);
  element("summary", more, "Header");
  table(more, `Header of ${map.path || map.type}`, ["field", "value", "means"], map.header);
  for (const row of more.querySelectorAll(".found")) row.classList.remove("found");
  if (map.grid.runs.length) await drawing.begin();
}

/** Hides what has not all the words: rows of tables, and a map of which nothing has them. */
function search() {
  const words = document.getElementById("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...document.querySelectorAll(".found")];
  const fitting = new Set(found.filter((one) => {
    const text = one.textContent.toLowerCase();
    return words.every((word) => text.includes(word));
  }));
  for (const one of found) if (one.tagName === "TR") one.hidden = !fitting.has(one);
  for (const map of document.querySelectorAll(".map")) {
    map.hidden = ![...map.querySelectorAll(".found")].some((one) => fitting.has(one));
  }
  document.getElementById("hits").textContent =
    words.length ? `${fitting.size} of ${found.length} lines have it` : "";
}

async function begin() {
  for (const [number, map] of data.maps.entries()) {
    try {
      await showMap(map, number);
    } catch (error) {
      element("p", main, `This map cannot be drawn in this browser: ${error}`, { class: "note" });
    }
  }
  for (const each of data.tables) {
    const section = element("section", main);
    element("h2", section, each.title);
    table(section, each.title, each.columns, each.rows, each.note);
  }
  const form = document.getElementById("search");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("words").addEventListener("input", search);
  document.documentElement.dataset.ready = Math.round(performance.now());  // milliseconds since it was opened
}

begin();
