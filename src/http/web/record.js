// One record: its reading, and all else that is known of it.

import { API, ask, byId, element, when } from "./dom.js";
import { nameOf, placeOf } from "./case.js";
import { card as outcome } from "./outcome.js";
import { show } from "./reading.js";

let asked = 0;

export async function open(sequence) {
  const turn = ++asked;
  const place = byId("record");
  byId("record-title").textContent = `Record ${sequence}`;
  place.setAttribute("aria-busy", "true");
  try {
    const [record, around] = await Promise.all([
      ask(`${API}/records/${sequence}`).then((answer) => answer.json()),
      neighbours(sequence),
    ]);
    if (turn !== asked) return;
    link("record-newer", around.newer);
    link("record-older", around.older);
    const image = record.image_pruned ? null : `${API}/records/${sequence}/image`;
    place.replaceChildren(show(record, image, `Picture of record ${sequence}`, outcome(sequence), facts(record, image)));
  } catch (error) {
    if (turn !== asked) return;
    link("record-newer", null);
    link("record-older", null);
    place.replaceChildren(element("p", { kind: "none", role: "alert", text: error.message }));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

// The records beside this one. Numbers have gaps where records were deleted; a wider one than this ends the way.
const GAP = 20;

async function neighbours(sequence) {
  const list = async (query) => (await (await ask(`${API}/records?${query}`)).json()).records;
  const [above, below] = await Promise.all([
    list(`limit=${GAP}&after=${sequence}&before=${sequence + GAP + 1}`),
    list(`limit=1&before=${sequence}`),
  ]);
  return { newer: above.at(-1)?.sequence ?? null, older: below[0]?.sequence ?? null };
}

function link(id, sequence) {
  const place = byId(id);
  if (sequence === null) {
    place.removeAttribute("href");
    place.setAttribute("aria-disabled", "true");
  } else {
    place.href = `#/records/${sequence}`;
    place.removeAttribute("aria-disabled");
  }
}

const POLARISATION = { cross: "crossed", parallel: "parallel", unpolarised: "unpolarised" };

function facts(record, image) {
  const { dermoscopy = {} } = record;
  const how = [
    dermoscopy.polarisation && `${POLARISATION[dermoscopy.polarisation]} polarisation`,
    dermoscopy.contact !== undefined && (dermoscopy.contact ? "contact" : "no contact"),
    dermoscopy.immersion && `immersion: ${dermoscopy.immersion.replace("_", " ")}`,
    dermoscopy.magnification && `${dermoscopy.magnification} times`,
  ].filter(Boolean).join(", ");
  const rows = [
    ["Captured", when(record) + (record.clock_set ? "" : " (the clock was not set)")],
    ["Case", nameOf(record)],
    ["Body site", placeOf(record)],
    ["Dermoscopy", how],
    ["Device", record.device],
    ["Model", `${record.assessment.model.name} (${record.assessment.model.sha256.slice(0, 8)})`],
    ["Firmware", record.firmware],
    ["Time to read", `${(record.assessment.timings.preprocess_ms + record.assessment.timings.inference_ms).toFixed(0)} ms`],
    ["Picture's SHA-256", record.image_sha256],
  ].filter(([, value]) => value);
  return element("section", { kind: "card facts-card" },
    element("h3", { text: "About this record" }),
    element("dl", { kind: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", { text: value })])),
    element("p", { kind: "actions" },
      record.earlier ? element("a", { kind: "button", href: `#/compare?records=${record.earlier},${record.sequence}`, text: `Compare with #${record.earlier}` }) : null,
      image ? element("a", { kind: "button", href: image, download: "", text: "Save the picture" }) : null,
      element("a", { kind: "button", href: `${API}/records/${record.sequence}`, target: "_blank", text: "All data (JSON)" })));
}

// The arrow keys go from record to record, unless they move something else.
const KEYS = { ArrowLeft: "record-newer", ArrowRight: "record-older" };
document.addEventListener("keydown", (event) => {
  const id = KEYS[event.key];
  if (!id || byId("view-record").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  if (document.activeElement?.matches("input, select")) return;
  if (byId(id).href) location.hash = new URL(byId(id).href).hash;
});
