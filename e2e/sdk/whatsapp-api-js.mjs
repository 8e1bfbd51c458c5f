// Driver of whatsapp-api-js. The host is fixed; the documented `ponyfill.fetch`
// is the place to change it.
import { readFileSync } from "node:fs";
import { WhatsAppAPI } from "whatsapp-api-js";
import {
  ActionButtons, ActionList, Body, BodyComponent, BodyParameter, Button, Image, Interactive, ListSection, Reaction, Row, Template, Text,
} from "whatsapp-api-js/messages";
import { env, graphError, number, run, texts } from "./driver.mjs";

const api = new WhatsAppAPI({
  token: env.token,
  v: env.version,
  secure: false,
  ponyfill: { fetch: (url, init) => fetch(String(url).replace("https://graph.facebook.com", env.baseURL), init) },
});
const send = (message) => (who) => api.sendMessage(number, who.phone, message);

await run(
  {
    text: send(new Text(texts.body, true)),
    template: send(new Template(env.template.name, env.template.language, new BodyComponent(new BodyParameter("DHL")))),
    image_id: send(new Image(env.mediaID, true, texts.caption)),
    image_link: send(new Image(texts.imageLink)),
    buttons: send(new Interactive(new ActionButtons(...texts.buttons.map((b) => new Button(...b))), new Body(texts.body))),
    list: send(new Interactive(new ActionList("Days", new ListSection("This week", ...texts.rows.map((r) => new Row(...r)))), new Body(texts.body))),
    reaction: send(new Reaction(env.messageID, texts.emoji)),
    both_names: (who) => api.sendMessage(number, { phone: who.bothPhone, bsuid: who.userID }, new Text(texts.body)),
    mark_read: (who) => api.markAsRead(who.number, env.messageID),
    typing: (who) => api.markAsRead(who.number, env.messageID, "text"),
    upload: (who, contact) => {
      const form = new FormData();
      if (contact === "refused") form.set("batch", texts.batch);
      form.set("file", new Blob([readFileSync(env.file)], { type: "image/jpeg" }), "parcel.jpg");
      return api.uploadMedia(number, form);
    },
  },
  {
    // Nothing is thrown: an error is what the promise resolves to.
    answer: (answer) => (answer.error ? graphError(answer.error) : { ok: true, id: answer.messages?.[0]?.id ?? answer.id }),
    error: (e) => ({ errorMessage: String(e) }),
  },
);
