// A reading as a person sees it: verdict, probabilities, quality, and the picture with where the network looked.
// A record and a photograph are shown alike.

import { NOTICE, element, percent } from "./dom.js";

export const VERDICTS = { suspicious: "Suspicious", uncertain: "Uncertain", not_suspicious: "Not suspicious", retake: "Take it again" };

const DOUBTS = {
  not_dermatoscopic: "Not a dermatoscopic picture",
  out_of_distribution: "Unlike any known lesion",
  low_confidence: "No class stands out",
  near_threshold: "Too near the threshold",
};
const REASONS = {
  blurred: "Hold still",
  too_dark: "Too dark: check the light",
  too_bright: "Too bright: lift the light",
  glare: "Glare: tilt or use gel",
  no_lesion: "No lesion in the ring",
  off_centre: "Centre the lesion",
};
const share = (value) => (value > 0 && value < 0.001 ? "< 0.1 %" : `${(value * 100).toFixed(1)} %`);
const plain = (value) => value.toFixed(2);
// Name, what it means, how to write it, and the reasons that come from it.
const MEASURES = {
  sharpness: ["Sharpness", "fine detail; blurred below about 0.5", plain, ["blurred"]],
  brightness: ["Brightness", "mean, 0 % black to 100 % white", share, ["too_dark", "too_bright"]],
  black: ["Darkest parts", "high in a washed-out picture", share, ["too_bright"]],
  glare: ["Glare", "share that is blown out", share, ["glare"]],
  lesion_contrast: ["Lesion contrast", "against the skin around it", plain, ["no_lesion"]],
  lesion_area: ["Lesion area", "share of the ring", share, ["no_lesion"]],
  lesion_offset: ["Off centre", "share of the ring's radius", share, ["off_centre"]],
};

export function badge(verdict) {
  return element("span", { text: VERDICTS[verdict], kind: `mark ${verdict}` });
}

export function bar(value, kind, threshold) {
  const track = element("div", { kind: `track ${kind}`, "aria-hidden": "true" });
  const fill = element("div", { kind: "fill" });
  fill.style.width = `${Math.max(value * 100, 0.5)}%`;
  track.append(fill);
  if (threshold !== undefined) {
    const tick = element("div", { kind: "tick" });
    tick.style.left = `${threshold * 100}%`;
    track.append(tick);
  }
  return track;
}

// What the word is worth here in counts, and what the number is true for.
function forWhom({ probability, here, worth, calibrated_on: set }) {
  const count = (value) => (value < 0.95 ? "less than 1" : value.toFixed(0));
  const lines = [];
  if (worth) {
    lines.push(`Of 100 like this here, about ${count(worth.malignant_of_100)} are malignant (${count(worth.low)} to ${count(worth.high)}).`);
  }
  if (here) {
    lines.push(`Shown for a prevalence of ${percent(here.prevalence)}; computed ${percent(probability)} for ${percent(set ?? NaN)}.`);
  } else if (set) {
    lines.push(`True for a set of which ${percent(set)} are malignant; state the prevalence here to see it for yours.`);
  }
  return lines;
}

function malignant({ verdict, advice, assessment }) {
  const { operating_point: point, here } = assessment.malignant;
  // Which side it is on is the same for every prevalence.
  const above = assessment.malignant.probability >= assessment.malignant.threshold ? "above" : "below";
  const { probability, threshold } = here ?? assessment.malignant;
  const words = {
    suspicious: "P(malignant) is at the threshold or above",
    not_suspicious: "P(malignant) is below the threshold",
    retake: advice ?? "The picture is not good enough",
  };
  return element("div", { kind: `verdict-card ${verdict}` },
    element("p", { kind: "word", text: VERDICTS[verdict] }),
    element("p", { kind: "why", text: words[verdict] ?? "The device does not stand behind these numbers" }),
    element("div", { kind: "line" }, element("span", { text: "Malignant" }), element("b", { text: percent(probability) })),
    bar(probability, "large", threshold),
    element("p", { kind: "small", text: `${above} the threshold of ${percent(threshold)} (${point})` }),
    ...forWhom(assessment.malignant).map((text) => element("p", { kind: "small", text })),
    element("p", { kind: "small strong", text: NOTICE }));
}

function classes({ assessment }) {
  const { probability: computed, here } = assessment.malignant;
  // The malignant and the benign classes keep their shares of P(malignant), and of what is left, as that is shown.
  const shown = here?.probability ?? computed;
  const scaled = (part, whole) => (whole > 0 ? part / whole : 0);
  const factor = (bad) => (bad ? scaled(shown, computed) : scaled(1 - shown, 1 - computed));
  const classes = assessment.probabilities.map((one) => ({ ...one, probability: one.probability * factor(one.malignant) }));
  const sorted = classes.sort((a, b) => b.probability - a.probability);
  const rows = sorted.map(({ class: code, name, malignant: bad, probability }) =>
    element("li", { "data-class": code },
      element("div", { kind: "line" },
        element("span", { kind: bad ? "mark-only bad" : "mark-only good", title: bad ? "malignant or pre-malignant" : "benign" }),
        element("span", { text: name, kind: "name" }),
        element("span", { kind: "unseen", text: bad ? " (malignant): " : " (benign): " }),
        element("b", { text: percent(probability) })),
      bar(probability, bad ? "bad" : "good")));
  return element("section", { kind: "card classes-card" },
    element("h3", { text: "Classes" }),
    // Which class it is may be in doubt where the side of the threshold is not.
    assessment.doubts.includes("low_confidence") ? element("p", { kind: "small", text: "No class stands out." }) : null,
    element("ul", { kind: "classes" }, ...rows),
    element("p", { kind: "small legend" },
      element("span", { kind: "mark-only bad" }), "malignant or pre-malignant ",
      element("span", { kind: "mark-only good" }), "benign"));
}

function quality({ quality: measured, assessment, overridden }) {
  const remarks = [
    ...measured.reasons.map((reason) => REASONS[reason] ?? reason),
    ...assessment.doubts.filter((doubt) => doubt !== "low_confidence").map((doubt) => DOUBTS[doubt] ?? doubt),
  ];
  const rows = Object.entries(MEASURES).filter(([key]) => key in measured).map(([key, [name, meaning, write, reasons]]) => {
    const wrong = reasons.some((reason) => measured.reasons.includes(reason));
    return element("tr", { kind: wrong ? "wrong" : "" },
      element("th", { scope: "row" }, name, element("small", { text: meaning })),
      element("td", {}, write(measured[key]), wrong ? element("small", { text: "refused" }) : null));
  });
  const good = remarks.length === 0;
  return element("section", { kind: "card quality-card" },
    element("h3", { text: "Picture quality and doubts" }),
    good
      ? element("p", { kind: "good-words", text: "Good picture, no doubts" })
      : element("ul", { kind: "remarks" }, ...remarks.map((text) => element("li", { text }))),
    overridden ? element("p", { kind: "small", text: "The picture was refused, and used anyway." }) : null,
    element("table", { kind: "measures" }, element("tbody", {}, ...rows)));
}

// Black body colours, as on the device's own screen.
const HEAT = [[0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85], [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164]];

function heat(value) {
  const place = Math.min(Math.max(value, 0), 1) * (HEAT.length - 1);
  const low = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[low].map((from, at) => Math.round(from + (HEAT[low + 1][at] - from) * (place - low)));
}

// The map as a tiny picture; the browser smooths it when it is drawn large.
function mapOf({ size, values }) {
  const small = element("canvas", { width: size, height: size });
  const pen = small.getContext("2d");
  const pixels = pen.createImageData(size, size);
  values.forEach((value, at) => pixels.data.set([...heat(value), Math.round(value * 170)], at * 4));
  pen.putImageData(pixels, 0, 0);
  return small;
}

const SIDE = 960;

// The field of view, with where the network looked laid over it on demand. Without a source its picture has left.
export function picture({ assessment, field_of_view: view }, source, name) {
  const canvas = element("canvas", { width: SIDE, height: SIDE, role: "img", kind: "picture" });
  const shown = element("input", { type: "checkbox", role: "switch" });
  const strength = element("input", { type: "range", min: "0.2", max: "1.5", step: "0.1", value: "1", "aria-label": "Strength of the map" });
  const failed = element("p", { kind: "none", hidden: "",
    text: source ? "The picture cannot be shown." : "The picture has left the device: it was exported, and then removed to make room." });
  const controls = element("div", { kind: "overlay" },
    element("label", { kind: "switch" }, shown, element("span", { text: "Show where the network looked" })),
    element("span", { kind: "ramp" }, "less", element("i", { kind: "colours" }), "more"), strength);
  const [top] = [...assessment.probabilities].sort((a, b) => b.probability - a.probability);
  const image = new Image();
  const draw = () => {
    const pen = canvas.getContext("2d");
    const side = Math.min(view.width, view.height);
    const [x, y] = [view.x + (view.width - side) / 2, view.y + (view.height - side) / 2];
    pen.globalAlpha = 1;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, x, y, side, side, 0, 0, SIDE, SIDE);
    strength.disabled = !shown.checked;
    const looked = shown.checked ? `, with where the network looked for ${top?.name}` : "";
    canvas.setAttribute("aria-label", `${name}${looked}`);
    if (!shown.checked) return;
    const map = mapOf(assessment.attention);
    for (let rest = Number(strength.value); rest > 0; rest -= 1) {
      pen.globalAlpha = Math.min(rest, 1);
      pen.drawImage(map, 0, 0, SIDE, SIDE);
    }
    pen.globalAlpha = 1;
  };
  image.addEventListener("load", () => {
    canvas.dataset.drawn = "yes";
    draw();
  });
  const fail = () => {
    canvas.hidden = controls.hidden = true;
    failed.hidden = false;
  };
  image.addEventListener("error", fail);
  shown.addEventListener("change", draw);
  strength.addEventListener("input", draw);
  if (source) image.src = source;
  else fail();
  return element("div", { kind: "card picture-card" }, canvas, failed, controls);
}

// All of it: the picture and what goes below it on the left, the numbers on the right.
export function show(reading, source, name, ...below) {
  return element("div", { kind: "reading" },
    element("div", { kind: "column" }, picture(reading, source, name), ...below),
    element("div", { kind: "column" }, malignant(reading), classes(reading), quality(reading)));
}
