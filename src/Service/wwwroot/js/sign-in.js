/** Signing in with a token: by the dialog, or by the link that the service prints at its first start. */

import { byId } from "./util.js";
import { t } from "./texts.js";
import { toast } from "./toast.js";
import * as api from "./api.js";

/** The key and the secret in a text: both lines of 'locutor tokens create', or KEY.SECRET. */
function tokenIn(text) {
  const words = text.match(/w[ks]-[0-9A-Za-z]+/g) ?? [];
  return { key: words.find(word => word.startsWith("wk-")), secret: words.find(word => word.startsWith("ws-")) };
}

const refusal = error => error.status === 401
  ? t("The service does not know this token. It may have been revoked or have expired; ask for a new one.") : error.message;

/** Whether there is a token behind the # of the address. */
export const isSignInLink = () => /^#wk-/.test(location.hash);

/** The link carries the token behind the #, which is never sent by itself. */
export async function signInFromLink() {
  const words = location.hash.match(/^#(wk-[0-9A-Za-z]+)\.(ws-[0-9A-Za-z]+)$/);
  if (!words) return;
  window.history.replaceState(null, "", location.pathname);
  await api.signIn(words[1], words[2]).catch(error => toast(refusal(error), { isError: true }));
}

export function setUpSignIn(onSignedIn) {
  const problem = byId("sign-in-problem");
  const tell = text => { problem.textContent = text; problem.hidden = !text; };
  byId("sign-in-cancel").addEventListener("click", () => byId("sign-in").close());
  byId("sign-in").addEventListener("submit", async event => {
    event.preventDefault();
    const { key, secret } = tokenIn(byId("token-lines").value);
    if (!key || !secret) {
      tell(t("This is not a whole token. It has two parts: one begins with wk-, the other with ws-. Paste both."));
      byId("token-lines").focus();
      return;
    }
    try {
      await api.signIn(key, secret);
      byId("token-lines").value = "";
      tell("");
      byId("sign-in").close();
      onSignedIn();
    } catch (error) {
      tell(refusal(error));
    }
  });
}
