// The device's screen live, and its buttons.

import { API, byId } from "./dom.js";

// Told of every status, and whether what was known before may be old.
let heard = null;

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
      const answer = await fetch(`${API}/screen.png?version=${version}`);
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
export function fit() {
  const density = window.devicePixelRatio || 1;
  const one = window.innerWidth <= 900;
  const across = one ? window.innerWidth - 28 - 34 - 28 : Math.min(560, window.innerWidth * 0.46 - 90);
  const down = one ? window.innerHeight * 0.55 : window.innerHeight - 300;
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

let stale = true;

function show(status) {
  wanted = status.version;
  draw();
  tell(status);
  canvas.classList.toggle("dark", status.backlight === 0);
  byId("keys").hidden = !status.virtual_buttons;
  byId("help").hidden = !status.virtual_buttons;
  byId("warning").hidden = !status.warning;
  byId("warning").textContent = status.warning ? `The device warns: ${status.warning}` : "";
  heard?.(status, stale);
  stale = false;
}

function connected(is) {
  byId("lost").hidden = is;
  canvas.classList.toggle("old", !is);
  byId("light").classList.toggle("off", !is);
}

let stream = null;

export function connect(listener) {
  heard = listener ?? heard;
  stream = new EventSource(`${API}/events`);
  stream.addEventListener("open", () => connected(true));
  stream.addEventListener("screen", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    connected(false);
    drawn = -1;
    stale = true;
    // The browser tries again by itself, unless the device refused.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => connect(), 2000);
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
  if (!button || byId("view-device").hidden) return null;
  const focused = document.activeElement?.closest("a, button, input, select");
  if (!focused || (button !== "main" && !focused.matches("input, select"))) return button;
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
