/** A link to a video that works without a token until it expires. */

import { byId, day } from "./util.js";
import { t } from "./texts.js";
import { copy, toastError } from "./toast.js";
import * as api from "./api.js";

export async function share(job) {
  const field = byId("share-link");
  const sign = async () => {
    try {
      const link = await api.link(job.id, Number(byId("share-hours").value));
      const signed = new URL(link.url);
      field.value = `${signed.origin}/watch.html#${signed.pathname}${signed.search}`;
      byId("share-until").textContent = t("Whoever has this link can watch and save the video, without a token, until {day}. Deleting the video ends it too.", { day: day(link.expires_at) });
    } catch (error) {
      toastError(error);
    }
  };
  byId("share-hours").onchange = sign;
  byId("share-copy").onclick = () => copy(field.value);
  field.value = "";
  byId("share").showModal();
  await sign();
  field.select();
}
