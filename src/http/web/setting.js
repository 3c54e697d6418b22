// How the next pictures are read: by which operating point, and for which prevalence numbers are shown.

import { API, ask, byId, percent } from "./dom.js";

const form = byId("setting");
const state = byId("setting-state");
// What the device said last, and whether somebody is about to say something else.
let held = null;
let edited = false;

function fill(setting, points) {
  const select = form.elements.operating_point;
  select.replaceChildren(...points.map((name) => new Option(name, name)));
  select.value = setting.operating_point;
  form.elements.prevalence.value = setting.prevalence === null ? "" : Number((setting.prevalence * 100).toPrecision(4));
}

function tell(setting) {
  state.classList.remove("wrong");
  const numbers = setting.prevalence === null
    ? "Numbers are those of the set that the model was calibrated on."
    : `Numbers are shown for ${percent(setting.prevalence)} malignant.`;
  state.textContent = `The next pictures are decided at ${setting.operating_point}. ${numbers}`;
}

// Shows what holds; what is being typed stays.
export function show(setting, points) {
  const text = JSON.stringify([setting, points]);
  if (text === held || points.length === 0) return;
  held = text;
  tell(setting);
  if (!edited) fill(setting, points);
}

async function say() {
  const stated = form.elements.prevalence.value.trim();
  const wanted = {
    operating_point: form.elements.operating_point.value,
    prevalence: stated === "" ? null : Number(stated) / 100,
  };
  try {
    const options = { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wanted) };
    tell(await (await ask(`${API}/setting`, options)).json());
    edited = false;
    held = null;
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
  say();
});
