// The page: which view is shown, by the address behind the #. No framework, nothing from elsewhere.

import { byId } from "./dom.js";
import { show as showCase } from "./case.js";
import * as compare from "./compare.js";
import * as due from "./due.js";
import { open as openPerformance } from "./performance.js";
import * as record from "./record.js";
import * as records from "./records.js";
import { connect, fit } from "./screen.js";
import { show as showSetting } from "./setting.js";
import "./photograph.js";

const VIEWS = { device: "Device", records: "Records", record: "Record", photograph: "Photograph", compare: "Compare", due: "Due", performance: "Performance" };
// Views that belong to the records.
const OF_RECORDS = ["record", "compare", "due", "performance"];
let view = null;

// "#/records/17" is a record, "#/records?verdict=suspicious" a list.
function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [first, second] = path.split("/");
  if (first === "records" && /^[0-9]+$/.test(second ?? "")) return ["record", Number(second)];
  if (first === "records") return ["records", new URLSearchParams(query)];
  const others = ["photograph", "compare", "due", "performance"];
  return [others.includes(first) ? first : "device", new URLSearchParams(query)];
}

function go() {
  const [name, what] = route();
  for (const known of Object.keys(VIEWS)) byId(`view-${known}`).hidden = known !== name;
  const tab = OF_RECORDS.includes(name) ? "records" : name;
  for (const link of document.querySelectorAll("[data-tab]")) {
    if (link.dataset.tab === tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = name === "record" ? `Record ${what} - dermascope` : `${VIEWS[name]} - dermascope`;
  if (name === "record") record.open(what);
  if (name === "records") records.open(what);
  if (name === "compare") compare.open(what);
  else compare.close();
  if (name === "due") due.open(what.get("by"));
  if (name === "performance") openPerformance();
  if (name === "device") fit();
  // A new view begins at its top, also for those who listen; the first one leaves the focus where it is.
  if (view !== null && view !== name) {
    window.scrollTo(0, 0);
    byId(`${name}-title`).focus({ preventScroll: true });
  }
  view = name;
}

let known = "";

// A new record, or an old connection: what is listed may have changed.
connect((status, stale) => {
  showCase(status.case);
  showSetting(status.setting, status.operating_points);
  const state = `${status.records} ${status.result?.record ?? ""}`;
  if (!stale && state === known) return;
  known = state;
  records.latest(status.result?.record ?? null);
  due.count();
  if (view === "records") records.refresh();
});
window.addEventListener("hashchange", go);
go();
