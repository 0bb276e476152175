/** What this browser remembers of the reader's choices. One that blocks the data of sites throws at every access and remembers nothing. */

/** Returns a remembered text, or null. */
export const remembered = (name, place = "localStorage") => attempt(() => window[place].getItem(name));

/** Remembers a text; null forgets it. */
export const remember = (name, text, place = "localStorage") =>
  attempt(() => text === null ? window[place].removeItem(name) : window[place].setItem(name, text));

function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
