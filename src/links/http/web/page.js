// The page: the device's screen live, its buttons, its records. No framework, nothing from elsewhere.
"use strict";

const API = "/api/v1";
const ROWS = 8;
const byId = (id) => document.getElementById(id);

// ---- The screen: an event says that there is a new one; a slow connection skips to the newest. ----

const canvas = byId("screen");
const pen = canvas.getContext("2d");
let wanted = -1;
let drawn = -1;
let drawing = false;

async function draw() {
  if (drawing) return;
  drawing = true;
  try {
    while (drawn !== wanted) {
      const version = wanted;
      const answer = await fetch(`/screen.png?version=${version}`);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const picture = await createImageBitmap(await answer.blob());
      if (canvas.width !== picture.width || canvas.height !== picture.height) {
        canvas.width = picture.width;
        canvas.height = picture.height;
        fit();
      }
      pen.drawImage(picture, 0, 0);
      picture.close();
      drawn = version;
    }
  } catch {
    // The next event draws again; a lost connection is told by the event stream.
  } finally {
    drawing = false;
  }
}

// The panel's pixels become squares of a whole number of the display's pixels, as large as there is room for.
function fit() {
  const density = window.devicePixelRatio || 1;
  const one = window.innerWidth <= 900;
  const across = one ? window.innerWidth - 28 - 34 - 28 : Math.min(680, window.innerWidth * 0.52 - 90);
  const down = one ? window.innerHeight * 0.62 : window.innerHeight - 270;
  const times = Math.floor(Math.min(across / canvas.width, down / canvas.height) * density);
  const scale = Math.max(1, times) / density;
  canvas.style.width = `${canvas.width * scale}px`;
  canvas.style.height = `${canvas.height * scale}px`;
}
window.addEventListener("resize", fit);
fit();

// ---- The status: what the screen says, in words. ----

const now = byId("now");
let told = 0;
let telling = 0;

// The live picture changes its hint many times a second; nobody can listen to that.
function tell(status) {
  clearTimeout(telling);
  const wait = status.screen === "viewfinder" ? Math.max(0, told + 1500 - Date.now()) : 0;
  telling = setTimeout(() => {
    const words = status.warning ? `${status.words} ${status.warning}.` : status.words;
    now.dataset.screen = status.screen;
    now.dataset.record = status.result?.record ?? "";
    if (now.textContent === words) return;
    now.textContent = words;
    told = Date.now();
  }, wait);
}

let listed = "";

function show(status) {
  wanted = status.version;
  draw();
  tell(status);
  canvas.classList.toggle("dark", status.backlight === 0);
  byId("keys").hidden = !status.virtual_buttons;
  byId("help").hidden = !status.virtual_buttons;
  const state = `${status.records} ${status.result?.record ?? ""}`;
  if (state !== listed) {
    listed = state;
    list(status.result?.record);
  }
}

function connected(is) {
  byId("lost").hidden = is;
  canvas.classList.toggle("old", !is);
  byId("light").classList.toggle("off", !is);
}

let stream = null;

function connect() {
  stream = new EventSource(`${API}/events`);
  stream.addEventListener("open", () => connected(true));
  stream.addEventListener("screen", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    connected(false);
    drawn = -1;
    listed = "";
    // The browser tries again by itself, unless the device refused.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

// ---- The buttons: down and up are sent as they happen and in their order, so that holding works. ----

const KEYS = { " ": "main", Enter: "main", ArrowLeft: "previous", ArrowRight: "next", Escape: "back" };
const HELD_EVERY = 500;
const down = new Map();
let sending = Promise.resolve();

function send(button, pressed) {
  sending = sending.then(async () => {
    try {
      const answer = await fetch(`${API}/buttons/${button}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ pressed }),
        keepalive: true,
      });
      if (!answer.ok) throw new Error(`${answer.status}`);
    } catch {
      now.textContent = "The button did not reach the device.";
    }
  });
}

function move(button, pressed) {
  if (byId("keys").hidden || down.has(button) === pressed) return;
  if (pressed) {
    // A device that hears nothing of a held button lets it go.
    down.set(button, setInterval(() => send(button, true), HELD_EVERY));
  } else {
    clearInterval(down.get(button));
    down.delete(button);
  }
  document.querySelector(`[data-button="${button}"]`).classList.toggle("down", pressed);
  send(button, pressed);
}

function releaseAll() {
  for (const button of [...down.keys()]) move(button, false);
}

for (const key of document.querySelectorAll("[data-button]")) {
  const button = key.dataset.button;
  key.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    key.setPointerCapture(event.pointerId);
    move(button, true);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    key.addEventListener(end, () => move(button, false));
  }
  key.addEventListener("contextmenu", (event) => event.preventDefault());
  // Screen readers click without a pointer.
  key.addEventListener("click", (event) => {
    if (event.detail !== 0) return;
    move(button, true);
    setTimeout(() => move(button, false), 80);
  });
}

// The button that a key moves: the focused one for space and enter, none where the key has another use there.
function keyed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const button = KEYS[event.key];
  const focused = document.activeElement?.closest("a, button, input, select");
  if (!button || !focused || button !== "main") return button ?? null;
  return focused.dataset.button ?? null;
}

const held = new Map();
document.addEventListener("keydown", (event) => {
  const button = held.get(event.code) ?? keyed(event);
  if (!button || byId("keys").hidden) return;
  event.preventDefault();
  if (event.repeat) return;
  held.set(event.code, button);
  move(button, true);
});
document.addEventListener("keyup", (event) => {
  const button = held.get(event.code);
  if (!button) return;
  event.preventDefault();
  held.delete(event.code);
  move(button, false);
});
for (const away of ["blur", "pagehide"]) {
  window.addEventListener(away, () => {
    held.clear();
    releaseAll();
  });
}

// ---- The records: a page of the newest, and older ones on demand. ----

const WORDS = { suspicious: "Suspicious", uncertain: "Uncertain", not_suspicious: "Not suspicious" };
let starts = [null];
let next = null;
let shownRecord = null;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function cell(row, content, kind) {
  const made = element("td", undefined, kind);
  made.append(content);
  row.append(made);
  return made;
}

const percent = (share) => `${(share * 100).toFixed(0)}%`;

function rowOf(record) {
  const row = element("tr");
  row.classList.toggle("shown", record.sequence === shownRecord);
  const number = element("a", record.sequence);
  number.href = `${API}/records/${record.sequence}`;
  number.setAttribute("aria-label", `All data of record ${record.sequence}`);
  cell(row, number);
  const picture = element("img");
  picture.src = `${API}/records/${record.sequence}/image`;
  picture.alt = `Picture of record ${record.sequence}`;
  picture.loading = "lazy";
  const link = element("a");
  link.href = picture.src;
  link.append(picture);
  cell(row, link);
  const verdict = cell(row, element("span", WORDS[record.verdict], `verdict ${record.verdict}`));
  const [top] = record.top;
  if (top) verdict.append(element("small", `${top.name} ${percent(top.probability)}`));
  if (record.overridden) verdict.append(element("small", "refused picture used anyway"));
  cell(row, percent(record.malignant_probability), "number");
  const moment = new Date(record.captured_at);
  const time = element("time", moment.toLocaleDateString(undefined, { dateStyle: "medium" }));
  time.dateTime = record.captured_at;
  time.append(element("small", moment.toLocaleTimeString(undefined, { timeStyle: "medium" })));
  const captured = cell(row, time, "wide");
  if (!record.clock_set) captured.append(element("small", "clock was not set"));
  return row;
}

async function list(record) {
  shownRecord = record ?? shownRecord;
  const before = starts.at(-1);
  try {
    const answer = await fetch(`${API}/records?limit=${ROWS}${before === null ? "" : `&before=${before}`}`);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const page = await answer.json();
    next = page.next_before;
    byId("rows").replaceChildren(...page.records.map(rowOf));
    byId("table").hidden = page.records.length === 0;
    byId("none").hidden = page.records.length !== 0;
    byId("total").textContent = page.total === 1 ? "1 on the device" : `${page.total} on the device`;
    byId("newer").disabled = starts.length === 1;
    byId("older").disabled = next === null;
    document.querySelector(".pages").hidden = starts.length === 1 && next === null;
  } catch (error) {
    byId("total").textContent = `The records cannot be read: ${error.message}`;
  }
}

byId("older").addEventListener("click", () => {
  if (next !== null) starts.push(next);
  list();
});
byId("newer").addEventListener("click", () => {
  if (starts.length > 1) starts.pop();
  list();
});

list();
connect();
