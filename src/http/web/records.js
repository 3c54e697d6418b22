// The records: a gallery with filters, in pages, and the newest few beside the device.

import { API, ask, byId, element, percent, when } from "./dom.js";
import { nameOf } from "./case.js";
import { VERDICTS, badge, bar } from "./reading.js";

const PAGE = 24;
const LATEST = 6;

function card(record, marked) {
  const [top] = record.top;
  // As it was shown.
  const malignant = record.here?.probability ?? record.malignant_probability;
  const threshold = record.here?.threshold ?? record.threshold;
  const image = element("img", { src: `${API}/records/${record.sequence}/image`, alt: "", loading: "lazy" });
  const frame = element("div", { kind: "thumb" }, image, badge(record.verdict));
  // The picture may have been removed to make room.
  image.addEventListener("error", () => image.replaceWith(element("span", { kind: "gone", text: "no picture" })));
  const notes = [record.overridden && "used anyway", !record.clock_set && "clock not set", record.case_id && `case ${nameOf(record)}`].filter(Boolean);
  const link = element("a", { href: `#/records/${record.sequence}`, kind: "card-link" }, frame,
    element("div", { kind: "line" }, element("span", { text: "Malignant" }), element("b", { text: percent(malignant) })),
    bar(malignant, record.verdict, threshold),
    top ? element("div", { kind: "line likeliest" }, element("span", { kind: "name", text: top.short }), element("span", { text: percent(top.probability) })) : null,
    element("div", { kind: "line small" }, element("time", { datetime: record.captured_at, text: when(record) }), element("span", { text: `#${record.sequence}` })),
    notes.length ? element("p", { kind: "small note", text: notes.join(", ") }) : null);
  link.setAttribute("aria-label", `Record ${record.sequence}: ${VERDICTS[record.verdict]}, malignant ${percent(malignant)}, likeliest ${top?.name}, ${when(record)}${notes.length ? `, ${notes.join(", ")}` : ""}`);
  const item = element("li", { kind: record.sequence === marked ? "shown" : "" }, link);
  item.dataset.sequence = record.sequence;
  return item;
}

// The newest few. `marked` is the one on the device's screen.
export async function latest(marked) {
  try {
    const page = await (await ask(`${API}/records?limit=${LATEST}`)).json();
    byId("latest").replaceChildren(...page.records.map((record) => card(record, marked)));
    byId("latest-none").hidden = page.records.length !== 0;
    byId("all").textContent = page.total > LATEST ? `All ${page.total} records` : "All records";
    byId("all").hidden = page.total === 0;
    if (page.records.length) nameClasses(page.records[0].sequence);
  } catch (error) {
    byId("latest").replaceChildren(element("li", { kind: "none", text: error.message }));
  }
}

// The classes that the model in force knows, for the filter.
let named = false;

async function nameClasses(sequence) {
  if (named) return;
  named = true;
  let record;
  try {
    record = await (await ask(`${API}/records/${sequence}`)).json();
  } catch {
    // The next list tries again.
    named = false;
    return;
  }
  const options = record.assessment.probabilities.map(({ class: code, name }) => element("option", { value: code, text: name }));
  form.elements.class.append(...options);
  if (wanted) form.elements.class.value = wanted.get("class") ?? "";
}

// ---- The gallery: what it shows is in the address, so that it can be kept, sent and gone back to. ----

const form = byId("filters");
const NAMES = ["verdict", "class", "usable", "case_id", "lesion", "review", "from", "to"];
let wanted = null;
let older = null;
// Where the pages that were left begin.
let newer = [];

// A day here begins and ends by this computer's clock.
function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  const moment = new Date(year, month - 1, date + later);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

function question(filters) {
  const query = new URLSearchParams();
  for (const name of ["verdict", "class", "usable", "case_id", "lesion", "review"]) if (filters.get(name)) query.set(name, filters.get(name));
  const [since, until] = [filters.get("from") && midnight(filters.get("from"), 0), filters.get("to") && midnight(filters.get("to"), 1)];
  if (since) query.set("since", since);
  if (until) query.set("until", until);
  return query;
}

export function open(filters) {
  wanted = filters;
  if (!filters.get("before")) newer = [];
  for (const name of NAMES) form.elements[name].value = filters.get(name) ?? "";
  const hidden = NAMES.slice(1).filter((name) => filters.get(name)).length;
  byId("more").textContent = hidden ? `More filters (${hidden} set)` : "More filters";
  refresh();
}

let turn = 0;

export async function refresh() {
  const mine = ++turn;
  const query = question(wanted);
  const filtered = [...query].length > 0;
  byId("clear").hidden = !filtered;
  byId("download").href = `${API}/export.zip?${query}`;
  byId("download-words").textContent = filtered ? "Download these" : "Download all";
  byId("back").href = location.hash.startsWith("#/records/") ? "#/records" : location.hash;
  query.set("limit", PAGE);
  if (wanted.get("before")) query.set("before", wanted.get("before"));
  try {
    const page = await (await ask(`${API}/records?${query}`)).json();
    if (mine !== turn) return;
    older = page.next_before;
    byId("gallery").replaceChildren(...page.records.map((record) => card(record, null)));
    const first = !wanted.get("before");
    byId("newer").disabled = first;
    byId("older").disabled = older === null;
    document.querySelector(".pages").hidden = first && older === null;
    byId("none").hidden = page.records.length !== 0;
    byId("none").textContent = filtered ? "No record is like this." : "No records yet.";
    byId("download").hidden = page.records.length === 0;
    const count = page.total === 1 ? "1 on the device" : `${page.total.toLocaleString()} on the device`;
    byId("total").textContent = filtered && first && older === null ? `${page.records.length} found, ${count}` : count;
  } catch (error) {
    if (mine !== turn) return;
    byId("none").hidden = false;
    byId("none").textContent = error.message;
  }
}

function move(before) {
  const query = new URLSearchParams(wanted);
  query.delete("before");
  if (before) query.set("before", before);
  location.hash = [...query].length ? `#/records?${query}` : "#/records";
  window.scrollTo(0, 0);
}

byId("older").addEventListener("click", () => {
  if (older === null) return;
  newer.push(wanted.get("before"));
  move(older);
});
byId("newer").addEventListener("click", () => move(newer.pop()));
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  location.hash = [...query].length ? `#/records?${query}` : "#/records";
});
byId("more").addEventListener("click", () => {
  const open = form.classList.toggle("open");
  byId("more").setAttribute("aria-expanded", open);
});
byId("clear").addEventListener("click", (event) => {
  event.preventDefault();
  location.hash = "#/records";
  form.elements.verdict[0].focus();
});
