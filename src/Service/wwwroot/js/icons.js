/** Drawn signs of the players' buttons, which look alike on every system. */

const Paths = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  sound: "M3 9.5v5h3.5L11 18.5v-13L6.5 9.5zM14 8.5a5 5 0 0 1 0 7M16.5 5.5a9 9 0 0 1 0 13",
  silent: "M3 9.5v5h3.5L11 18.5v-13L6.5 9.5zM14.5 9.5l5 5M19.5 9.5l-5 5",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `sign ${name}`);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", Paths[name]);
  svg.append(path);
  return svg;
}

/** Gives a button a sign and a name. */
export function sign(button, name, label) {
  if (button.dataset.sign !== name) button.replaceChildren(icon(name));
  button.dataset.sign = name;
  button.setAttribute("aria-label", label);
}
