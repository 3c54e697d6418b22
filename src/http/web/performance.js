// What the device's words were worth here, as far as outcomes tell.

import { API, NOTICE, ask, byId, element } from "./dom.js";

const share = (value) => value.toFixed(3);

function rate(one) {
  return one ? `${share(one.share)} (${share(one.low)} to ${share(one.high)}; ${one.count} of ${one.of})` : "none to count";
}

function sensitivity(part) {
  return part.enough ? rate(part.of_malignant.suspicious) : `too few to say (${part.malignant} malignant, 30 needed)`;
}

function facts(rows) {
  return element("dl", { kind: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", { text: value })]));
}

function table(title, head, rows) {
  if (!rows.length) return null;
  const cells = ([first, ...rest]) => element("tr", {}, element("th", { scope: "row", text: first }), ...rest.map((text) => element("td", { text })));
  return element("section", { kind: "card" }, element("h3", { text: title }),
    element("div", { kind: "wide-table" }, element("table", { kind: "list" },
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col", text })))),
      element("tbody", {}, ...rows.map(cells)))));
}

function parts(title, name, parts) {
  const rows = Object.entries(parts).map(([key, part]) => [key, sensitivity(part), rate(part.of_benign.not_suspicious)]);
  return table(title, [name, "Sensitivity", "Specificity"], rows);
}

function show(counted) {
  const { all } = counted;
  const warnings = counted.against_card.filter((one) => one.warning).map((one) => element("p", { kind: "warned", role: "alert", text: `Warning: ${one.warning}` }));
  const card = counted.against_card.map((one) => [one.operating_point, sensitivity(one.here), `${share(one.card[0])} (${share(one.card[1])} to ${share(one.card[2])})`]);
  const bins = counted.calibration.map((bin) => [`${bin.from} to ${bin.to}`, share(bin.said), rate(bin.found)]);
  return [
    ...warnings,
    element("section", { kind: "card" }, element("h3", { text: "As it was shown" }), facts([
      ["Verified", `${all.malignant} malignant, ${all.benign} benign`],
      ["Beside them", `${counted.unverified} unverified, ${counted.unclear} unclear, ${counted.repeated} more pictures of the same lesions`],
      ["Sensitivity", sensitivity(all)],
      ["Missed", rate(all.of_malignant.not_suspicious)],
      ["Specificity", rate(all.of_benign.not_suspicious)],
    ]), element("p", { kind: "small", text: "Sensitivity: verified malignant lesions that were shown Suspicious. Missed: those shown Not suspicious. Specificity: verified benign ones shown Not suspicious. In brackets the 95 % interval (Wilson)." })),
    table("Beside the model's card", ["Operating point", "Here", "Card"], card),
    table("P(malignant), said and found", ["Range", "Said", "Found malignant"], bins),
    parts("By month", "Month", counted.by_month),
    parts("By part of the body", "Part", counted.by_site),
    parts("By operating point", "Operating point", counted.by_operating_point),
    element("p", { kind: "hint", text: counted.caveat }),
    element("p", { kind: "small strong", text: NOTICE }),
  ].filter(Boolean);
}

export async function open() {
  const place = byId("performance");
  try {
    place.replaceChildren(...show(await (await ask(`${API}/performance`)).json()));
  } catch (error) {
    place.replaceChildren(element("p", { kind: "none", role: "alert", text: error.message }));
  }
}
