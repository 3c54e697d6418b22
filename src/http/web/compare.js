// Pictures of one lesion from different days, beside or on one another. What differs is for a person to judge.

import { API, ask, byId, element, percent, when } from "./dom.js";
import { nameOf, placeOf } from "./case.js";
import { VERDICTS } from "./reading.js";

const MOST = 4;
const SIDE = 640;
// A change a second is slow enough for everybody's eyes (WCAG 2.3.1 allows three).
const BEAT = 1000;
const WAYS = { beside: "Side by side", slider: "Slider", overlay: "Overlay", flicker: "Flicker" };

let turn = 0;
let ticking = null;

const json = async (path) => (await ask(path)).json();

// Its field of view, as large as all the others.
async function drawn(record) {
  const { x, y, width, height } = record.field_of_view;
  const side = Math.min(width, height);
  const image = new Image();
  image.src = `${API}/records/${record.sequence}/image`;
  await image.decode();
  const canvas = element("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": `Record ${record.sequence}, ${when(record)}` });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, x + (width - side) / 2, y + (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return canvas;
}

function caption({ record }) {
  const { probability } = record.assessment.malignant.here ?? record.assessment.malignant;
  return element("figcaption", {},
    element("a", { href: `#/records/${record.sequence}`, text: `#${record.sequence}` }), ` ${when(record)}`,
    element("span", { kind: "line" }, element("span", { text: VERDICTS[record.verdict] }), element("b", { text: `malignant ${percent(probability)}` })),
    record.clock_set ? null : element("span", { kind: "small", text: "The clock was not set." }));
}

function figure(shown) {
  return element("figure", {}, shown.canvas ?? element("p", { kind: "none", text: "Its picture has left the device." }), caption(shown));
}

// Two pictures on one another, of which one control moves the upper one.
function stacked([below, above], move, control, captions) {
  const stack = element("div", { kind: "stack" }, below.canvas, above.canvas);
  const update = () => move(above.canvas, Number(control.value));
  control.addEventListener("input", update);
  update();
  return element("div", { kind: "two" }, stack, control, element("div", { kind: "captions" }, ...captions));
}

function range(label) {
  return element("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": label });
}

const DRAW = {
  beside: (shown) => element("div", { kind: "beside", "data-count": shown.length }, ...shown.map(figure)),
  slider: (shown) => stacked(shown, (canvas, value) => { canvas.style.clipPath = `inset(0 0 0 ${value}%)`; },
    range("How much of the earlier picture is shown"), shown.map(caption)),
  overlay: (shown) => stacked(shown, (canvas, value) => { canvas.style.opacity = value / 100; },
    range("How much of the later picture shows through"), shown.map(caption)),
  flicker: (shown) => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const button = element("button", { type: "button", kind: "button" });
    const stack = element("div", { kind: "stack" }, ...shown.map((one) => one.canvas));
    const label = element("p", { kind: "small", text: "" });
    let later = false;
    const flip = () => {
      later = !later;
      shown[1].canvas.style.visibility = later ? "visible" : "hidden";
      label.textContent = `Shown now: #${shown[later ? 1 : 0].record.sequence}`;
    };
    const run = (on) => {
      clearInterval(ticking);
      ticking = on ? setInterval(flip, BEAT) : null;
      button.textContent = on ? "Stop" : "Start";
    };
    button.addEventListener("click", () => run(ticking === null));
    flip();
    run(!still);
    return element("div", { kind: "two" }, stack, button, label, element("div", { kind: "captions" }, ...shown.map(caption)));
  },
};

function rewind(shown) {
  clearInterval(ticking);
  ticking = null;
  for (const { canvas } of shown) canvas?.removeAttribute("style");
}

function address(sequences, way) {
  return `#/compare?${new URLSearchParams({ records: sequences.join(","), way })}`;
}

// The other pictures of the lesion, to choose from.
function choices(all, chosen, way) {
  const boxes = all.map((record) => {
    const box = element("input", { type: "checkbox", value: record.sequence });
    box.checked = chosen.includes(record.sequence);
    box.disabled = !box.checked && chosen.length >= MOST;
    box.addEventListener("change", () => {
      const next = all.map(({ sequence }) => sequence).filter((sequence) => (sequence === record.sequence ? box.checked : chosen.includes(sequence)));
      location.hash = address(next.sort((a, b) => a - b), next.length === 2 ? way : "beside");
    });
    return element("label", { kind: "check" }, box, `#${record.sequence}, ${when(record)}`);
  });
  return element("fieldset", { kind: "choices" }, element("legend", { text: `Pictures of this lesion (two to ${MOST})` }), ...boxes);
}

function ways(sequences, way) {
  const links = Object.entries(WAYS).filter(([name]) => name === "beside" || sequences.length === 2);
  return element("nav", { kind: "ways", "aria-label": "How they are compared" }, ...links.map(([name, text]) =>
    element("a", { kind: "button", href: address(sequences, name), text, "aria-current": name === way ? "true" : undefined })));
}

async function load(sequences) {
  const records = await Promise.all(sequences.map((sequence) => json(`${API}/records/${sequence}`)));
  return Promise.all(records.map(async (record) => ({ record, canvas: record.image_pruned ? null : await drawn(record) })));
}

function areas(shown) {
  const words = shown.map(({ record }) => `#${record.sequence} ${(record.quality.lesion_area * 100).toFixed(0)} %`).join(", ");
  return `Share of the ring that the dark patch covers: ${words}. It depends on how the device was held.`;
}

export function close() {
  turn += 1;
  clearInterval(ticking);
  ticking = null;
}

export async function open(query) {
  close();
  const mine = turn;
  const place = byId("compare");
  const sequences = (query.get("records") ?? "").split(",").map(Number).filter((number) => Number.isInteger(number) && number > 0).slice(0, MOST);
  try {
    if (!sequences.length) throw new Error("No records are named to compare.");
    const shown = await load(sequences);
    if (mine !== turn) return;
    const [{ record: first }] = shown;
    const same = shown.every(({ record }) => record.lesion_uid && record.lesion_uid === first.lesion_uid);
    const filter = new URLSearchParams({ case_id: first.case_id ?? "", lesion: first.lesion ?? "", limit: 50 });
    const all = same ? (await json(`${API}/records?${filter}`)).records : shown.map(({ record }) => record);
    if (mine !== turn) return;
    const whole = shown.length === 2 && shown.every(({ canvas }) => canvas);
    const way = whole && WAYS[query.get("way")] ? query.get("way") : "beside";
    rewind(shown);
    place.replaceChildren(
      element("p", { kind: same ? "whose" : "warned", text: same ? [nameOf(first), placeOf(first)].filter(Boolean).join(", ") : "These records do not say that they are of one lesion." }),
      ways(sequences, way),
      DRAW[way](shown),
      element("p", { kind: "small", text: areas(shown) }),
      element("p", { kind: "small", text: "The pictures are not registered: they lie as they were taken, and may be turned, shifted or of another scale." }),
      element("p", { kind: "small strong", text: "A lesion that looks the same is not known to be harmless, and what differs may be the picture. Research use only. Not a diagnosis." }),
      choices(all, sequences, way));
  } catch (error) {
    if (mine === turn) place.replaceChildren(element("p", { kind: "none", role: "alert", text: error.message }));
  }
}
