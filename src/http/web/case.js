// What the next pictures are of: said here, held by the device until it sleeps or is told otherwise.

import { API, ask, byId } from "./dom.js";

const form = byId("case");
const state = byId("case-state");
const FIELDS = ["case_id", "lesion", "anatomic_site", "laterality", "body_site"];
// What the device said last, and whether somebody is about to say something else.
let held = null;
let edited = false;

function fill(text) {
  state.classList.remove("wrong");
  state.textContent = text;
}

// The case with its lesion, such as "AB-12 L3".
export function nameOf({ case_id: id, lesion }) {
  return id ? [id, lesion].filter(Boolean).join(" ") : "";
}

// Where on the body, such as "left forearm: near the wrist".
export function placeOf({ laterality, anatomic_site: site, body_site: exactly }) {
  return [[laterality, site].filter(Boolean).join(" "), exactly].filter(Boolean).join(": ");
}

// Shows what holds; what is being typed stays.
export function show(now) {
  const text = JSON.stringify(now);
  if (text === held) return;
  held = text;
  const words = [nameOf(now), placeOf(now)].filter(Boolean).join(", ");
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
    // From here the space bar is the device's button again, and the other button is what comes next.
    document.activeElement?.blur();
    document.querySelector(".device").scrollIntoView({ block: "nearest" });
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
byId("case-clear").addEventListener("click", () => say("DELETE", {}));
