// The lesions that are due to be looked at again.

import { API, ask, byId, element } from "./dom.js";

// A day as this computer writes it, without a time zone moving it.
function written(day) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

function row(one) {
  const when = one.due ? written(one.due) : "unknown";
  const last = one.due ? new Date(one.captured_at).toLocaleDateString() : "the clock was not set";
  const query = new URLSearchParams({ case_id: one.case_id, lesion: one.lesion });
  return element("tr", {},
    element("td", {}, when, one.said ? element("small", { text: "as an outcome says" }) : null),
    element("th", { scope: "row" }, element("a", { href: `#/records?${query}`, text: `${one.case_id} ${one.lesion}` }), one.place ? element("small", { text: one.place }) : null),
    element("td", {}, element("a", { href: `#/records/${one.sequence}`, text: `#${one.sequence}` }), element("small", { text: last })));
}

let turn = 0;

export async function open(by) {
  const mine = ++turn;
  byId("due-by").value = by ?? "";
  const place = byId("due");
  try {
    const list = await (await ask(`${API}/due${by ? `?by=${by}` : ""}`)).json();
    if (mine !== turn) return;
    const rule = list.months ? `${list.months} months after the newest record` : "on the day that an outcome names";
    byId("due-rule").textContent = `A lesion of a case is due ${rule}, or on the day that its outcome names. Once histopathology is noted it is not, until it is pictured again. One that has not changed is not known to be harmless.`;
    place.replaceChildren(list.lesions.length
      ? element("table", { kind: "list" },
        element("thead", {}, element("tr", {}, ...["Due", "Lesion", "Newest record"].map((text) => element("th", { scope: "col", text })))),
        element("tbody", {}, ...list.lesions.map(row)))
      : element("p", { kind: "none", text: `Nothing is due by ${written(list.by)}.` }));
  } catch (error) {
    if (mine === turn) place.replaceChildren(element("p", { kind: "none", role: "alert", text: error.message }));
  }
}

// How many are due today, beside the latest records.
export async function count() {
  const link = byId("due-link");
  try {
    const { lesions } = await (await ask(`${API}/due`)).json();
    link.textContent = lesions.length === 1 ? "1 lesion is due" : `${lesions.length} lesions are due`;
    link.hidden = lesions.length === 0;
  } catch {
    // The next record, or connection, asks again.
    link.hidden = true;
  }
}

byId("due-by").addEventListener("change", (event) => {
  location.hash = event.target.value ? `#/due?by=${event.target.value}` : "#/due";
});
