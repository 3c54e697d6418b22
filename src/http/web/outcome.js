// What became of a record's lesion: noted here, never overwritten.

import { API, ask, element } from "./dom.js";

const DIAGNOSES = ["actinic keratosis", "adnexal tumor", "AIMP", "angiokeratoma", "angioma", "basal cell carcinoma", "cafe-au-lait macule", "dermatofibroma", "ephelis", "lentigo NOS", "lentigo simplex", "lichenoid keratosis", "melanoma", "melanoma metastasis", "merkel cell carcinoma", "mucosal melanosis", "nevus", "nevus spilus", "seborrheic keratosis", "solar lentigo", "squamous cell carcinoma", "clear cell acanthoma", "atypical spitz tumor", "acrochordon", "angiofibroma or fibrous papule", "neurofibroma", "pyogenic granuloma", "scar", "sebaceous adenoma", "sebaceous hyperplasia", "verruca", "atypical melanocytic proliferation", "epidermal nevus", "pigmented benign keratosis", "vascular lesion", "other"];
const CONFIRMATIONS = ["histopathology", "confocal microscopy with consensus dermoscopy", "serial imaging showing no change", "single image expert consensus", "single contributor clinical assessment"];

const kind = (malignant) => (malignant === undefined ? "" : malignant ? "malignant" : "benign");

// One line of what was noted.
export function words(outcome) {
  const { diagnosis, malignant, confirmed_by: way, on, by, note, review, look_again: again } = outcome;
  const parts = [
    diagnosis ?? kind(malignant),
    way ? `confirmed by ${way}` : diagnosis && "not confirmed",
    on, by && `by ${by}`, review && "for review", again && `look again from ${again}`, note,
  ].filter(Boolean);
  return parts.join(", ") || "taken back";
}

function select(name, words, none) {
  const options = words.map((word) => element("option", { text: word }));
  return element("select", { name }, element("option", { value: "", text: none }), ...options);
}

function field(label, control, kind = "field") {
  return element("label", { kind }, label, control);
}

function form(sequence, outcome, done) {
  const state = element("p", { kind: "small", role: "status" });
  const made = element("form", { kind: "outcome-form", autocomplete: "off" },
    field("Diagnosis", select("diagnosis", [...DIAGNOSES].sort((a, b) => a.localeCompare(b)), "None yet")),
    field("Malignant, where the diagnosis does not say it", select("malignant", ["malignant", "benign"], "Not said")),
    field("Confirmed by", select("confirmed_by", CONFIRMATIONS, "Not confirmed")),
    field("Day", element("input", { name: "on", type: "date" })),
    field("Who says so", element("input", { name: "by", maxlength: 64 })),
    field("Look again from", element("input", { name: "look_again", type: "date" })),
    field("Note", element("input", { name: "note", maxlength: 500 }), "field wide"),
    element("label", { kind: "check wide" }, element("input", { name: "review", type: "checkbox" }), "Somebody shall look at this record"),
    element("div", { kind: "says wide" }, element("button", { kind: "button", text: "Note it" })),
    state);
  const fields = made.elements;
  for (const name of ["diagnosis", "confirmed_by", "on", "by", "look_again", "note"]) fields[name].value = outcome[name] ?? "";
  // Of most diagnoses the device says it.
  fields.malignant.value = ["other", undefined].includes(outcome.diagnosis) ? kind(outcome.malignant) : "";
  fields.review.checked = outcome.review ?? false;
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = Object.fromEntries([...new FormData(made)].filter(([, value]) => value.trim()));
    if (said.malignant) said.malignant = said.malignant === "malignant";
    if (said.review) said.review = true;
    state.classList.remove("wrong");
    try {
      await ask(`${API}/records/${sequence}/outcomes`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) });
      await done();
    } catch (error) {
      state.classList.add("wrong");
      state.textContent = error.message;
    }
  });
  return made;
}

// The card of a record: what holds, what was noted before, and the form for the next.
export function card(sequence) {
  const place = element("section", { kind: "card outcome-card", "aria-label": "What became of it" });
  const fill = async (saved) => {
    let all;
    try {
      all = (await (await ask(`${API}/records/${sequence}/outcomes`)).json()).outcomes;
    } catch (error) {
      place.replaceChildren(element("p", { kind: "none", role: "alert", text: error.message }));
      return;
    }
    const line = ({ noted_at: at, outcome }) => element("li", {}, element("time", { datetime: at, text: new Date(at).toLocaleDateString() }), ` ${words(outcome)}`);
    const [now, ...before] = all;
    place.replaceChildren(
      element("h3", { text: "What became of it" }),
      element("p", { kind: "holds", role: saved ? "status" : undefined, text: now ? `${saved ? "Noted: " : ""}${words(now.outcome)}` : "Nothing is known yet." }),
      element("details", { open: now ? undefined : "" },
        element("summary", { text: now ? "Correct or add to it" : "Note what became of it" }),
        form(sequence, now?.outcome ?? {}, () => fill(true))),
      ...(before.length ? [element("details", {}, element("summary", { text: `Noted before (${before.length})` }), element("ul", { kind: "noted" }, ...before.map(line)))] : []),
      element("p", { kind: "small", text: "What is noted is never overwritten: the newest holds, the others stay on record." }));
  };
  fill(false);
  return place;
}
