// What the next pictures are of: said here, held by the device until it sleeps or is told otherwise.

import { API, ask, byId } from "./dom.js";

const form = byId("case");
const state = byId("case-state");
const FIELDS = ["case_id", "body_site"];
// What the device said last, and whether somebody is about to say something else.
let held = null;
let edited = false;

function fill(text) {
  state.classList.remove("wrong");
  state.textContent = text;
}

// Shows what holds; what is being typed stays.
export function show(now) {
  const text = JSON.stringify(now);
  if (text === held) return;
  held = text;
  const words = FIELDS.map((name) => now[name]).filter(Boolean).join(", ");
  fill(words ? `The next pictures are of ${words}.` : "No case is set.");
  byId("case-clear").hidden = !words;
  if (edited) return;
  for (const name of FIELDS) form.elements[name].value = now[name] ?? "";
}

async function say(method, now) {
  try {
    const body = method === "PUT" ? JSON.stringify(now) : undefined;
    const answer = await ask(`${API}/case`, { method, headers: { "Content-Type": "application/json" }, body });
    edited = false;
    held = null;
    show(method === "PUT" ? await answer.json() : now);
    // From here the space bar is the device's button again.
    document.activeElement?.blur();
  } catch (error) {
    state.classList.add("wrong");
    state.textContent = error.message;
  }
}

form.addEventListener("input", () => {
  edited = true;
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  say("PUT", Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value])));
});
byId("case-clear").addEventListener("click", () => say("DELETE", { case_id: null, body_site: null }));
