/** Texts of the page in the reader's language. An English text is the key of its translation in /texts/LANGUAGE.json. */

import { remember, remembered } from "./remembered.js";

export const languages = { en: "English", de: "Deutsch" };

const Remembered = "language";
let known = {};
let chosen = "en";

export const language = () => chosen;

/** Translates a text. Names in braces, as {time}, are replaced by values. */
export function t(text, values = {}) {
  return (known[text] ?? text).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** Chooses the language that the reader has set here or in the browser, and translates what is on the page. */
export async function loadTexts() {
  const wanted = [remembered(Remembered), ...navigator.languages.map(name => name.split("-")[0])];
  chosen = wanted.find(name => name in languages) ?? "en";
  document.documentElement.lang = chosen;
  if (chosen === "en") return;
  const response = await fetch(`/texts/${chosen}.json`);
  if (response.ok) known = await response.json();
  translate(document.documentElement);
}

export function setLanguage(name) {
  remember(Remembered, name);
  location.reload();
}

function translate(root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.data.trim();
    if (text in known) node.data = node.data.replace(text, known[text]);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"]) {
    for (const element of root.querySelectorAll(`[${name}]`)) element.setAttribute(name, t(element.getAttribute(name)));
  }
}
