// A photograph from this computer or phone, read by the device.

import { API, ask, byId, element } from "./dom.js";
import { show } from "./reading.js";

const MOST = 20 << 20;
const TRIES = 5;
const input = byId("photo");
const drop = byId("drop");
let preview = null;
let turn = 0;

function tell(text, kind = "") {
  const state = byId("photo-state");
  state.textContent = text;
  state.className = `state ${kind}`;
  state.hidden = text === "";
}

// The device reads few at a time: who comes too early waits a little.
async function send(file) {
  const form = new FormData();
  form.append("photo", file);
  for (let tries = 1; ; tries += 1) {
    try {
      return await (await ask(`${API}/classify`, { method: "POST", body: form })).json();
    } catch (error) {
      if (error.status !== 503 || tries === TRIES) throw error;
      await new Promise((done) => setTimeout(done, 1500));
    }
  }
}

async function read(file) {
  const mine = ++turn;
  const result = byId("photo-result");
  result.replaceChildren();
  if (file.size > MOST) return tell(`${file.name} is larger than 20 MB.`, "wrong");
  tell(`Reading ${file.name}`, "busy");
  try {
    const reading = await send(file);
    if (mine !== turn) return;
    if (preview) URL.revokeObjectURL(preview);
    preview = URL.createObjectURL(file);
    tell("");
    result.replaceChildren(
      element("h3", { id: "photo-name", tabindex: "-1", text: file.name }),
      show(reading, preview, `Photograph ${file.name}`));
    byId("photo-name").focus();
  } catch (error) {
    if (mine === turn) tell(`${file.name}: ${error.message}`, "wrong");
  }
}

input.addEventListener("change", () => {
  const [file] = input.files;
  // The same one may be chosen again.
  input.value = "";
  if (file) read(file);
});
for (const over of ["dragenter", "dragover"]) {
  drop.addEventListener(over, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) read(file);
});
