// Small things that every module of the page needs.

export const $ = (id) => document.getElementById(id);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];
export const robot = document.body.dataset.robot;

/** A copy of the first element in a <template>. */
export const copyOf = (id) => $(id).content.firstElementChild.cloneNode(true);

/** A random id; randomUUID would need https, and a phone opens the page over plain http in the local network. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What this browser remembers; a browser that refuses remembers nothing. */
export const memory = {
  get(key) {
    try { return localStorage.getItem(`farun-demo:${key}`); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(`farun-demo:${key}`, value); } catch { /* private mode */ }
  },
};
