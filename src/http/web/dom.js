// What every part of the page needs: elements, words for numbers, questions to the device.

export const API = "/api/v1";
export const NOTICE = "Research use only. Not a diagnosis.";
export const byId = (id) => document.getElementById(id);

export function element(name, { text, kind, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Asks the device; what is wrong comes as an error in its own words.
export async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The device does not answer.");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    const error = new Error(problem.detail ?? `The device answered ${answer.status}.`);
    error.status = answer.status;
    throw error;
  }
  return answer;
}

// Never "0 %" or "100 %" for what is neither.
export function percent(share) {
  const value = share * 100;
  if (value > 0 && value < 1) return "< 1 %";
  if (value > 99 && value < 100) return "> 99 %";
  return `${value.toFixed(0)} %`;
}

// The year only where it is not this one.
export function when(record) {
  const moment = new Date(record.captured_at);
  const year = moment.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return moment.toLocaleString(undefined, { year, month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
}
